"""A receiver of webhooks as a process of its own, with the faults that real ones have.

By its path: `/ok` takes at once; `/late` takes, and answers the first time when everybody has given
up; `/twice` answers 500 twice a message and takes it then; `/hangup` reads the first and answers
nothing; `/gone` is 410; `/moved` redirects to `/ok`; `/slow` answers after a while; `/never` and
`/forbidden` refuse, `/once401` the first of all. What it got is read at `/taken`.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests import processes

PROGRAM = r"""
import json, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

seen, lock = [], threading.Lock()

class Peer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        with lock:
            self.answer(200, json.dumps(seen).encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        said = {"path": self.path, "headers": headers, "body": body.decode()}
        name = headers.get("webhook-id", "")
        with lock:
            seen.append(said)
            times = sum(s["path"] == self.path and s["headers"].get("webhook-id", "") == name
                        for s in seen)
        kind = self.path.strip("/").split("/")[0]
        if kind == "late" and times == 1:
            time.sleep(30)
        if kind == "slow":
            time.sleep(0.5)
        if kind == "hangup" and times == 1:
            self.close_connection = True
            self.connection.close()
            return
        status = {"gone": 410, "moved": 302, "never": 503, "forbidden": 401}.get(kind, 200)
        if kind == "twice" and times <= 2:
            status = 500
        if kind == "once401" and sum(s["path"] == self.path for s in seen) == 1:
            status = 401
        self.answer(status, b"whatever")

    def answer(self, status, data):
        self.send_response(status)
        if status == 302:
            self.send_header("location", "/ok")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *said):
        pass

server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Peer)
server.daemon_threads = True
print(server.server_port)
server.serve_forever()
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A running receiver."""

    url: str
    process: subprocess.Popen[str]

    def taken(self, path: str = "/") -> list[dict[str, Any]]:
        """Every request it got under a path, in order, with a body that was JSON."""
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/taken", trust_env=False).json()
        return [
            {**one, "json": json.loads(one["body"])}
            for one in found
            if one["path"].startswith(path)
        ]

    def wait_for(self, path: str, n: int, *, within_s: float = 60) -> list[dict[str, Any]]:
        """Return once it got so many requests under a path."""
        last = time.monotonic() + within_s
        while time.monotonic() < last:
            found = self.taken(path)
            if len(found) >= n:
                return found
            time.sleep(0.02)
        raise AssertionError(f"{path}: {len(self.taken(path))} of {n} requests came")


@contextmanager
def peer(port: int = 0) -> Iterator[Peer]:
    """A receiver that listens on this machine, ended with the block."""
    process = processes.start(PROGRAM, port)
    try:
        assert process.stdout is not None
        yield Peer(f"http://127.0.0.1:{int(process.stdout.readline())}", process)
    finally:
        process.kill()
        process.communicate()
