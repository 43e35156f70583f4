"""Dead letters over HTTP: listed in pages, replayed and discarded by operators, told by metrics."""

from __future__ import annotations

from tests.agent.test_dead_letters import fill
from tests.api.service import Api


async def test_they_are_listed_replayed_and_discarded(api: Api) -> None:
    api.runs.db.write_now(fill)
    assert (await api.ok("GET", "/v1/service"))["dead_letters"] == 9
    seen, cursor = [], ""
    while True:
        page = await api.ok("GET", f"/v1/dead-letters?limit=4{cursor}")
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len({letter["id"] for letter in seen}) == 9
    assert (await api.ok("GET", "/v1/inbox"))["dead"] == 9
    assert "usher_dead_letters 9.0" in (await api.client.get("/metrics")).text
    reason = {"reason": "sent again"}
    operator = await api.key("operator")
    for letter in seen:
        path = f"/v1/dead-letters/{letter['id']}"
        ended = await api.ok("POST", f"{path}/discard", reason, key=operator)
        assert ended == {"id": letter["id"], "status": "discarded"}
        await api.problem(404, "POST", f"{path}/discard", reason)
        await api.problem(404, "POST", f"{path}/replay")
    assert (await api.ok("GET", "/v1/dead-letters")) == {"items": [], "next_cursor": None}


async def test_what_cannot_be_is_refused(api: Api) -> None:
    api.runs.db.write_now(fill)
    await api.problem(409, "POST", "/v1/dead-letters/evt_m1/replay")
    await api.problem(400, "GET", "/v1/dead-letters?cursor=evt_m1")
    for body in ({}, {"reason": " "}, {"reason": "x" * 301}, {"reason": "x", "by": "me"}):
        await api.problem(422, "POST", "/v1/dead-letters/evt_m1/discard", body)
    viewer = await api.key("viewer")
    await api.problem(403, "POST", "/v1/dead-letters/evt_m1/replay", key=viewer)
