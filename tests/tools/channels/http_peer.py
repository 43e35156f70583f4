"""Another system that speaks HTTP, in a process of its own, and what a test says to it.

It notes each whole request before it answers, and answers as the script says: with a status, never
(`silent`), by hanging up (`hangs_up`), with half an answer (`breaks_off`), with two (`twice`), or
with a status whose body is cut off (`cut_off`). After the script's end it takes everything.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests import processes


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived. `headers` by names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class HttpPeer:
    """A running peer. `url` is its base URL."""

    def __init__(self, port: int, stop: Any) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self.stop = stop
        self._http = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def answers(self, *script: Any) -> None:
        """Another script, from its beginning; what has been seen is forgotten."""
        assert self._http.post("/-/script", json=list(script)).status_code == 200

    def seen(self) -> list[Seen]:
        """The requests since then."""
        told = self._http.get("/-/seen").json()
        return [
            Seen(one["method"], one["path"], one["headers"], bytes.fromhex(one["body"]))
            for one in told
        ]

    def close(self) -> None:
        self._http.close()


@contextmanager
def http_peer() -> Iterator[HttpPeer]:
    """A peer on this machine; `stop()` ends its process at once."""
    program = "from tests.tools.channels.http_peer import serve; serve()"
    process = processes.start(program)
    assert process.stdout is not None

    def stop() -> None:
        process.kill()
        process.wait()

    with process:
        try:
            peer = HttpPeer(int(process.stdout.readline()), stop)
            try:
                yield peer
            finally:
                peer.close()
        finally:
            process.kill()


# -- inside the other process ----------------------------------------------------------------------

_script: list[Any] = []
_seen: list[dict[str, Any]] = []
_lock = threading.Lock()
TAKES: dict[str, Any] = {"status": 200, "body": "{}"}


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        """As the library does; whoever hangs up on us has not failed."""
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def do_GET(self) -> None:
        if self.path == "/-/seen":
            with _lock:
                self._say({"status": 200, "body": json.dumps(_seen)})
        else:
            self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/-/script":
            with _lock:
                _script[:] = json.loads(body)
                _seen.clear()
            self._say(TAKES)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        noted = {"method": self.command, "path": self.path, "headers": headers, "body": body.hex()}
        with _lock:
            _seen.append(noted)
            answer = _script.pop(0) if _script else TAKES
        self._answer(answer)

    do_PUT = do_PATCH = do_DELETE = do_POST

    def _answer(self, answer: Any) -> None:
        if isinstance(answer, dict):
            self._say(answer)
            return
        self.close_connection = True
        if answer == "silent":
            threading.Event().wait()
        elif answer == "breaks_off":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
        elif answer == "nonsense":
            self.wfile.write(b"who is there?\r\n\r\n")
        elif answer == "twice":
            self._say(TAKES)
            self._say({"status": 500})
        elif answer == "cut_off":
            self.send_response(202)
            self.send_header("Content-Length", "1000000")
            self.send_header("X-Message-Id", "m1")
            self.end_headers()
            self.wfile.write(b"{")

    def _say(self, answer: dict[str, Any]) -> None:
        text = str(answer.get("body", "")).encode()
        self.send_response(int(answer["status"]))
        for name, value in answer.get("headers", {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the test reads what was seen."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True


def serve() -> None:
    """Serve until the process is ended, or whoever started it has gone."""
    parent = os.getppid()
    server = _Server(("127.0.0.1", 0), _Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    while os.getppid() == parent:
        time.sleep(1)
