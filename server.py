"""The composition root of the server: one process, one data folder, one service, one application."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from pathlib import Path

import httpx
import structlog
import uvicorn
from fastapi import FastAPI

from agent.assembly import ensure_admin, open_runs
from agent.settings import Settings
from api.application import create_app
from store.lock import FolderLock

ADDRESS = "server.json"


def build(settings: Settings) -> FastAPI:
    """The application of a deployment. The caller holds the folder's lock."""
    runs = open_runs(settings)
    ensure_admin(runs)
    return create_app(runs, version=version("usher"))


def serve(settings: Settings, *, host: str, port: int) -> None:
    """Serve until stopped. Raises `FolderBusy` where another process works on the folder."""
    quiet_logs()
    lock = FolderLock(settings.data)
    lock.take()
    try:
        app = build(settings)
        _write_address(settings.data, host, port)
        uvicorn.run(app, host=host, port=port, access_log=False, log_level="warning")
    finally:
        lock.release()


@contextmanager
def running(settings: Settings, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """A real server in a thread of this process, while the block lasts; gives its URL.

    `port` 0: any free one.
    """
    quiet_logs()
    lock = FolderLock(settings.data)
    lock.take()
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        port = listening.getsockname()[1]
        config = uvicorn.Config(build(settings), access_log=False, log_level="warning")
        within = uvicorn.Server(config)
        _write_address(settings.data, host, port)
        thread = threading.Thread(target=within.run, args=([listening],), name="usher-server")
        thread.start()
        try:
            while not within.started and thread.is_alive():
                thread.join(0.05)
            yield f"http://{host}:{port}"
        finally:
            within.should_exit = True
            thread.join()
    finally:
        listening.close()
        lock.release()


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the folder's running server, or of an application made for the moment.

    Either way what is said is HTTP, with the admin's key, so every command goes through one door.
    """
    url = address_of(settings.data)
    if url is not None:
        async with httpx.AsyncClient(
            base_url=url, headers=key_header(settings.data), timeout=120
        ) as out:
            yield out
        return
    lock = FolderLock(settings.data)
    lock.take()
    try:
        app = build(settings)
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=transport, base_url="http://usher", headers=key_header(settings.data)
            ) as inside,
        ):
            yield inside
    finally:
        lock.release()


def key_header(data: Path) -> dict[str, str]:
    key = (data / "admin.key").read_text().strip()
    return {"authorization": f"Bearer {key}"}


def address_of(data: Path) -> str | None:
    """Where the server of a folder listens; None where none is running."""
    if not FolderLock.held(data):
        return None
    try:
        said: str = json.loads((data / ADDRESS).read_text())["url"]
    except (OSError, ValueError, KeyError):
        return None
    return said


def quiet_logs() -> None:
    """Events of ours as JSON lines on standard error: our ids and words, nothing personal."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _write_address(data: Path, host: str, port: int) -> None:
    text = json.dumps({"url": f"http://{host}:{port}", "pid": os.getpid()})
    (data / ADDRESS).write_text(text)
