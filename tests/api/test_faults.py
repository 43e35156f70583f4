"""A fault of ours: the caller gets a problem without a word of it, the log its class and place."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from api.faults import Faults
from api.standard_error import only_our_words

SECRET = "ada@example.com"


async def ask(app: Any) -> tuple[list[Message], BaseException | None]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "GET", "path": f"/v1/customers/{SECRET}",
                    "headers": [], "query_string": b""}  # fmt: skip
    try:
        await Faults(app)(scope, receive, send)
    except BaseException as raised:
        return sent, raised
    return sent, None


async def broken(scope: Scope, receive: Receive, send: Send) -> None:
    scope["route"] = type("Route", (), {"path": "/v1/customers/{ref}"})()
    raise ValueError(f"no such thing as {SECRET}")


async def broken_half_way(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ValueError(SECRET)


async def test_p5_a_fault_is_told_by_class_and_route_and_ends_here(
    capsys: pytest.CaptureFixture[str],
) -> None:
    only_our_words()
    sent, raised = await ask(broken)
    assert raised is None
    assert sent[0]["status"] == 500
    assert dict(sent[0]["headers"])[b"content-type"] == b"application/problem+json"
    assert SECRET.encode() not in sent[1]["body"]
    told = capsys.readouterr().err
    assert SECRET not in told
    line = json.loads(told)
    assert (line["error"], line["route"]) == ("ValueError", "/v1/customers/{ref}")
    assert re.fullmatch(r"api\.faults:\d+", line["at"])


async def test_p5_a_fault_in_the_middle_of_an_answer_ends_here_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    only_our_words()
    sent, raised = await ask(broken_half_way)
    assert raised is None
    assert [message["type"] for message in sent] == ["http.response.start"]
    assert SECRET not in capsys.readouterr().err
