"""WhatsApp keeps the contract of channels: templates at any time, text within 24 hours (P3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.tools.channels.contract import ChannelContract, letter_of, ours
from tests.tools.channels.vendor_peer import Vendors, vendors, way
from tools.channels.channel import Letter, SendResult, SendStatus
from tools.channels.pace import Pace
from tools.channels.whatsapp import ERRORS, WhatsApp, body_of

TEMPLATE: dict[str, Any] = {"name": "cart_reminder", "language": "en_GB", "parameters": ["Ada"]}
RAW = json.dumps({"template": TEMPLATE, "journey_id": "jrn_1"}).encode()
NOW_S = 1_772_539_200.0
NOW_US = int(NOW_S * 1_000_000)


@pytest.fixture(scope="module")
def meta() -> Iterator[Vendors]:
    with vendors() as running:
        yield running


def channel(url: str, pace: Pace | None = None) -> WhatsApp:
    call = way(url, pace=pace)
    return WhatsApp("chat", call, "EAAB-secret", "106540352242922", wall=lambda: NOW_S)


def letter(raw: bytes = RAW) -> Letter:
    return letter_of(raw, customer_id="cus_1", channel="whatsapp")


def said_by(what: dict[str, Any]) -> Letter:
    return letter(json.dumps(what).encode())


async def sent(vendor: Vendors, *script: Any, what: Letter | None = None) -> SendResult:
    peer = vendor.fresh()
    peer.answers(*script)
    return await channel(peer.url).send(what or letter(), still_ours=ours)


class TestWhatsApp(ChannelContract):
    """The contract. Every request is a message; nothing here is deduplicated."""

    @pytest.fixture(autouse=True)
    def _with(self, meta: Vendors) -> None:
        self.meta, self.peer = meta, meta.fresh()

    def make_channel(self) -> WhatsApp:
        return channel(self.peer.url)

    def letter(self) -> Letter:
        return letter()

    def arrived(self) -> list[bytes]:
        wanted = body_of(self.letter(), json.loads(RAW), now_us=NOW_US)
        return [RAW if seen.body == wanted else seen.body for seen in self.meta.seen()]

    def block(self) -> None:
        self.meta.stop()


async def test_a_template_is_sent_by_name_with_what_fills_it(meta: Vendors) -> None:
    result = await sent(meta)
    assert result.status is SendStatus.SENT
    assert (result.provider_id or "").startswith("wamid.")
    [seen] = meta.seen()
    assert (seen.method, seen.path) == ("POST", "/v25.0/106540352242922/messages")
    assert seen.headers["authorization"] == "Bearer EAAB-secret"
    assert json.loads(seen.body) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+4915112345678",
        "type": "template",
        "template": {
            "name": "cart_reminder",
            "language": {"code": "en_GB"},
            "components": [{"type": "body", "parameters": [{"type": "text", "text": "Ada"}]}],
        },
        "biz_opaque_callback_data": letter().effect_id,
    }


async def test_text_goes_out_while_the_persons_last_message_is_fresh(meta: Vendors) -> None:
    result = await sent(meta, what=said_by({"text": "It ships today.", "window_until": NOW_US + 1}))
    assert result.status is SendStatus.SENT
    [seen] = meta.seen()
    said = json.loads(seen.body)
    assert (said["type"], said["text"]["body"]) == ("text", "It ships today.")


@pytest.mark.parametrize("until", [NOW_US, NOW_US - 1, None, "tomorrow"])
async def test_p4_text_outside_the_24_hours_is_refused_before_meta_is_asked(
    meta: Vendors, until: Any
) -> None:
    result = await sent(meta, what=said_by({"text": "Come back!", "window_until": until}))
    assert result == SendResult(SendStatus.REFUSED, None, ERRORS[131047][1])
    assert meta.seen() == []


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({}, "either"),
        ({"text": "a", "window_until": NOW_US + 1, "template": TEMPLATE}, "either"),
        ({"text": " ", "window_until": NOW_US + 1}, "4096"),
        ({"text": "x" * 4097, "window_until": NOW_US + 1}, "4096"),
        ({"template": "cart_reminder"}, "name"),
        ({"template": {**TEMPLATE, "name": "Cart reminder"}}, "name"),
        ({"template": {**TEMPLATE, "language": "English"}}, "language"),
        ({"template": {**TEMPLATE, "parameters": "Ada"}}, "list"),
        ({"template": {**TEMPLATE, "parameters": ["two\nlines"]}}, "line breaks"),
        ({"template": {**TEMPLATE, "parameters": ["five     blanks"]}}, "blanks"),
        ({"template": {**TEMPLATE, "parameters": [""]}}, "parameter"),
    ],
)
async def test_what_meta_would_not_take_is_refused_before_it_is_asked(
    meta: Vendors, what: dict[str, Any], said: str
) -> None:
    result = await sent(meta, what=said_by(what))
    assert (result.status, said in result.detail) == (SendStatus.REFUSED, True)
    assert meta.seen() == []


def error(code: int, status: int = 400) -> Any:
    told = {"code": code, "message": "+4915112345678", "error_data": {"details": "Ada"}}
    return {"status": status, "body": json.dumps({"error": told})}


_ERRORS = [
    (error(131047), SendStatus.REFUSED, "24 hours"),
    (error(131026), SendStatus.REFUSED, "cannot be delivered"),
    (error(131051), SendStatus.REFUSED, "not supported"),
    (error(131050), SendStatus.REFUSED, "stopped marketing"),
    (error(132001, 404), SendStatus.REFUSED, "no approved template"),
    (error(100), SendStatus.REFUSED, "cannot use"),
    (error(130429, 429), SendStatus.NOT_SENT, "too m"),
    (error(80007), SendStatus.NOT_SENT, "too much"),
    (error(131056), SendStatus.NOT_SENT, "same person"),
    (error(190, 401), SendStatus.NOT_SENT, "access token"),
    (error(131031, 403), SendStatus.NOT_SENT, "locked"),
    (error(131016, 503), SendStatus.NOT_SENT, "later"),
    (error(131000, 500), SendStatus.UNKNOWN, "nobody knows"),
    ({"status": 500}, SendStatus.UNKNOWN, "500"),
    ({"status": 200, "body": '{"messages":[]}'}, SendStatus.UNKNOWN, "which id"),
    ({"status": 200, "body": '{"error":{"code":131026}}'}, SendStatus.REFUSED, "delivered"),
    ("breaks_off", SendStatus.UNKNOWN, "hung up"),
]


@pytest.mark.parametrize(("says", "status", "said"), _ERRORS, ids=lambda value: str(value)[:60])
async def test_p3_what_meta_answers_is_what_the_channel_says(
    meta: Vendors, says: Any, status: SendStatus, said: str
) -> None:
    result = await sent(meta, says)
    assert result.status is status
    assert said in result.detail
    assert "151" not in result.detail and "Ada" not in result.detail


async def test_p3_what_is_lost_may_not_be_sent_again(meta: Vendors) -> None:
    peer = meta.fresh()
    peer.answers("breaks_off")
    chat = channel(peer.url)
    assert (await chat.send(letter(), still_ours=ours)).status is SendStatus.UNKNOWN
    assert not chat.deduplicates
    assert len(meta.seen()) == 1


async def test_a_number_that_is_slowed_down_rests(meta: Vendors) -> None:
    peer = meta.fresh()
    peer.answers(error(131048))
    chat = channel(peer.url, Pace(None, patience=10, monotonic=lambda: 5.0))
    assert (await chat.send(letter(), still_ours=ours)).status is SendStatus.NOT_SENT
    assert "rate" in (await chat.send(letter(), still_ours=ours)).detail
    assert len(meta.seen()) == 1


def test_p5_no_secret_is_printed() -> None:
    assert "secret" not in repr(channel("http://127.0.0.1:1"))
