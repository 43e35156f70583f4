"""Webhooks and SendGrid's lists against a second process: what each answer means."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from store.deliveries import Delivery
from tests.webhook_peer import Peer, peer
from tools.channels.posting import checked_url, client
from tools.channels.receiver import Acknowledged, GivenUp, TryAgain
from tools.channels.sendgrid_list import SendGridList
from tools.channels.signed_webhook import SignedWebhook
from tools.channels.stops_told import payload

KEY = bytes(range(32))
ADA = [{"kind": "user_id", "value": "ada"}, {"kind": "email", "value": "ada@example.com"}]


@pytest.fixture(scope="module")
def other() -> Iterator[Peer]:
    with peer() as running:
        yield running


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with client() as made:
        yield made


def _stop(name: str, **over: Any) -> Delivery:
    body = {"scope": "all", "purposes": [], "channels": [], "until": None, "at": 0}
    body |= {"identifiers": ADA} | over
    return Delivery(f"dlv_{name}", "system:crm", "sync", "customer.suppressed", "cus_1", 1, 0, body)


async def test_a_receiver_verifies_what_it_gets_with_hmac_alone(
    other: Peer, http: httpx.AsyncClient
) -> None:
    hook = SignedWebhook(http, f"{other.url}/ok/one", KEY, seconds=lambda: 1_700_000_000.9)
    assert await hook.deliver(_stop("one")) == Acknowledged()
    [got] = other.taken("/ok/one")
    said = f"dlv_one.1700000000.{got['body']}".encode()
    expected = base64.b64encode(hmac.digest(KEY, said, "sha256")).decode()
    assert got["headers"]["webhook-signature"] == f"v1,{expected}"
    assert got["headers"]["webhook-id"] == "dlv_one"
    assert got["headers"]["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("gone", GivenUp("it answered 410: it wants nothing more", stop=True)),
        ("never", TryAgain("it answered 503")),
        ("moved", TryAgain("it answered 302; redirects are not followed")),
        ("hangup", TryAgain("the connection broke off before an answer")),
        ("late", TryAgain("no answer within 0.3 seconds")),
    ],
)
async def test_what_each_answer_means(
    other: Peer, http: httpx.AsyncClient, path: str, answer: object
) -> None:
    hook = SignedWebhook(http, f"{other.url}/{path}/x", KEY, timeout_s=0.3)
    assert await hook.deliver(_stop(path)) == answer
    assert not other.taken("/ok/x")


async def test_nobody_there_is_tried_again(http: httpx.AsyncClient) -> None:
    hook = SignedWebhook(http, "http://127.0.0.1:9/", KEY)
    assert await hook.deliver(_stop("none")) == TryAgain("no connection")


def test_addresses_go_as_digests_unless_the_settings_say_otherwise() -> None:
    hashed = payload(_stop("a"), plain=False)["data"]["identifiers"]
    assert hashed[0] == {"kind": "user_id", "value": "ada"}
    assert hashed[1]["kind"] == "email" and len(hashed[1]["sha256"]) == 64
    assert "value" not in hashed[1]
    assert payload(_stop("a"), plain=True)["data"]["identifiers"] == ADA


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/x",
        "ftp://shop.example",
        "https://",
        "https://user:pass@shop.example",
        "https://shop.example/#a",
        "https://shop.example/a b",
        "https://shop.example/\nx",
        "shop.example",
        "http://127.0.0.1.shop.example/",
        "https://[::1",
    ],
)
def test_only_https_is_sent_to_or_this_machine(url: str) -> None:
    with pytest.raises(ValueError, match="URL|https"):
        checked_url(url)


@pytest.mark.parametrize("url", ["https://shop.example/usher?x=1", "http://127.0.0.1:8/x"])
def test_a_url_that_may_be_sent_to(url: str) -> None:
    assert checked_url(url) == url


# -- SendGrid --------------------------------------------------------------------------------------

GLOBAL, GROUP = "/v3/asm/suppressions/global", "/v3/asm/groups/7/suppressions"


@pytest.mark.parametrize(
    ("said", "group", "path"),
    [
        ({"scope": "all"}, 7, GLOBAL),
        ({"scope": "erased"}, 7, GLOBAL),
        ({"scope": "address", "channels": ["email"]}, 7, GLOBAL),
        ({"scope": "purpose", "purposes": ["marketing"]}, 7, GROUP),
        ({"scope": "consent", "purposes": ["marketing"], "channels": ["email"]}, 7, GROUP),
        ({"scope": "purpose", "purposes": ["marketing"]}, None, GLOBAL),
    ],
)
async def test_a_marketing_opt_out_never_stops_service_mail_at_sendgrid(
    other: Peer, http: httpx.AsyncClient, said: dict[str, Any], group: int | None, path: str
) -> None:
    before = len(other.taken(path))
    account = SendGridList(http, other.url, "SG.key", group)
    assert await account.deliver(_stop("mail", **said)) == Acknowledged()
    got = other.taken(path)[before:]
    assert [json.loads(one["body"]) for one in got] == [{"recipient_emails": ["ada@example.com"]}]
    assert got[0]["headers"]["authorization"] == "Bearer SG.key"


async def test_what_is_not_about_e_mail_is_acknowledged_and_not_sent(
    other: Peer, http: httpx.AsyncClient
) -> None:
    account = SendGridList(http, f"{other.url}/never", "SG.key", 7)
    by_text = await account.deliver(_stop("t", scope="address", channels=["sms"]))
    assert by_text == Acknowledged("nothing in it is about e-mail of this account")
    nameless = await account.deliver(_stop("u", identifiers=ADA[:1]))
    assert nameless == Acknowledged("no e-mail address of theirs is known")


async def test_a_key_that_may_not_do_it_is_a_persons_business(
    other: Peer, http: httpx.AsyncClient
) -> None:
    answer = await SendGridList(http, f"{other.url}/forbidden", "SG.key", 7).deliver(_stop("k"))
    assert answer == GivenUp("it answered 401: the key may not change suppressions")
