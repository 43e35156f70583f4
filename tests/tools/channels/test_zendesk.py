"""Zendesk keeps the contract of channels: one ticket for one effect, whatever happens (P3)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.tools.channels.contract import ChannelContract, letter_of, ours
from tests.tools.channels.vendor_peer import Vendors, vendors, way
from tools.channels.channel import Letter, SendResult, SendStatus
from tools.channels.zendesk import Zendesk, body_of

TICKET = {"subject": "Refund asked for", "body": "The lamp came broken.", "queue": "service"}
RAW = json.dumps({**TICKET, "priority": "high", "tags": ["refund"]}).encode()
NONE = {"status": 200, "body": '{"tickets":[]}'}


@pytest.fixture(scope="module")
def desk() -> Iterator[Vendors]:
    with vendors() as running:
        yield running


def channel(url: str, **groups: int) -> Zendesk:
    return Zendesk("tickets", way(url), "agent@shop.example", "zen-secret", groups)


def letter(raw: bytes = RAW) -> Letter:
    return replace(letter_of(raw, customer_id="cus_1", channel="ticket"), to="cus_1")


def opened(vendor: Vendors) -> list[Any]:
    return [seen for seen in vendor.seen() if seen.method == "POST"]


async def sent(vendor: Vendors, *script: Any, what: Letter | None = None) -> SendResult:
    peer = vendor.fresh()
    peer.answers(*script)
    return await channel(peer.url).send(what or letter(), still_ours=ours)


class TestZendesk(ChannelContract):
    """The contract. The same body under the same key is one ticket."""

    @pytest.fixture(autouse=True)
    def _with(self, desk: Vendors) -> None:
        self.desk, self.peer = desk, desk.fresh()

    def make_channel(self) -> Zendesk:
        return channel(self.peer.url)

    def letter(self) -> Letter:
        return letter()

    def arrived(self) -> list[bytes]:
        wanted = body_of(self.letter(), json.loads(RAW), {})
        there = {(seen.headers["idempotency-key"], seen.body) for seen in opened(self.desk)}
        return [RAW if body == wanted else body for _, body in there]

    def block(self) -> None:
        self.desk.stop()


async def test_a_ticket_says_what_it_is_about_to_a_team_and_to_nobody_else(desk: Vendors) -> None:
    peer = desk.fresh()
    result = await channel(peer.url, service=360001).send(letter(), still_ours=ours)
    assert result.status is SendStatus.SENT
    assert (result.provider_id or "").startswith("zendesk:")
    [seen] = opened(desk)
    assert seen.path == "/api/v2/tickets.json"
    assert seen.headers["idempotency-key"] == letter().idempotency_key
    account = base64.b64encode(b"agent@shop.example/token:zen-secret").decode()
    assert seen.headers["authorization"] == f"Basic {account}"
    assert json.loads(seen.body)["ticket"] == {
        "subject": "Refund asked for",
        "comment": {"body": "The lamp came broken.\n\nAbout: cus_1", "public": False},
        "priority": "high",
        "external_id": letter().effect_id,
        "tags": ["usher", "service", "refund"],
        "group_id": 360001,
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"subject": ""}, "subject"),
        ({"subject": "x" * 151}, "subject"),
        ({"body": None}, "body"),
        ({"priority": "sky-high"}, "priority"),
        ({"tags": "refund"}, "tags"),
        ({"tags": ["two words"]}, "tag"),
        ({"queue": "Service Desk"}, "queue"),
        ({"queue": ["service"]}, "queue"),
    ],
)
async def test_what_is_no_ticket_is_refused_before_zendesk_is_asked(
    desk: Vendors, change: dict[str, Any], said: str
) -> None:
    result = await sent(desk, what=letter(json.dumps({**TICKET, **change}).encode()))
    assert (result.status, said in result.detail) == (SendStatus.REFUSED, True)
    assert desk.seen() == []


_CANNOT = '{"error":"RecordInvalid","details":{"group":[{"description":"ada@customer.example"}]}}'
_ERRORS = [
    ([NONE, {"status": 401}], SendStatus.NOT_SENT, "401"),
    ([NONE, {"status": 403}], SendStatus.NOT_SENT, "403"),
    ([NONE, {"status": 409}], SendStatus.NOT_SENT, "409"),
    ([NONE, {"status": 422, "body": _CANNOT}], SendStatus.REFUSED, "cannot use group"),
    ([NONE, {"status": 422, "body": "[]"}], SendStatus.REFUSED, "422"),
    ([NONE, {"status": 429, "headers": {"Retry-After": "7"}}], SendStatus.NOT_SENT, "too much"),
    ([NONE, {"status": 500}], SendStatus.UNKNOWN, "500"),
    ([NONE, {"status": 503}], SendStatus.NOT_SENT, "503"),
    ([NONE, {"status": 201, "body": "{}"}], SendStatus.UNKNOWN, "which ticket"),
    ([NONE, "breaks_off"], SendStatus.UNKNOWN, "hung up"),
    ([{"status": 401}], SendStatus.NOT_SENT, "401"),
    ([{"status": 500}], SendStatus.NOT_SENT, "500"),
    ([{"status": 200, "body": "{}"}], SendStatus.NOT_SENT, "could not be read"),
    (["breaks_off"], SendStatus.NOT_SENT, "hung up"),
]


@pytest.mark.parametrize(("script", "status", "said"), _ERRORS, ids=lambda value: str(value)[:60])
async def test_p3_what_zendesk_answers_is_what_the_channel_says(
    desk: Vendors, script: list[Any], status: SendStatus, said: str
) -> None:
    result = await sent(desk, *script)
    assert result.status is status
    assert said in result.detail
    assert "ada" not in result.detail


async def test_p3_a_ticket_that_was_lost_on_the_way_back_is_found_and_not_opened_again(
    desk: Vendors,
) -> None:
    peer = desk.fresh()
    peer.answers(NONE, "breaks_off")
    tickets = channel(peer.url)
    assert (await tickets.send(letter(), still_ours=ours)).status is SendStatus.UNKNOWN
    again = await tickets.send(letter(), still_ours=ours)
    assert again.status is SendStatus.SENT
    assert len(opened(desk)) == 1, "after two hours the key would no longer stop a second one"


async def test_p3_a_key_that_was_used_under_other_settings_finds_its_ticket(desk: Vendors) -> None:
    peer = desk.fresh()
    first = await channel(peer.url).send(letter(), still_ours=ours)
    number = int((first.provider_id or "").removeprefix("zendesk:"))
    there = {"tickets": [{"id": number, "external_id": letter().effect_id}]}
    peer.answers(
        NONE,
        {"status": 400, "body": '{"error":"IdempotentRequestError"}'},
        {"status": 200, "body": json.dumps(there)},
    )
    assert await channel(peer.url, service=7).send(letter(), still_ours=ours) == first


async def test_p3_a_ticket_of_something_else_is_not_taken_for_ours(desk: Vendors) -> None:
    others = {"status": 200, "body": '{"tickets":[{"id":1,"external_id":"eff_other"},7]}'}
    result = await sent(desk, others)
    assert result.status is SendStatus.SENT
    assert result.provider_id != "zendesk:1"


def test_p5_no_secret_is_printed() -> None:
    assert "secret" not in repr(channel("http://127.0.0.1:1"))
