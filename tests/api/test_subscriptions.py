"""Subscriptions over HTTP: admins only, a secret once, our ids and nothing personal."""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.service import CART, PRODUCTS, Api
from tests.webhook_peer import Peer, peer
from tools.channels.standard_webhooks import key_of

ADA = {"type": "identify", "userId": "ada", "traits": {"email": "ada@example.com"}}


@pytest.fixture(scope="module")
def other() -> Iterator[Peer]:
    with peer() as running:
        yield running


async def subscribed(api: Api, url: str, *topics: str) -> dict[str, Any]:
    made: dict[str, Any] = await api.ok(
        "POST", "/v1/subscriptions", {"url": url, "topics": list(topics)}
    )
    return made


async def ada(api: Api) -> None:
    await api.ok("PUT", "/v1/products", PRODUCTS)
    said = {"channel": "email", "purpose": "marketing", "source": "form"}
    grant = {"type": "track", "event": "Consent Granted", "userId": "ada", "properties": said}
    await api.ok("POST", "/v1/identify", {**ADA, "messageId": "m1"})
    await api.ok("POST", "/v1/track", {**grant, "messageId": "m2"})


def signed(got: dict[str, Any], secret: str) -> bool:
    """Whether a request is signed with this secret, by hmac alone."""
    headers = got["headers"]
    said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{got['body']}".encode()
    digest = base64.b64encode(hmac.digest(key_of(secret), said, "sha256")).decode()
    return bool(headers["webhook-signature"] == f"v1,{digest}")


async def test_a_subscriber_is_told_of_a_decision_and_its_effect_with_ids_only(
    api: Api, other: Peer
) -> None:
    made = await subscribed(api, f"{other.url}/ok/cdp", "decision.closed", "effect.*")
    await ada(api)
    asked = {"goal": "recover_cart", "customer": {"userId": "ada"}, "context": CART}
    decision = await api.ok("POST", "/v1/triggers?wait=30", asked)
    got = await asyncio.to_thread(other.wait_for, "/ok/cdp", 2)
    told = {one["json"]["type"]: one["json"]["data"] for one in got}
    assert told["effect.sent"]["decision_id"] == decision["id"]
    assert told["effect.sent"]["mode"] == "sandbox"
    closed = told["decision.closed"]
    assert (closed["decision_id"], closed["status"]) == (decision["id"], "completed")
    assert closed["event_ids"] == decision["event_ids"]
    assert all(signed(one, made["secret"]) for one in got)
    for word in ("ada@example.com", '"ada"', "Lamp"):
        assert not any(word in one["body"] for one in got)
    await api.runs.connected.delivering.stop()
    [listed] = (await api.ok("GET", "/v1/subscriptions"))["items"]
    assert (listed["state"], listed["acknowledged"], listed["waiting"]) == ("up to date", 2, 0)
    assert made["secret"] not in str(listed)


async def test_stops_and_erasures_and_outcomes_are_told_too(api: Api, other: Peer) -> None:
    await subscribed(api, f"{other.url}/ok/stops", "customer.*", "outcome.unsubscribed")
    await ada(api)
    left = {"type": "track", "event": "Unsubscribed", "userId": "ada", "messageId": "m3"}
    await api.ok("POST", "/v1/track", left)
    await api.ok("DELETE", "/v1/customers/ada")
    got = await asyncio.to_thread(other.wait_for, "/ok/stops", 3)
    types = [one["json"]["type"] for one in got]
    assert types == ["customer.suppressed", "outcome.unsubscribed", "customer.erased"]
    assert {one["json"]["data"]["customer_id"][:4] for one in got} == {"cus_"}
    assert not any("ada" in one["body"] for one in got)


async def test_one_that_wants_nothing_more_is_removed_and_one_that_is_removed_gets_nothing(
    api: Api, other: Peer
) -> None:
    gone = await subscribed(api, f"{other.url}/gone/x", "customer.*")
    kept = await subscribed(api, f"{other.url}/ok/removed", "customer.*")
    await api.ok("DELETE", f"/v1/subscriptions/{kept['id']}")
    await ada(api)
    await api.ok("POST", "/v1/customers/ada/suppress", {"scope": "all", "reason": "asked"})
    await asyncio.to_thread(other.wait_for, "/gone/x", 1)
    while (await api.ok("GET", "/v1/subscriptions"))["items"]:
        pass
    assert not other.taken("/ok/removed")
    for path in (f"/v1/subscriptions/{gone['id']}", "/v1/subscriptions/sub_none"):
        assert (await api.call("DELETE", path)).status_code == 404


async def test_a_test_is_sent_once_and_its_answer_said(api: Api, other: Peer) -> None:
    good = await subscribed(api, f"{other.url}/ok/test", "effect.sent")
    bad = await subscribed(api, f"{other.url}/never/test", "effect.sent")
    said = await api.ok("POST", f"/v1/subscriptions/{good['id']}/test")
    assert said["acknowledged"] is True
    [got] = other.taken("/ok/test")
    assert got["json"]["type"] == "usher.test" and signed(got, good["secret"])
    refused = await api.ok("POST", f"/v1/subscriptions/{bad['id']}/test")
    assert (refused["acknowledged"], refused["why_not"]) == (False, "it answered 503")
    assert (await api.call("POST", "/v1/subscriptions/sub_no/test")).status_code == 404


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"url": "http://shop.example/x", "topics": ["effect.sent"]}, "only https"),
        ({"url": "https://a:b@shop.example", "topics": ["effect.sent"]}, "no password"),
        ({"url": "https://shop.example", "topics": ["effect.flew"]}, "no such topic"),
        ({"url": "https://shop.example", "topics": []}, "topics"),
    ],
)
async def test_what_cannot_be_told_is_refused_with_why(
    api: Api, body: dict[str, Any], said: str
) -> None:
    response = await api.call("POST", "/v1/subscriptions", body)
    assert response.status_code == 422 and said in response.text
