"""The composition root of the server: one process, one folder, one service, one application."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import httpx
import uvicorn
from fastapi import FastAPI

from agent.errors import Conflict
from agent.settings import Settings
from api import standard_error
from store import principals
from store.lock import FolderLock

if TYPE_CHECKING:
    from agent.runs import Runs

ADDRESS = "server.json"
#: Seconds that requests under way are given once the server is asked to stop.
_GRACE_S = 3


def build(settings: Settings) -> FastAPI:
    """The application of a deployment. The caller holds the folder's lock."""
    return _assembled(settings)[0]


def with_console(settings: Settings) -> tuple[FastAPI, str]:
    """The application with the console on it, once a process; and a path that logs in once."""
    # The console's library takes a second to load; commands that show no page do without.
    from agent.assembly import ADMIN
    from console.mount import mount

    app, runs = _assembled(settings)
    sessions = mount(app, runs)
    admin = runs.db.read_now(principals.of_name, ADMIN)
    assert admin is not None
    return app, f"/login?link={sessions.link_for(admin.id)}"


def _assembled(settings: Settings) -> tuple[FastAPI, Runs]:
    # The loop takes seconds to load; what only speaks to a running server does without.
    from agent.assembly import ensure_admin, open_runs
    from api.application import create_app

    runs = open_runs(settings)
    ensure_admin(runs)
    return create_app(runs, version=version("usher")), runs


def serve(settings: Settings, *, host: str, port: int) -> None:
    """Serve until SIGTERM or Ctrl-C. `port` 0: any free one; `DIR/server.json` says which.

    Raises `FolderBusy` where another process works on the folder, `Conflict` where the address is
    taken.
    """
    standard_error.only_our_words()
    standard_error.no_tracebacks()
    with _alone(settings.data), _listening(host, port) as listening:
        app, link = with_console(settings)
        url = _url(host, listening)
        print(f"console: {url}{link}  (good for one login, half an hour)", flush=True)
        within = _Server(_config(app))
        with _known_at(settings.data, url):
            within.run([listening])


@contextmanager
def running(
    settings: Settings, *, host: str = "127.0.0.1", port: int = 0
) -> Iterator[tuple[str, str]]:
    """A real server in a thread of this process, while the block lasts; its URL and a login path.

    `port` 0: any free one.
    """
    standard_error.only_our_words()
    with _alone(settings.data), _listening(host, port) as listening:
        app, link = with_console(settings)
        within = _Server(_config(app))
        url = _url(host, listening)
        thread = threading.Thread(target=within.run, args=([listening],), name="usher-server")
        with _known_at(settings.data, url):
            thread.start()
            try:
                while not within.started and thread.is_alive():
                    thread.join(0.05)
                if not within.started:
                    raise RuntimeError("the server did not start; standard error says where")
                yield url, link
            finally:
                within.should_exit = True
                thread.join()


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the folder's running server, or of an application made for the moment.

    Either way what is said is HTTP, with the admin's key, so every command goes through one door.
    No proxy is asked: the key and what people are called stay on the way to the server.
    """
    url = address_of(settings.data)
    if url is not None:
        key = key_header(settings.data)
        async with httpx.AsyncClient(
            base_url=url, headers=key, timeout=120, trust_env=False
        ) as out:
            yield out
        return
    standard_error.only_our_words()
    with _alone(settings.data):
        app = build(settings)
        key = key_header(settings.data)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://usher", headers=key
            ) as inside,
        ):
            yield inside


def key_header(data: Path) -> dict[str, str]:
    """The header that shows the admin's key, from the file that the first start wrote."""
    key = (data / "admin.key").read_text().strip()
    return {"authorization": f"Bearer {key}"}


def address_of(data: Path) -> str | None:
    """Where the server of a folder listens; None where none is running.

    What a killed server left behind is not believed: the address is the lock holder's, or nobody's.
    """
    if not FolderLock.held(data):
        return None
    try:
        said = json.loads((data / ADDRESS).read_text())
        holder = int((data / "usher.lock").read_text())
        return str(said["url"]) if said["pid"] == holder else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


class _Server(uvicorn.Server):
    """A server for which a stop that was asked for is no failure."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; a second Ctrl-C does not wait for what is under way."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def _config(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="on",
        access_log=False,  # it would hold paths and query strings (P5)
        log_config=None,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    lock = FolderLock(data)
    lock.take()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that takes connections; they wait until the application is there."""
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
        )[0]
        listening = socket.socket(found[0], found[1])
    except OSError as error:
        raise Conflict(f"cannot listen on {host}: {error.strerror}; give another --host") from None
    with listening:
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(found[4])
            listening.listen(2048)
        except OSError as error:
            raise Conflict(
                f"cannot listen on {host} port {port}: {error.strerror}; give another --port"
            ) from None
        yield listening


def _url(host: str, listening: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listening.getsockname()[1]}"


@contextmanager
def _known_at(data: Path, url: str) -> Iterator[None]:
    """Other commands on this folder find the server while it lasts."""
    path = data / ADDRESS
    path.write_text(json.dumps({"url": url, "pid": os.getpid()}))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
