"""A real Chroma server for the tests: a process of its own on a free port, its files in a folder.

It listens on the loopback only, reports nothing to anybody, and is ended by its own process id.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from threading import Event

import httpx

_STARTED_WITHIN_S = 60
_RUN = "from chromadb.cli.cli import app; app()"


class ChromaServer:
    """Runs until it is stopped; may be started again over the same folder, at the same port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = _free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and return once it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _RUN, "run", "--path", str(self._folder / "data")]
                + ["--host", "127.0.0.1", "--port", str(self._port)],
                cwd=self._folder,
                env={"ANONYMIZED_TELEMETRY": "False", "HOME": str(self._folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait = Event()
        for _ in range(_STARTED_WITHIN_S * 20):
            if self._process.poll() is not None:
                raise RuntimeError("the Chroma server ended at once; see server.log beside it")
            try:
                httpx.get(f"{self.url}/api/v2/heartbeat", timeout=2).raise_for_status()
                return
            except httpx.HTTPError:
                wait.wait(0.05)
        self.stop()
        raise RuntimeError(f"the Chroma server did not answer within {_STARTED_WITHIN_S} s")

    def stop(self) -> None:
        """End the process, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
