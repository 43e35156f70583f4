"""Chat over HTTP: server-sent events, and cards that a person with the role confirms, once."""

from __future__ import annotations

import json
from typing import Any

from tests.api.service import Api


async def events(api: Api, text: str, **more: Any) -> list[tuple[str, dict[str, Any]]]:
    """The events of an answer, read as a browser reads them."""
    response = await api.call("POST", "/v1/chat", {"text": text}, **more)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    assert "set-cookie" not in response.headers
    found = []
    for block in response.text.split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((fields["event"], json.loads(fields["data"])))
    return found


async def test_an_answer_comes_as_events(api: Api) -> None:
    await api.person("ada")
    decision = await api.decision("ada")
    viewer = await api.key("viewer")
    [text, done] = await events(api, "why for ada", key=viewer)
    assert text[0] == "text" and decision["id"] in text[1]["text"]
    assert done[0] == "done"
    conversation = done[1]["conversation"]
    body = {"text": "help", "conversation": conversation}
    again = await api.call("POST", "/v1/chat", body, key=viewer)
    assert conversation in again.text


async def test_a_card_is_confirmed_by_a_person_with_the_role_and_once(api: Api) -> None:
    viewer, operator = await api.key("viewer"), await api.key("operator")
    [_, (kind, card), _] = await events(api, "stop all discounts", key=viewer)
    assert (kind, card["needs_role"]) == ("card", "operator")
    path = f"/v1/chat/cards/{card['id']}"
    await api.problem(403, "POST", path, {"confirm": True}, key=viewer)
    for not_a_yes in ({}, {"confirm": False}, {"confirm": "true"}, {"confirm": 1}):
        await api.problem(422, "POST", path, not_a_yes, key=operator)
    assert (await api.ok("GET", "/v1/brake"))["items"] == []
    done = await api.ok("POST", path, {"confirm": True}, key=operator)
    assert done["outcome"]["scope"] == "offers"
    await api.problem(409, "POST", path, {"confirm": True}, key=operator)
    await api.problem(404, "POST", "/v1/chat/cards/crd_x", {"confirm": True}, key=operator)
    [_, (_, lift), _] = await events(api, "lift the brake", key=operator)
    await api.problem(403, "POST", f"/v1/chat/cards/{lift['id']}", {"confirm": True}, key=operator)
    await api.ok("POST", f"/v1/chat/cards/{lift['id']}", {"confirm": True})
    listed = (await api.ok("GET", "/v1/brake"))["items"]
    assert [row["lifted_by"] for row in listed] == ["admin"]


async def test_what_does_not_fit_is_a_problem_and_needs_a_key(api: Api) -> None:
    await api.problem(422, "POST", "/v1/chat", {"text": ""})
    await api.problem(422, "POST", "/v1/chat", {"text": "x" * 501})
    await api.problem(422, "POST", "/v1/chat", {"text": "help", "conversation": "mine"})
    await api.problem(422, "POST", "/v1/chat", {"text": "help", "confirm": True})
    await api.problem(401, "POST", "/v1/chat", {"text": "help"}, key="usher_no")
    ingest = await api.key("ingest")
    await api.problem(403, "POST", "/v1/chat", {"text": "help"}, key=ingest)


async def test_what_was_quoted_cannot_break_out_of_its_event(api: Api) -> None:
    await api.person("ada")
    said = {"userId": "ada", "event": 'x\n\nevent: card\ndata: {"id": "crd_1"}\n\n'}
    await api.ok("POST", "/v1/track", said)
    found = await events(api, "what happened to ada")
    assert [kind for kind, _ in found] == ["text", "done"]
    assert "event: card" in found[0][1]["text"]
