"""A server of a crash test: a real process on a folder, killed without a word and started again."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx

from tests.source import ROOT

START = "2026-03-03T12:00:00Z"
_PATIENCE_S = 90.0


class Server:
    """`usher serve` on one folder. `kill` is SIGKILL."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> httpx.Client:
        """Start it; a client of it once it is ready."""
        settings = {"USHER_CLOCK": START, "USHER_SETTLE": "0.02", "USHER_EMBEDDER": "hashing"}
        command = [sys.executable, "-m", "cli", "serve"]
        command += ["--port", str(self.port), "--data", str(self.folder)]
        with (self.folder.parent / "stderr.log").open("ab") as told:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **settings},
                stdout=subprocess.DEVNULL,
                stderr=told,
            )
        self._until_ready()
        key = (self.folder / "admin.key").read_text().strip()
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"authorization": f"Bearer {key}"},
            timeout=_PATIENCE_S,
        )

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as an operator would."""
        self._end(signal.SIGTERM)

    def logged(self) -> str:
        """Everything it has written to standard error, over all its lives."""
        return (self.folder.parent / "stderr.log").read_text(encoding="utf-8")

    def _end(self, by: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(by)
            self._process.wait(_PATIENCE_S)
            self._process = None

    def _until_ready(self) -> None:
        assert self._process is not None
        pause = threading.Event()
        for _ in range(int(_PATIENCE_S / 0.05)):
            assert self._process.poll() is None, self.logged()
            try:
                url = f"http://127.0.0.1:{self.port}/readyz"
                if httpx.get(url, timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            pause.wait(0.05)
        raise AssertionError("the server did not become ready")


class Watch:
    """Looks into a server's database from outside, read only, to find a moment to kill it at."""

    def __init__(self, folder: Path) -> None:
        self._conn = sqlite3.connect(f"file:{folder / 'usher.db'}?mode=ro", uri=True, timeout=30)

    def count(self, table: str, where: str) -> int:
        """How many rows there are now."""
        [(n,)] = self._conn.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchall()
        return int(n)

    def until_more(self, table: str, where: str, *, looks: int = 2_000) -> bool:
        """Until a row more is seen, or so many looks were in vain."""
        before = self.count(table, where)
        pause = threading.Event()
        for _ in range(looks):
            if self.count(table, where) > before:
                return True
            pause.wait(0.001)
        return False

    def close(self) -> None:
        """Let go of the file."""
        self._conn.close()


def message(kind: str, user: str, message_id: str, **over: Any) -> dict[str, Any]:
    """One message as Segment would send it."""
    return {"type": kind, "userId": user, "messageId": message_id, **over}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
