"""Google's lists keep the contract of channels, and say what Google's answers mean (P3)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.tools.channels.contract import ChannelContract, letter_of, ours, taken
from tests.tools.channels.vendor_peer import Vendors, vendors, way
from tools.channels.audience_members import of_google
from tools.channels.channel import Letter, SendResult, SendStatus
from tools.channels.google_audience import GoogleAccount, GoogleAudience, body_of
from tools.channels.google_token import GoogleToken, Grant

ADD = b'{"action":"add","audience":"lapsed"}'
ACCOUNT = GoogleAccount("1234567890")
LIST = "8765"


@pytest.fixture(scope="module")
def google() -> Iterator[Vendors]:
    with vendors() as running:
        yield running


def channel(
    url: str, *, account: GoogleAccount = ACCOUNT, monotonic: Callable[[], float] = lambda: 0.0
) -> GoogleAudience:
    grant = Grant("client-1", "client-secret", "refresh-secret")
    token = GoogleToken(way(url), grant, monotonic=monotonic)
    return GoogleAudience("ads", way(url), token, account, {"lapsed": LIST})


def letter(raw: bytes = ADD, to: str = "Jane.Doe+shop@gmail.com") -> Letter:
    return replace(letter_of(raw, customer_id="cus_1", channel="audience"), to=to)


def asked(vendor: Vendors) -> list[Any]:
    return [seen for seen in vendor.seen() if seen.path != "/token"]


class TestGoogleAudience(ChannelContract):
    """The contract. Who is on the list is who has arrived."""

    @pytest.fixture(autouse=True)
    def _with(self, google: Vendors) -> None:
        self.google, self.peer = google, google.fresh()

    def make_channel(self) -> GoogleAudience:
        return channel(self.peer.url)

    def letter(self) -> Letter:
        return letter()

    def arrived(self) -> list[bytes]:
        member = of_google(self.letter().to)
        assert member is not None
        on_it = {seen.body for seen in asked(self.google)}
        return [ADD if body == body_of("add", ACCOUNT, LIST, member) else body for body in on_it]

    def block(self) -> None:
        self.google.stop()


async def test_one_hash_is_put_on_the_list_with_terms_and_consent(google: Vendors) -> None:
    url = google.fresh().url
    raw = b'{"action":"add","audience":"lapsed","consent":true}'
    login = GoogleAccount("1234567890", "9999999999")
    result = await channel(url, account=login).send(letter(raw), still_ours=ours)
    assert result == SendResult(SendStatus.SENT, f"google:{letter().effect_id}", "")
    [token, seen] = google.seen()
    form = parse_qs(token.body.decode())
    assert (form["grant_type"], form["refresh_token"]) == (["refresh_token"], ["refresh-secret"])
    assert (seen.method, seen.path) == ("POST", "/v1/audienceMembers:ingest")
    assert seen.headers["authorization"].startswith("Bearer ya29.")
    member = of_google("janedoe@gmail.com")
    assert member is not None
    granted = "CONSENT_GRANTED"
    assert json.loads(seen.body) == {
        "destinations": [
            {
                "operatingAccount": {"accountType": "GOOGLE_ADS", "accountId": "1234567890"},
                "loginAccount": {"accountType": "GOOGLE_ADS", "accountId": "9999999999"},
                "productDestinationId": LIST,
            }
        ],
        "audienceMembers": [{"userData": {"userIdentifiers": [{"emailAddress": member.sha256}]}}],
        "encoding": "HEX",
        "termsOfService": {"customerMatchTermsOfServiceStatus": "ACCEPTED"},
        "consent": {"adUserData": granted, "adPersonalization": granted},
    }


async def test_whoever_leaves_is_taken_off(google: Vendors) -> None:
    raw = b'{"action":"remove","audience":"lapsed"}'
    url = google.fresh().url
    result = await channel(url).send(letter(raw, "+49 151 12345678"), still_ours=ours)
    assert result.status is SendStatus.SENT
    [seen] = asked(google)
    assert seen.path == "/v1/audienceMembers:remove"
    said = json.loads(seen.body)
    assert list(said["audienceMembers"][0]["userData"]["userIdentifiers"][0]) == ["phoneNumber"]
    assert "termsOfService" not in said
    assert b"151" not in seen.body.replace(said["audienceMembers"][0]["userData"][
        "userIdentifiers"][0]["phoneNumber"].encode(), b"")  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "to", "said"),
    [
        (b"7", "ada@customer.example", "one JSON object"),
        (b'{"audience":"lapsed"}', "ada@customer.example", "neither"),
        (b'{"action":"add"}', "ada@customer.example", "names no audience"),
        (ADD, "+tag@gmail.com", "neither an e-mail address"),
    ],
)
async def test_what_cannot_be_asked_is_refused_before_google_is_asked(
    google: Vendors, raw: bytes, to: str, said: str
) -> None:
    result = await channel(google.fresh().url).send(letter(raw, to), still_ours=ours)
    assert (result.status, said in result.detail) == (SendStatus.REFUSED, True)
    assert google.seen() == []


def error(status: int, field: str = "audience_members[0]") -> Any:
    details = [{"fieldViolations": [{"field": field, "description": "jane.doe is wrong"}]}]
    told = {"code": status, "message": "jane.doe@gmail.com", "details": details}
    return {"status": status, "body": json.dumps({"error": told})}


TOKEN = {"status": 200, "body": '{"access_token":"t","expires_in":3599}'}
_ERRORS = [
    ([TOKEN, error(400)], SendStatus.REFUSED, "400"),
    ([TOKEN, error(400, "destinations[0].product")], SendStatus.NOT_SENT, "check the ids"),
    ([TOKEN, error(401)], SendStatus.NOT_SENT, "401"),
    ([TOKEN, error(403)], SendStatus.NOT_SENT, "403"),
    ([TOKEN, error(429)], SendStatus.NOT_SENT, "429"),
    ([TOKEN, error(500)], SendStatus.UNKNOWN, "500"),
    ([TOKEN, error(503)], SendStatus.NOT_SENT, "503"),
    ([TOKEN, "breaks_off"], SendStatus.UNKNOWN, "hung up"),
    ([{"status": 400, "body": '{"error":"invalid_grant"}'}], SendStatus.NOT_SENT, "refresh token"),
    ([{"status": 500}], SendStatus.NOT_SENT, "no access token"),
    ([{"status": 200, "body": "{}"}], SendStatus.NOT_SENT, "no access token"),
    (["breaks_off"], SendStatus.NOT_SENT, "no access token"),
]


@pytest.mark.parametrize(("script", "status", "said"), _ERRORS, ids=lambda value: str(value)[:40])
async def test_p3_what_google_answers_is_what_the_channel_says(
    google: Vendors, script: list[Any], status: SendStatus, said: str
) -> None:
    peer = google.fresh()
    peer.answers(*script)
    result = await channel(peer.url).send(letter(), still_ours=ours)
    assert result.status is status
    assert said in result.detail
    for secret in ("jane", "client-secret", "refresh-secret"):
        assert secret not in result.detail


async def test_a_token_is_got_once_and_again_before_it_ends(google: Vendors) -> None:
    now = [0.0]
    ads = channel(google.fresh().url, monotonic=lambda: now[0])
    sending = [ads.send(letter(), still_ours=ours) for _ in range(4)]
    assert {one.status for one in await asyncio.gather(*sending)} == {SendStatus.SENT}
    assert [seen.path for seen in google.seen()].count("/token") == 1
    now[0] = 3599.0 - 60.0
    await ads.send(letter(), still_ours=ours)
    assert [seen.path for seen in google.seen()].count("/token") == 2


async def test_a_token_that_is_not_taken_is_got_anew(google: Vendors) -> None:
    peer = google.fresh()
    peer.answers(TOKEN)
    ads = channel(peer.url)
    assert (await ads.send(letter(), still_ours=ours)).status is SendStatus.NOT_SENT
    assert (await ads.send(letter(), still_ours=ours)).status is SendStatus.SENT


async def test_p3_a_claim_that_is_gone_tells_google_nothing_of_the_person(google: Vendors) -> None:
    await channel(google.fresh().url).send(letter(), still_ours=taken)
    assert asked(google) == []


def test_p5_no_secret_is_printed() -> None:
    assert "secret" not in repr(Grant("client-1", "client-secret", "refresh-secret"))
