"""What a soak runs: `usher serve` on a folder, and the mail server beside it, as real processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from tests.source import ROOT

OPENS = "2026-03-03T12:00:00Z"
_READY_WITHIN_S = 90.0


class Plant:
    """One server that can be killed, stopped and gone on with; one mail server that stays."""

    def __init__(self, folder: Path, seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.data = folder / "data"
        self.log = folder / "mail.jsonl"
        self._told = (folder / "stderr.log").open("ab")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.log.touch()
        self._mail = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.mail", str(self.log), str(seed)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=self._told,
            text=True,
        )
        assert self._mail.stdout is not None
        self._mail_port = int(self._mail.stdout.readline())
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def down(self) -> bool:
        """Whether the server has been ended."""
        return self._server is None

    @property
    def runs(self) -> bool:
        """Whether the server is there."""
        return self._server is not None and self._server.poll() is None

    def start(self) -> httpx.Client:
        """Start the server; a client of it once it is ready. Raises `RuntimeError`."""
        self._server = subprocess.Popen(
            [sys.executable, "-m", "cli", "serve", "--port", str(self.port)]
            + ["--data", str(self.data)],
            cwd=ROOT,
            env=self._environment(),
            stdout=subprocess.DEVNULL,
            stderr=self._told,
        )
        last = time.monotonic() + _READY_WITHIN_S
        while not self._ready():
            if self._server.poll() is not None or time.monotonic() > last:
                raise RuntimeError(f"the server did not start; see {self._told.name}")
            time.sleep(0.05)
        key = (self.data / "admin.key").read_text().strip()
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"authorization": f"Bearer {key}"},
            timeout=300,
            trust_env=False,
        )

    def kill(self) -> None:
        """End the server as a power cut would."""
        self.end(signal.SIGKILL)

    def pause(self, seconds: float) -> None:
        """Stop the server where it stands, and let it go on."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._server.send_signal(signal.SIGCONT)

    def end(self, by: signal.Signals = signal.SIGTERM) -> None:
        """End the server, if it runs."""
        if self._server is not None:
            self._server.send_signal(by)
            self._server.wait(60)
            self._server = None

    def verified(self) -> bool:
        """What `usher audit verify` says of the journal's chain."""
        said = subprocess.run(
            [sys.executable, "-m", "cli", "audit", "verify", "--data", str(self.data)],
            cwd=ROOT,
            env=self._environment(),
            stdout=subprocess.DEVNULL,
            stderr=self._told,
            check=False,
        )
        return said.returncode == 0

    def close(self) -> None:
        """End both processes."""
        self.end(signal.SIGKILL)
        self._mail.kill()
        self._mail.wait(60)
        assert self._mail.stdout is not None
        self._mail.stdout.close()
        self._told.close()

    def _environment(self) -> dict[str, str]:
        channels: dict[str, Any] = {
            "mail": {
                "kind": "email",
                "provider": "smtp",
                "host": "127.0.0.1",
                "port": self._mail_port,
                "tls": "none",
                "answer_timeout": 1,
            },
            "text": {"kind": "sms", "provider": "outbox"},
        }
        outside = {k: v for k, v in os.environ.items() if not k.startswith(("USHER_", "OPENAI_"))}
        return {
            **outside,
            "USHER_CLOCK": OPENS,
            "USHER_SETTLE": "0",
            "USHER_PLANNER": "offline",
            "USHER_EMBEDDER": "hashing",
            "USHER_PUBLIC_URL": "https://shop.example",
            "USHER_CHANNELS": json.dumps(channels),
        }

    def _ready(self) -> bool:
        try:
            return httpx.get(
                f"http://127.0.0.1:{self.port}/readyz", timeout=5, trust_env=False
            ).is_success
        except httpx.TransportError:
            return False
