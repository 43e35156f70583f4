"""An OpenAI-compatible server that answers by a script, in a process of its own.

    python -m evals.scripted_model [--port N] [--script FILE]

It prints its URL, then answers `POST /v1/chat/completions` with the replies of the script, one
after the other, with everything that models and endpoints do wrong where the script says so. After
its end, and without one, it plans cart recovery sensibly (`evals.sensible_model`), so the whole
product runs against it. `POST /script` gives it another script; `GET /requests` tells what it was
asked.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, get_args

from evals.sensible_model import Said, think

Kind = Literal[
    "sensible",
    "calls",
    "fenced",
    "no_call",
    "unknown_tool",
    "invalid_args",
    "cut_off",
    "refusal",
    "empty",
    "bad_json",
    "status",
    "hang",
    "slow",
    "hang_up",
    "garbage",
]
KINDS: tuple[str, ...] = get_args(Kind)
MODEL = "scripted-1"
_DRIBBLE_S = 0.02


class BadScript(ValueError):
    """A script that cannot be followed; the message says which of its replies, and why."""


def checked(script: Any) -> list[dict[str, Any]]:
    """A script's replies. Raises `BadScript`."""
    if not isinstance(script, list):
        raise BadScript("a script is a list of replies")
    for n, reply in enumerate(script):
        if not isinstance(reply, dict) or reply.get("kind") not in KINDS:
            raise BadScript(f"reply {n}: `kind` is one of {', '.join(KINDS)}")
        if reply["kind"] in ("calls", "fenced") and not isinstance(reply.get("calls"), list):
            raise BadScript(f"reply {n}: `calls` is a list of {{tool, args}}")
        if reply["kind"] == "status" and not 100 <= int(reply.get("status", 0)) <= 599:
            raise BadScript(f"reply {n}: `status` is an HTTP status")
    return script


