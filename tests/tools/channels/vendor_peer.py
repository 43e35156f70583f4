"""Meta, Google and Zendesk as far as our adapters go, in a process of its own.

Each route answers as the vendor's reference says: WhatsApp names each message anew, audiences count
what they could read, Google's tokens are the ones that were given out, Zendesk keeps idempotency
keys and finds tickets by `external_id`. What a test puts into the script comes first.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests import processes
from tests.tools.channels import http_peer
from tests.tools.channels.http_peer import HttpPeer, Seen
from tools.channels.http_call import HttpCall, Waits
from tools.channels.pace import Pace

#: The peer speaks plain HTTP: reading the certificates of the world for each test takes long.
_NO_TRUST = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def way(url: str, *, pace: Pace | None = None, waits: Waits | None = None) -> HttpCall:
    """The way to the peer."""
    return HttpCall(url, pace=pace, waits=waits or Waits(), trust=_NO_TRUST)


class Vendors:
    """A peer that is there again after it was stopped."""

    def __init__(self, open_until: ExitStack) -> None:
        self._open_until = open_until
        self._peer: HttpPeer | None = None

    def fresh(self) -> HttpPeer:
        """A running peer that remembers nothing."""
        if self._peer is None:
            self._peer = self._open_until.enter_context(_running())
        self._peer.answers()
        return self._peer

    def seen(self) -> list[Seen]:
        """The requests since then."""
        return [] if self._peer is None else self._peer.seen()

    def stop(self) -> None:
        """End it at once."""
        assert self._peer is not None
        self._peer.stop()
        self._peer = None


@contextmanager
def vendors() -> Iterator[Vendors]:
    """The vendors; all that was started ends with it."""
    with ExitStack() as open_until:
        yield Vendors(open_until)


@contextmanager
def _running() -> Iterator[HttpPeer]:
    process = processes.start("from tests.tools.channels.vendor_peer import serve; serve()")
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

_lock = threading.Lock()
_counted = itertools.count(1)
_tickets: list[dict[str, Any]] = []
_keys: dict[str, tuple[bytes, dict[str, Any]]] = {}
_tokens: set[str] = set()


class _Vendor(http_peer._Answering):
    def do_GET(self) -> None:
        if self.path.startswith("/-/"):
            super().do_GET()
        else:
            self.do_POST()

    def do_POST(self) -> None:
        if self.path.startswith("/-/"):
            with _lock:
                _tickets.clear()
                _keys.clear()
            super().do_POST()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        noted = {"method": self.command, "path": self.path, "headers": headers, "body": body.hex()}
        with _lock:
            http_peer._seen.append(noted)
            scripted = http_peer._script.pop(0) if http_peer._script else None
            # What hangs up after it has taken the request has taken it.
            taken = scripted is None or not isinstance(scripted, dict)
            own = self._own(urlsplit(self.path), headers, body) if taken else {}
        self._answer(own if scripted is None else scripted)

    do_DELETE = do_POST

    def _own(self, at: Any, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        if at.path == "/token":
            token = f"ya29.{next(_counted)}"
            _tokens.add(token)
            return _said(200, {"access_token": token, "expires_in": 3599})
        if at.path.startswith("/v1/audienceMembers:"):
            if headers.get("authorization", "").removeprefix("Bearer ") not in _tokens:
                return _said(401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}})
            return _said(200, {"requestId": f"r{next(_counted)}"})
        if at.path.endswith("/messages"):
            message = {"id": f"wamid.HBg{next(_counted)}", "message_status": "accepted"}
            return _said(200, {"messaging_product": "whatsapp", "messages": [message]})
        if at.path.endswith("/users"):
            return _said(200, _counts(json.loads(body)["payload"]["data"]))
        return self._zendesk(at, headers, body)

    def _zendesk(self, at: Any, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        if self.command == "GET":
            wanted = parse_qs(at.query).get("external_id", [""])[0]
            found = [one for one in _tickets if one["external_id"] == wanted]
            return _said(200, {"tickets": found, "count": len(found)})
        key = headers["idempotency-key"]
        if key not in _keys:
            ticket = {**json.loads(body)["ticket"], "id": next(_counted)}
            _tickets.append(ticket)
            _keys[key] = (body, ticket)
        before, ticket = _keys[key]
        if before != body:
            return _said(400, {"error": "IdempotentRequestError"})
        return _said(201, {"ticket": ticket})


class _Server(http_peer._Server):
    request_queue_size = 64  # many come at once, and whoever finds the queue full waits a second


def _counts(data: list[list[str]]) -> dict[str, Any]:
    bad = sum(1 for [one] in data if not re.fullmatch(r"[0-9a-f]{64}", one))
    return {"session_id": next(_counted), "num_received": len(data), "num_invalid_entries": bad}


def _said(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {"status": status, "body": json.dumps(body)}


def serve() -> None:
    """Serve until the process is ended, or whoever started it has gone."""
    parent = os.getppid()
    server = _Server(("127.0.0.1", 0), _Vendor)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    while os.getppid() == parent:
        time.sleep(1)
