"""A server as it is run: a process of its own, on a free port, with all that it writes kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.source import ROOT

_STARTS_WITHIN_S = 90


class Served:
    """One server process. `said` is what it has written so far, on both of its outputs.

    `program` is what Python runs: the command, or a test's own that takes the same options.
    """

    program: tuple[str, ...] = ("-m", "cli", "serve")

    def __init__(self, folder: Path, *options: str, **env: str) -> None:
        self.folder = folder
        self._out, self._err = folder.with_suffix(".out"), folder.with_suffix(".err")
        with self._out.open("ab") as out, self._err.open("ab") as err:
            self.process = subprocess.Popen(
                [sys.executable, *self.program, "--port", "0", "--data", str(folder), *options],
                cwd=ROOT,
                env=environment(**env),
                stdout=out,
                stderr=err,
            )

    def wait_until_ready(self) -> None:
        """Return once it answers; fails with what it said where it ends instead."""
        last = time.monotonic() + _STARTS_WITHIN_S
        while time.monotonic() < last:
            assert self.process.poll() is None, self.said
            try:
                if httpx.get(f"{self.url}/readyz", trust_env=False).status_code == 200:
                    return
            except (OSError, ValueError, httpx.HTTPError):
                pass
            time.sleep(0.05)
        raise AssertionError(f"not ready in time: {self.said}")

    @property
    def said(self) -> str:
        return self._out.read_text(encoding="utf-8", errors="replace") + self.errors

    @property
    def errors(self) -> str:
        """What it has written on standard error."""
        return self._err.read_text(encoding="utf-8", errors="replace")

    @property
    def url(self) -> str:
        """Where it listens. Raises where it has not said so yet."""
        address: dict[str, Any] = json.loads((self.folder / "server.json").read_text())
        if address["pid"] != self.process.pid:
            raise ValueError("this is an earlier server's address")
        return str(address["url"])

    @property
    def key(self) -> str:
        return (self.folder / "admin.key").read_text().strip()

    def client(self) -> httpx.Client:
        """A client with the admin's key, on connections of its own."""
        headers = {"authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    def terminate(self) -> int:
        """Ask it to end, and its exit code; it is given no more than 20 seconds."""
        self.process.terminate()
        return self.process.wait(20)


@contextmanager
def serving(folder: Path, *options: str, **env: str) -> Iterator[Served]:
    """A server that is ready, and ended with the block."""
    served = Served(folder, *options, **env)
    try:
        served.wait_until_ready()
        yield served
    finally:
        if served.process.poll() is None:
            served.process.kill()
            served.process.wait()


def refused(folder: Path, *options: str, **env: str) -> str:
    """What a server that must not start says, on one line each; its exit code is 2."""
    done = subprocess.run(
        [sys.executable, "-m", "cli", "serve", "--port", "0", "--data", str(folder), *options],
        cwd=ROOT,
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=_STARTS_WITHIN_S,
    )
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stderr


def environment(**more: str) -> dict[str, str]:
    """Ours without what the machine has set for Usher; a clock at noon, no wait, no model."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("USHER_", "OPENAI_"))}
    ours = {
        "USHER_CLOCK": "2026-03-03T12:00:00Z",
        "USHER_SETTLE": "0",
        "USHER_EMBEDDER": "hashing",
        "PYTHONWARNINGS": "default",
    }
    return kept | ours | more