class ScriptedModel(ThreadingHTTPServer):
    """The server. `requests` holds the bodies it was asked with, oldest first."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int = 0, script: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.requests: list[dict[str, Any]] = []
        self.headers_seen: list[dict[str, str]] = []
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._script = deque(script)

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def follow(self, script: Sequence[Mapping[str, Any]]) -> None:
        """Another script, from its beginning; what was asked before is forgotten."""
        with self._lock:
            self._script = deque(script)
            self.requests.clear()
            self.headers_seen.clear()

    def next_reply(self, body: dict[str, Any], headers: Mapping[str, str]) -> Mapping[str, Any]:
        """Note a request, and take the next reply."""
        with self._lock:
            self.requests.append(body)
            self.headers_seen.append({k.lower(): v for k, v in headers.items()})
            return self._script.popleft() if self._script else {"kind": "sensible"}

    def asked(self) -> dict[str, Any]:
        """What it was asked since the script began."""
        with self._lock:
            return {"requests": list(self.requests), "headers": list(self.headers_seen)}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedModel

    def do_GET(self) -> None:
        if self.path == "/requests":
            self._json(200, self.server.asked())
        elif self.path == "/v1/models":
            self._json(200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        else:
            self._problem(404, "not_found")

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            body = json.loads(raw)
        except ValueError:
            return self._problem(400, "invalid_json")
        if self.path == "/script":
            try:
                self.server.follow(checked(body))
            except BadScript as error:
                return self._json(400, {"error": {"message": str(error), "code": "bad_script"}})
            return self._json(200, {"replies": len(body)})
        if self.path != "/v1/chat/completions" or not isinstance(body, dict):
            return self._problem(404, "not_found")
        return self._answer(body, self.server.next_reply(body, dict(self.headers)))

    def log_message(self, format: str, *args: Any) -> None:
        """No log: what it is asked may be about people."""

    # -- replies ----------------------------------------------------------------------------------

    def _answer(self, request: dict[str, Any], reply: Mapping[str, Any]) -> None:
        kind = reply["kind"]
        if kind == "hang":
            self.server.closing.wait()
            self.close_connection = True
        elif kind == "status":
            self._status(reply)
        elif kind == "garbage":
            self.close_connection = True
            self.wfile.write(b"\x00\xff no HTTP at all\r\n\r\n")
        elif kind == "bad_json":
            self._raw(200, b'{"choices": [{"message": {"content": "cut')
        else:
            try:
                answer = _completion(request, reply)
            except (ValueError, KeyError) as error:
                return self._json(
                    400, {"error": {"message": str(error), "code": "prompt_not_understood"}}
                )
            whole = json.dumps(answer, ensure_ascii=False).encode()
            if kind == "hang_up":
                self._head(200, len(whole))
                self.wfile.write(whole[: len(whole) // 2])
                self.close_connection = True
            elif kind == "slow":
                self._dribble(whole, float(reply.get("seconds", 60)))
            else:
                self._raw(200, whole)

    def _status(self, reply: Mapping[str, Any]) -> None:
        extra = {"retry-after": str(reply["retry_after"])} if "retry_after" in reply else {}
        error = {"message": "as the script says", "code": reply.get("code", "scripted")}
        self._raw(int(reply["status"]), json.dumps({"error": error}).encode(), **extra)

    def _dribble(self, whole: bytes, seconds: float) -> None:
        """A byte at a time, so slowly that it is there after so many seconds."""
        self._head(200, len(whole))
        for k in range(len(whole)):
            self.wfile.write(whole[k : k + 1])
            self.wfile.flush()
            if self.server.closing.wait(max(_DRIBBLE_S, seconds / len(whole))):
                self.close_connection = True
                return

    def _problem(self, status: int, code: str) -> None:
        self._json(status, {"error": {"message": code, "code": code}})

    def _json(self, status: int, body: Any) -> None:
        self._raw(status, json.dumps(body, ensure_ascii=False).encode())

    def _raw(self, status: int, body: bytes, **headers: str) -> None:
        self._head(status, len(body), **headers)
        self.wfile.write(body)

    def _head(self, status: int, length: int, **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def _completion(request: Mapping[str, Any], reply: Mapping[str, Any]) -> dict[str, Any]:
    """The body of one answer of the chat completions API."""
    message, ended = _message(request, reply)
    choices = [{"index": 0, "message": message, "finish_reason": ended}]
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 0,
        "model": MODEL,
        "choices": [] if reply["kind"] == "empty" else choices,
        "usage": {
            "prompt_tokens": len(json.dumps(request["messages"])) // 4,
            "completion_tokens": len(json.dumps(message)) // 4,
        },
    }


def _message(request: Mapping[str, Any], reply: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    kind = reply["kind"]
    if kind == "no_call":
        return {"role": "assistant", "content": reply.get("text", "I would wait a little.")}, "stop"
    if kind == "refusal":
        return {"role": "assistant", "content": None, "refusal": "I cannot help."}, "stop"
    if kind == "unknown_tool":
        plan, calls = "Do it", [Said("send_pigeon", {"to": "somebody"}, "it is faster")]
    elif kind == "invalid_args":
        plan, calls = "Do it", [Said("create_offer", {"discount_bp": "a lot"}, "generous")]
    elif kind in ("calls", "fenced"):
        plan, calls = str(reply.get("plan", "By the script")), [_said(c) for c in reply["calls"]]
    else:
        plan, calls = think(request)
    if kind == "fenced":
        text = json.dumps({"plan": plan, "calls": [_as_json(call) for call in calls]})
        return {"role": "assistant", "content": f"Here it is:\n```json\n{text}\n```"}, "stop"
    message = _spoken(request, plan, calls)
    if kind == "cut_off":
        text = message.get("content") or message["tool_calls"][0]["function"]["arguments"]
        return {"role": "assistant", "content": text[: len(text) // 2]}, "length"
    return message, "tool_calls" if "tool_calls" in message else "stop"


def _spoken(request: Mapping[str, Any], plan: str, calls: Sequence[Said]) -> dict[str, Any]:
    """In the mode that the request asks for: functions called, or JSON by the schema."""
    if "response_format" in request:
        body = {"plan": plan, "calls": [_as_json(call) for call in calls]}
        return {"role": "assistant", "content": json.dumps(body, ensure_ascii=False)}
    return {
        "role": "assistant",
        "content": plan,
        "tool_calls": [
            {
                "id": f"call_{n}",
                "type": "function",
                "function": {
                    "name": call.tool,
                    "arguments": json.dumps({**call.args, **_about(call)}, ensure_ascii=False),
                },
            }
            for n, call in enumerate(calls, 1)
        ],
    }


def _said(call: Mapping[str, Any]) -> Said:
    return Said(
        str(call["tool"]),
        dict(call.get("args", {})),
        str(call.get("reasoning", "the script says so")),
        int(call.get("confidence", 90)),
        call.get("overrides"),
    )


def _as_json(call: Said) -> dict[str, Any]:
    return {"tool": call.tool, **_about(call), "arguments": call.args}


def _about(call: Said) -> dict[str, Any]:
    about: dict[str, Any] = {"reasoning": call.reasoning, "confidence": call.confidence}
    return about | ({"overrides": dict(call.overrides)} if call.overrides else {})


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="scripted_model", description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--script", type=Path, help="a JSON list of replies")
    asked = parser.parse_args(argv)
    try:
        script = checked(json.loads(asked.script.read_text("utf-8"))) if asked.script else []
    except (OSError, ValueError) as error:
        print(f"scripted_model: {asked.script}: {error}", file=sys.stderr)
        return 2
    with ScriptedModel(asked.port, script) as server:
        print(f"model: {server.url}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            server.closing.set()
    return 0


if __name__ == "__main__":
    sys.exit(main())
