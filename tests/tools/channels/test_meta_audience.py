"""Meta's audiences keep the contract of channels, and say what Meta's answers mean (P3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.tools.channels.contract import ChannelContract, letter_of, ours
from tests.tools.channels.vendor_peer import Vendors, vendors, way
from tools.channels.audience_members import of_meta
from tools.channels.channel import Letter, SendResult, SendStatus
from tools.channels.http_call import Answer, Waits
from tools.channels.meta_audience import MetaAudience, body_of
from tools.channels.meta_graph import means, rest_s
from tools.channels.pace import Pace

ADD = b'{"action":"add","audience":"lapsed","goal":"win_back","journey_id":"jrn_1"}'


@pytest.fixture(scope="module")
def meta() -> Iterator[Vendors]:
    with vendors() as running:
        yield running


def channel(url: str, *, pace: Pace | None = None, waits: Waits | None = None) -> MetaAudience:
    call = way(url, pace=pace, waits=waits)
    return MetaAudience("ads", call, "EAAB-secret", {"lapsed": "120208749119170125"})


def letter(raw: bytes = ADD, to: str = "Mary@Example.com") -> Letter:
    return replace(letter_of(raw, customer_id="cus_1", channel="audience"), to=to)


async def sent(vendor: Vendors, *script: Any, what: Letter | None = None) -> SendResult:
    peer = vendor.fresh()
    peer.answers(*script)
    return await channel(peer.url).send(what or letter(), still_ours=ours)


class TestMetaAudience(ChannelContract):
    """The contract. Who is on the list is who has arrived."""

    @pytest.fixture(autouse=True)
    def _with(self, meta: Vendors) -> None:
        self.meta, self.peer = meta, meta.fresh()

    def make_channel(self) -> MetaAudience:
        return channel(self.peer.url)

    def letter(self) -> Letter:
        return letter()

    def arrived(self) -> list[bytes]:
        member = of_meta(self.letter().to)
        assert member is not None
        on_it = {seen.body for seen in self.peer.seen()}
        return [ADD if body == body_of(member) else body for body in on_it]

    def block(self) -> None:
        self.meta.stop()


async def test_one_hash_is_put_on_the_audience_that_the_letter_names(meta: Vendors) -> None:
    result = await sent(meta)
    assert result == SendResult(SendStatus.SENT, f"meta:{letter().effect_id}", "")
    [seen] = meta.seen()
    assert (seen.method, seen.path) == ("POST", "/v25.0/120208749119170125/users")
    assert seen.headers["authorization"] == "Bearer EAAB-secret"
    hashed = "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79"
    assert json.loads(seen.body) == {"payload": {"schema": ["EMAIL"], "data": [[hashed]]}}


async def test_whoever_leaves_is_taken_off_by_a_delete_and_consent_goes_along(
    meta: Vendors,
) -> None:
    raw = b'{"action":"remove","audience":"lapsed","consent":false}'
    result = await sent(meta, what=letter(raw, to="+1 650 555 1212"))
    assert result.status is SendStatus.SENT
    [seen] = meta.seen()
    said = json.loads(seen.body)
    assert (seen.method, said["payload"]["schema"]) == ("DELETE", ["PHONE"])
    assert said["customer_consent"] is False
    assert b"650" not in seen.body and b"555" not in seen.body


@pytest.mark.parametrize(
    ("raw", "to", "said"),
    [
        (b"[]", "mary@example.com", "one JSON object"),
        (b"\xff", "mary@example.com", "one JSON object"),
        (b'{"action":"replace","audience":"lapsed"}', "mary@example.com", "neither"),
        (b'{"action":"add","audience":"others"}', "mary@example.com", "names no audience"),
        (b'{"action":"add","audience":["lapsed"]}', "mary@example.com", "names no audience"),
        (ADD, "cus_1", "neither an e-mail address"),
        (ADD, "0151 1234567", "country"),
    ],
)
async def test_what_cannot_be_asked_is_refused_before_meta_is_asked(
    meta: Vendors, raw: bytes, to: str, said: str
) -> None:
    result = await sent(meta, what=letter(raw, to))
    assert result.status is SendStatus.REFUSED
    assert said in result.detail
    assert meta.seen() == []


def error(
    code: int, status: int = 400, subcode: int | None = None, usage: str | None = None
) -> Any:
    told = {"code": code, "message": "mary@example.com is wrong", "error_subcode": subcode}
    headers = {} if usage is None else {"X-Business-Use-Case-Usage": usage}
    return {"status": status, "headers": headers, "body": json.dumps({"error": told})}


_ERRORS = [
    (error(190, 401), SendStatus.NOT_SENT, "access token"),
    (error(17), SendStatus.NOT_SENT, "too much"),
    (error(4, 403), SendStatus.NOT_SENT, "too much"),
    (error(80003), SendStatus.NOT_SENT, "too much"),
    (error(200, 403), SendStatus.NOT_SENT, "permissions"),
    (error(294, 403), SendStatus.NOT_SENT, "permissions"),
    (error(100), SendStatus.REFUSED, "cannot use"),
    (error(100, subcode=33), SendStatus.NOT_SENT, "usher.toml"),
    (error(2650), SendStatus.NOT_SENT, "later"),
    (error(2655), SendStatus.NOT_SENT, "terms"),
    (error(2, 500), SendStatus.NOT_SENT, "later"),
    (error(1, 500), SendStatus.UNKNOWN, "nobody knows"),
    (error(99_999, 400), SendStatus.REFUSED, "400"),
    ({"status": 502, "body": "<html>mary@example.com"}, SendStatus.UNKNOWN, "502"),
    ({"status": 200, "body": "{}"}, SendStatus.UNKNOWN, "received"),
    ({"status": 200, "body": '{"num_received":1,"num_invalid_entries":1}'}, SendStatus.REFUSED, ""),
    ("breaks_off", SendStatus.UNKNOWN, "hung up"),
]


@pytest.mark.parametrize(("says", "status", "said"), _ERRORS, ids=lambda value: str(value)[:40])
async def test_p3_what_meta_answers_is_what_the_channel_says(
    meta: Vendors, says: Any, status: SendStatus, said: str
) -> None:
    result = await sent(meta, says)
    assert result.status is status
    assert said in result.detail
    assert "mary" not in result.detail


async def test_p3_what_was_lost_may_be_asked_again_and_is_one_person_still(meta: Vendors) -> None:
    peer = meta.fresh()
    peer.answers("breaks_off")
    ads = channel(peer.url)
    assert ads.deduplicates
    assert (await ads.send(letter(), still_ours=ours)).status is SendStatus.UNKNOWN
    assert (await ads.send(letter(), still_ours=ours)).status is SendStatus.SENT
    assert len({seen.body for seen in peer.seen()}) == 1


async def test_a_system_that_takes_it_and_says_nothing_is_given_up(meta: Vendors) -> None:
    peer = meta.fresh()
    peer.answers("silent")
    ads = channel(peer.url, waits=Waits(write=0.1, answer=0.2))
    result = await ads.send(letter(), still_ours=ours)
    assert (result.status, "in time" in result.detail) == (SendStatus.UNKNOWN, True)
    assert len(peer.seen()) == 1


async def test_a_limit_that_is_told_in_a_header_is_rested_for(meta: Vendors) -> None:
    usage = {"2": [{"type": "custom_audience", "call_count": 100, "total_time": 5,
                    "estimated_time_to_regain_access": 3}]}  # fmt: skip
    peer = meta.fresh()
    pace = Pace(None, patience=10, monotonic=lambda: 5.0)
    ads = channel(peer.url, pace=pace)
    peer.answers(error(80003, usage=json.dumps(usage)))
    assert (await ads.send(letter(), still_ours=ours)).status is SendStatus.NOT_SENT
    later = await ads.send(letter(), still_ours=ours)
    assert (later.status, "rate" in later.detail) == (SendStatus.NOT_SENT, True)
    assert len(peer.seen()) == 1


def _answer(headers: dict[str, str], body: str = "{}") -> Answer:
    return Answer(200, headers, body)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"x-app-usage": '{"call_count":28,"total_time":25,"total_cputime":25}'}, 0.0),
        ({"x-app-usage": '{"call_count":100}'}, 60.0),
        ({"x-app-usage": '{"call_count":true}'}, 0.0),
        ({"x-app-usage": "many"}, 0.0),
        ({"x-business-use-case-usage": '{"1":[{"estimated_time_to_regain_access":2}]}'}, 120.0),
        ({"x-business-use-case-usage": '{"1":[{"estimated_time_to_regain_access":999}]}'}, 3600.0),
        ({"x-business-use-case-usage": '{"1":[7],"2":{}}'}, 0.0),
    ],
)
def test_how_long_to_rest_is_read_from_metas_own_figures(
    headers: dict[str, str], seconds: float
) -> None:
    assert rest_s(_answer(headers)) == seconds


@pytest.mark.parametrize(
    "body", ['{"error":7}', '{"error":{"code":"190"}}', '{"error":{"code":true}}']
)
def test_an_error_without_a_number_means_what_its_status_means(body: str) -> None:
    assert means(Answer(500, {}, body), {}).status is SendStatus.UNKNOWN
