"""People over HTTP: looked at, suppressed, held, forgotten; afterwards gone everywhere."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.api.service import PRODUCTS, Api, trigger


async def test_a_person_is_found_by_our_id_and_by_every_identifier(api: Api) -> None:
    await api.person("ada", phone="+4915112345678")
    found = await api.ok("GET", "/v1/customers/ada")
    for reference in (found["id"], "ada@example.com", "ADA@example.com", "%2B4915112345678"):
        assert await api.ok("GET", f"/v1/customers/{reference}") == found


@pytest.mark.parametrize("user_id", ["a/b", "a/timeline", "über/1", "a b", "a?b", "50%", "a//b/"])
async def test_a_user_id_may_hold_whatever_an_address_can(api: Api, user_id: str) -> None:
    await api.ok("POST", "/v1/identify", {"userId": user_id, "traits": {"first_name": "Ada"}})
    path = f"/v1/customers/{quote(user_id, safe='')}"
    if user_id != "a/timeline":
        assert (await api.ok("GET", path))["identifiers"][0]["value"] == user_id
    assert (await api.ok("GET", f"{path}/timeline"))["items"]
    await api.ok("DELETE", path)
    await api.problem(410, "GET", f"{path}/timeline")


async def test_what_was_accepted_before_is_resolved_before_the_answer(api: Api) -> None:
    batch = [
        {"type": "track", "userId": f"u{k}", "event": "E", "messageId": f"m{k}"} for k in range(300)
    ]
    await api.ok("POST", "/v1/batch", {"batch": batch})
    await api.ok("GET", "/v1/customers/u299")


async def test_a_timeline_is_paged_without_gap_or_repeat(api: Api) -> None:
    batch = [
        {"type": "track", "userId": "ada", "event": f"E{k}", "messageId": f"m{k}"} for k in range(7)
    ]
    await api.ok("POST", "/v1/batch", {"batch": batch})
    await api.runs.idle()
    whole = (await api.ok("GET", "/v1/customers/ada/timeline"))["items"]
    pages, cursor = [], ""
    while True:
        page = await api.ok("GET", f"/v1/customers/ada/timeline?limit=3{cursor}")
        assert set(page) == {"items", "next_cursor"}
        pages.append(page["items"])
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert [len(page) for page in pages] == [3, 3, 1]
    assert sum(pages, []) == whole
    assert {item["event"] for item in whole} == {f"E{k}" for k in range(7)}


@pytest.mark.parametrize("cursor", ["x", "1", "%C2%B2:a", "9" * 30 + ":a", ":", "1:", "1:a b"])
async def test_a_cursor_that_no_page_gave_is_refused(api: Api, cursor: str) -> None:
    await api.person("ada")
    response = await api.call("GET", f"/v1/customers/ada/timeline?cursor={cursor}")
    assert response.status_code in (400, 422), response.text


async def test_suppressing_stops_that_scope_and_lifting_ends_it(api: Api) -> None:
    await api.ok("PUT", "/v1/products", PRODUCTS)
    await api.person("ada")
    stop = {"scope": "all", "reason": "asked by phone"}
    done = await api.call("POST", "/v1/customers/ada/suppress", stop)
    assert done.status_code == 201
    assert (done.json()["known"], done.json()["scope"]) == (True, "all")
    assert (await api.decision("ada"))["status"] == "withheld"
    lifted = await api.ok("DELETE", "/v1/customers/ada/suppress?scope=all")
    assert lifted["lifted"] == 1
    assert (await api.ok("DELETE", "/v1/customers/ada/suppress?scope=all"))["lifted"] == 0
    assert (await api.decision("ada", "k2"))["status"] != "withheld"


async def test_whoever_is_suppressed_before_we_know_them_stays_so(api: Api) -> None:
    stop = {"scope": "all", "reason": "asked"}
    done = await api.ok("POST", "/v1/customers/ada@example.com/suppress", stop)
    assert (done["known"], done["customer_id"]) == (False, None)
    await api.person("ada")
    assert (await api.decision("ada"))["status"] == "withheld"


@pytest.mark.parametrize(
    "body",
    [
        {"scope": "all"},
        {"scope": "everything", "reason": "x"},
        {"scope": "all", "reason": ""},
        {"scope": "all", "reason": "x", "channel": "pigeon"},
        {"scope": "all", "reason": "x", "until": "2026-03-03T12:00:00"},
        {"scope": "all", "reason": "x" * 501},
    ],
)
async def test_a_suppression_that_cannot_be_meant_is_refused(
    api: Api, body: dict[str, Any]
) -> None:
    await api.problem(422, "POST", "/v1/customers/ada/suppress", body)


async def test_somebody_who_cannot_be_is_not_suppressed(api: Api) -> None:
    await api.problem(404, "POST", "/v1/customers/null/suppress", {"scope": "all", "reason": "x"})


async def test_p10_an_erased_person_is_gone_everywhere(api: Api) -> None:
    await api.ok("PUT", "/v1/products", PRODUCTS)
    await api.person("ada", phone="+4915112345678")
    decision = await api.decision("ada")
    assert decision["effects"]
    ours = decision["customer_id"]
    receipt = await api.ok("DELETE", "/v1/customers/ada")
    assert receipt["customer_id"] == ours
    assert receipt["keys_destroyed"] >= 1
    for reference in (ours, "ada", "ada@example.com", "%2B4915112345678"):
        for method, path in (
            ("GET", ""),
            ("GET", "/timeline"),
            ("DELETE", ""),
            ("DELETE", "/suppress?scope=all"),
            ("PUT", "/hold"),
            ("DELETE", "/hold"),
        ):
            said = await api.problem(410, method, f"/v1/customers/{reference}{path}")
            assert "ada" not in said
        stop = {"scope": "all", "reason": "again"}
        response = await api.call("POST", f"/v1/customers/{reference}/suppress", stop)
        assert response.status_code in (201, 410), response.text
        await api.problem(410, "GET", f"/v1/decisions?customer={reference}")
    for path in ("", "/explain"):
        await api.problem(410, "GET", f"/v1/decisions/{decision['id']}{path}")
    await api.problem(410, "POST", f"/v1/decisions/{decision['id']}/replay", {})
    await api.problem(410, "GET", f"/v1/effects/{decision['effects'][0]['id']}")
    listed = await api.ok("GET", "/v1/decisions")
    assert "example.com" not in str(listed)
    assert [item["id"] for item in listed["items"]] == [decision["id"]]
    after = await api.call("POST", "/v1/triggers?wait=30", trigger("ada", idempotencyKey="later"))
    assert after.status_code == 202
    assert (await api.ok("GET", "/v1/audit"))["ok"]


async def test_p10_a_legal_hold_refuses_to_forget_and_suppresses_instead(api: Api) -> None:
    await api.ok("PUT", "/v1/products", PRODUCTS)
    await api.person("ada")
    assert await api.ok("PUT", "/v1/customers/ada/hold") == {"legal_hold": True}
    assert "hold" in await api.problem(409, "DELETE", "/v1/customers/ada")
    shown = await api.ok("GET", "/v1/customers/ada")
    assert shown["legal_hold"] is True
    assert [s["scope"] for s in shown["suppressions"]] == ["all"]
    assert (await api.decision("ada"))["status"] == "withheld"
    assert await api.ok("DELETE", "/v1/customers/ada/hold") == {"legal_hold": False}
    await api.ok("DELETE", "/v1/customers/ada")
    await api.problem(410, "GET", "/v1/customers/ada")


async def test_p10_an_erasure_is_proved_over_http_by_an_admin(api: Api) -> None:
    await api.person("lovelace/1815", phone="+4915112345678")
    path = f"/v1/customers/{quote('lovelace/1815', safe='')}"
    before = await api.ok("POST", f"{path}/prove")
    assert (before["clean"], before["erased"]) == (False, False)
    await api.ok("DELETE", path)
    for reference in (path, "/v1/customers/%2B4915112345678"):
        told = await api.ok("POST", f"{reference}/prove")
        assert (told["clean"], told["found"]) == (True, []), told
    operator = await api.key("operator")
    await api.problem(403, "POST", f"{path}/prove", key=operator)
    await api.problem(404, "POST", "/v1/customers/nobody-at-all/prove")
    detail = await api.problem(404, "POST", "/v1/customers/babbage1791/prove")
    assert "babbage" not in detail
