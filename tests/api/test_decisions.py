"""Decisions over HTTP: listed in pages, whole, in words, and decided again."""

from __future__ import annotations

import pytest

from evals.flat_pack import flat_commerce
from tests.api.service import PRODUCTS, Api, trigger

PACK = flat_commerce()


async def test_a_list_is_paged_newest_first_and_filtered(api: Api) -> None:
    await api.ok("PUT", "/v1/products", PRODUCTS)
    for k in range(5):
        await api.person(f"u{k}")
    made = [(await api.decision(f"u{k}"))["id"] for k in range(5)]
    seen, cursor = [], ""
    while True:
        page = await api.ok("GET", f"/v1/decisions?limit=2{cursor}")
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == made[::-1]
    one = await api.ok("GET", "/v1/decisions?customer=u3")
    assert [item["id"] for item in one["items"]] == [made[3]]
    for query, n in (
        ("goal=recover_cart", 5),
        ("goal=none", 0),
        ("status=running", 0),
        ("status=completed", 5),
        ("customer=u1%40example.com&goal=recover_cart", 1),
    ):
        page = await api.ok("GET", f"/v1/decisions?{query}")
        assert (len(page["items"]), page["next_cursor"]) == (n, None)


async def test_p8_a_decision_is_explained_and_decided_again_without_a_model(api: Api) -> None:
    await api.ok("PUT", "/v1/products", PRODUCTS)
    await api.person("ada")
    decision = await api.decision("ada")
    path = f"/v1/decisions/{decision['id']}"
    assert await api.ok("GET", path) == decision
    assert len((await api.ok("GET", f"{path}/explain"))["text"]) > 80
    for body in (None, {}, {"policy": PACK}):
        assert (await api.ok("POST", f"{path}/replay", body))["same"] is True
    said = await api.problem(422, "POST", f"{path}/replay", {"policy": "policy: ["})
    assert "policy:1:" in said


async def test_a_trigger_is_answered_at_once_or_with_its_decision(api: Api) -> None:
    await api.ok("PUT", "/v1/products", PRODUCTS)
    await api.person("ada")
    at_once = await api.call("POST", "/v1/triggers", trigger("ada", idempotencyKey="k"))
    assert at_once.status_code == 202
    assert set(at_once.json()) == {"event_id"}
    waited = await api.call("POST", "/v1/triggers?wait=30", trigger("ada", idempotencyKey="k"))
    assert waited.status_code == 200
    assert at_once.json()["event_id"] in waited.json()["event_ids"]
    again = await api.call("POST", "/v1/triggers?wait=30", trigger("ada", idempotencyKey="k"))
    assert again.json() == waited.json()


@pytest.mark.parametrize("who", [{"email": "ada@example.com"}, {"anonymousId": "a-1"}])
async def test_a_trigger_takes_any_identifier(api: Api, who: dict[str, str]) -> None:
    body = trigger("x", customer=who)
    response = await api.call("POST", "/v1/triggers?wait=30", body)
    assert response.status_code == 200
    found = next(iter(who.values()))
    shown = await api.ok("GET", f"/v1/customers/{found}")
    assert shown["id"] == response.json()["customer_id"]
