"""SendGrid, Twilio and a signed webhook keep the contract of channels against a real peer (P3)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.tools.channels.contract import ChannelContract, letter_of, ours
from tests.tools.channels.http_peer import HttpPeer, Seen, http_peer
from tools.channels import standard_webhooks
from tools.channels.channel import Channel, Letter, SendResult, SendStatus
from tools.channels.http_call import HttpCall, Waits
from tools.channels.sendgrid import Sendgrid
from tools.channels.trial import NotAnAddress, Trial, Tried
from tools.channels.twilio import Twilio
from tools.channels.webhook import Webhook

KEY = bytes(range(32))
AT = 1_700_000_000
ACCOUNT, SERVICE, SID = "AC" + "0" * 32, "MG" + "0" * 32, "SM" + "1" * 32
MAIL = (
    b"From: Haus Alba <hello@haus-alba.example>\r\n"
    b"To: ada@customer.example\r\n"
    b"Date: Tue, 03 Mar 2026 12:00:00 +0000\r\n"
    b"Message-ID: <eff_01k2m3n4p5q6r7s8t9v0w1x2y3@haus-alba.example>\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Subject: =?utf-8?q?Ihr_Korb=2C_sch=C3=B6n?=\r\n"
    b"List-Unsubscribe: <https://usher.haus-alba.example/u/abc>,\r\n"
    b" <mailto:hello@haus-alba.example>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b'Content-Type: multipart/alternative; boundary="=_1"\r\n'
    b"Content-Language: de\r\n"
    b"\r\n"
    b"--=_1\r\n"
    b'Content-Type: text/plain; charset="utf-8"\r\n'
    b"Content-Transfer-Encoding: quoted-printable\r\n"
    b"\r\n"
    b"Die Lampe ist sch=C3=B6n.\r\n"
    b"--=_1\r\n"
    b'Content-Type: text/html; charset="utf-8"\r\n'
    b"Content-Transfer-Encoding: quoted-printable\r\n"
    b"\r\n"
    b"<p>Die Lampe ist sch=C3=B6n.</p>\r\n"
    b"--=_1--\r\n"
)
TEXT = "Die Lampe ist schön. STOP".encode()
ASKED = b'{"amount_minor":500,"currency":"EUR","note":"sch\xc3\xb6n"}'


def _sendgrid(url: str, waits: Waits) -> Channel:
    return Sendgrid("mail", HttpCall(url, waits=waits), key="SG.sesame")


def _twilio(url: str, waits: Waits) -> Channel:
    public = "https://usher.haus-alba.example"
    call = HttpCall(url, waits=waits)
    return Twilio("text", call, account=ACCOUNT, token="sesame", public_url=public)


def _webhook(url: str, waits: Waits) -> Channel:
    call = HttpCall(url + "/hook?shop=1", waits=waits)
    return Webhook("shop", call, keys=[KEY], kinds=("voucher", "ticket"), wall=lambda: AT)


def _mail_in(seen: Seen) -> bytes:
    """The whole letter where its texts have arrived, else what did."""
    told = json.loads(seen.body)
    texts = [part["value"].rstrip() for part in told["content"]]
    whole = texts == ["Die Lampe ist schön.", "<p>Die Lampe ist schön.</p>"]
    return MAIL if whole else seen.body


def _text_in(seen: Seen) -> bytes:
    return parse_qs(seen.body.decode())["Body"][0].encode()


def _asked_in(seen: Seen) -> bytes:
    return seen.body.partition(b'"request":')[2].removesuffix(b"}}")


@dataclass(frozen=True)
class Kind:
    """A channel under test: how it is made, what it carries, and how that is read at the peer."""

    make: Callable[[str, Waits], Channel]
    kind: str
    raw: bytes
    read: Callable[[Seen], bytes]
    takes: dict[str, Any]
    path: str


_TEXTS = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
_MADE = {"status": 201, "body": json.dumps({"sid": SID, "status": "queued", "error_code": None})}
_MAILED = {"status": 202, "headers": {"X-Message-Id": "14c5d75ce93"}}
KINDS = {
    "sendgrid": Kind(_sendgrid, "email", MAIL, _mail_in, _MAILED, "/v3/mail/send"),
    "twilio": Kind(_twilio, "sms", TEXT, _text_in, _MADE, _TEXTS),
    "webhook": Kind(_webhook, "voucher", ASKED, _asked_in, {"status": 204}, "/hook?shop=1"),
}
SHORT = Waits(answer=0.2, write=0.1)


@pytest.fixture(scope="module")
def running() -> Iterator[HttpPeer]:
    with http_peer() as peer:
        yield peer


@pytest.fixture
def peer(running: HttpPeer) -> HttpPeer:
    running.answers()
    return running


@pytest.fixture(params=list(KINDS))
def of(request: pytest.FixtureRequest) -> Kind:
    return KINDS[str(request.param)]


def letter(of: Kind, raw: bytes | None = None) -> Letter:
    made = letter_of(of.raw if raw is None else raw, customer_id="cus_1", channel=of.kind)
    return replace(made, to="cart_7") if of.kind == "voucher" else made


class TestHttpChannels(ChannelContract):
    """The contract, for each of them."""

    @pytest.fixture(autouse=True)
    def _with(self, peer: HttpPeer, of: Kind) -> None:
        self.peer, self.of, self.url = peer, of, peer.url
        peer.answers(*[of.takes] * 20)

    def make_channel(self) -> Channel:
        return _Movable(self)

    def letter(self) -> Letter:
        return letter(self.of)

    def arrived(self) -> list[bytes]:
        found = [(one.headers.get("webhook-id"), self.of.read(one)) for one in self.peer.seen()]
        # Whoever receives a webhook does it once for one id.
        return [
            raw for n, (key, raw) in enumerate(found) if key is None or found[n] not in found[:n]
        ]

    def block(self) -> None:
        self.url = "http://127.0.0.1:9"


class _Movable:
    """A channel whose other side can go away in the middle of a test."""

    def __init__(self, test: TestHttpChannels) -> None:
        self._test = test
        made = self._now()
        self.name, self.kinds, self.deduplicates = made.name, made.kinds, made.deduplicates

    def _now(self) -> Channel:
        return self._test.of.make(self._test.url, Waits())

    async def send(self, letter: Letter, *, still_ours: Any) -> SendResult:
        return await self._now().send(letter, still_ours=still_ours)


async def sent(of: Kind, peer: HttpPeer, what: Letter | None = None) -> SendResult:
    waits = Waits()
    return await of.make(peer.url, waits).send(what or letter(of), still_ours=ours)


async def test_p3_what_was_lost_after_the_request_is_unknown(of: Kind, peer: HttpPeer) -> None:
    for badly in ("hangs_up", "breaks_off", "nonsense"):
        peer.answers(badly)
        result = await sent(of, peer)
        assert (result.status, result.provider_id) == (SendStatus.UNKNOWN, None), badly
        assert len(peer.seen()) == 1
    peer.answers("silent")
    result = await of.make(peer.url, SHORT).send(letter(of), still_ours=ours)
    assert (result.status, "in time" in result.detail) == (SendStatus.UNKNOWN, True)


async def test_p3_a_poison_letter_stops_no_other(of: Kind, peer: HttpPeer) -> None:
    peer.answers({"status": 400, "body": "ada@customer.example"}, "twice", of.takes)
    channel = of.make(peer.url, Waits())
    results = [await channel.send(letter(of, raw), still_ours=ours) for raw in (b"\xff", of.raw)]
    results += [await channel.send(letter(of), still_ours=ours) for _ in range(2)]
    assert [result.status.value for result in results] == ["refused", "refused", "sent", "sent"]
    assert all("ada" not in result.detail for result in results)


_EVERYWHERE = [
    (301, "not_sent", "not_sent"),
    (400, "refused", "refused"),
    (401, "not_sent", "refused"),
    (403, "not_sent", "refused"),
    (404, "not_sent", "refused"),
    (408, "not_sent", "not_sent"),
    (409, "refused", "sent"),
    (410, "refused", "refused"),
    (413, "refused", "refused"),
    (429, "not_sent", "not_sent"),
    (500, "unknown", "unknown"),
    (502, "unknown", "unknown"),
    (503, "not_sent", "not_sent"),
]


@pytest.mark.parametrize(("status", "becomes", "by_webhook"), _EVERYWHERE)
async def test_p3_each_status_means_one_thing(
    of: Kind, peer: HttpPeer, status: int, becomes: str, by_webhook: str
) -> None:
    peer.answers({"status": status, "body": '{"message": "ada@customer.example +4915112345678"}'})
    result = await sent(of, peer)
    expected = by_webhook if of.kind == "voucher" else becomes
    assert result.status.value == expected
    assert "ada" not in result.detail and "4915" not in result.detail
    assert str(status) in result.detail or expected == "sent"


async def test_each_is_asked_where_its_vendor_says(of: Kind, peer: HttpPeer) -> None:
    await sent(of, peer)
    [seen] = peer.seen()
    assert (seen.method, seen.path) == ("POST", of.path)


async def test_sendgrid_is_given_the_letters_own_parts(peer: HttpPeer) -> None:
    peer.answers(_MAILED)
    result = await sent(KINDS["sendgrid"], peer)
    assert result == SendResult(SendStatus.SENT, "sendgrid:14c5d75ce93", "")
    [seen] = peer.seen()
    assert seen.headers["authorization"] == "Bearer SG.sesame"
    told = json.loads(seen.body)
    assert told["personalizations"] == [
        {
            "to": [{"email": "ada@customer.example"}],
            "custom_args": {"effect_id": "eff_01k2m3n4p5q6r7s8t9v0w1x2y3"},
        }
    ]
    assert told["from"] == {"email": "hello@haus-alba.example", "name": "Haus Alba"}
    assert told["subject"] == "Ihr Korb, schön"
    assert [part["type"] for part in told["content"]] == ["text/plain", "text/html"]
    assert told["headers"] == {
        "Message-ID": "<eff_01k2m3n4p5q6r7s8t9v0w1x2y3@haus-alba.example>",
        "List-Unsubscribe": "<https://usher.haus-alba.example/u/abc>, "
        "<mailto:hello@haus-alba.example>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Content-Language": "de",
    }
    on = [one for one in {**told["tracking_settings"], **told["mail_settings"]}.values()]
    assert not any(one["enable"] for one in on)


_ATTACHED = MAIL.replace(b"multipart/alternative", b"multipart/mixed")
_CALENDAR = MAIL.replace(b"text/html", b"text/calendar")
_OTHER_SENDER = MAIL.replace(b"<hello@", b"<eve@")


@pytest.mark.parametrize(
    ("raw", "why"),
    [(_ATTACHED, "attachment"), (_CALENDAR, "neither"), (_OTHER_SENDER, "another sender")],
)
async def test_what_sendgrid_could_not_write_is_refused(
    peer: HttpPeer, raw: bytes, why: str
) -> None:
    of = KINDS["sendgrid"]
    result = await sent(of, peer, letter(of, raw))
    assert (result.status, why in result.detail) == (SendStatus.REFUSED, True)
    assert peer.seen() == []


async def test_sendgrid_in_the_wrong_region_has_taken_nothing(peer: HttpPeer) -> None:
    peer.answers({"status": 451})
    result = await sent(KINDS["sendgrid"], peer)
    assert (result.status, "base_url" in result.detail) == (SendStatus.NOT_SENT, True)


async def test_twilio_is_given_text_number_and_where_receipts_go(peer: HttpPeer) -> None:
    peer.answers(_MADE)
    of = KINDS["twilio"]
    result = await sent(of, peer)
    assert result == SendResult(SendStatus.SENT, f"twilio:{SID}", "")
    [seen] = peer.seen()
    login = base64.b64decode(seen.headers["authorization"].removeprefix("Basic "))
    assert login == f"{ACCOUNT}:sesame".encode()
    callback = "https://usher.haus-alba.example/v1/receipts/twilio"
    assert parse_qs(seen.body.decode(), strict_parsing=True) == {
        "To": ["+4915112345678"],
        "From": ["hello@haus-alba.example"],
        "Body": [TEXT.decode()],
        "StatusCallback": [f"{callback}?effect_id=eff_01k2m3n4p5q6r7s8t9v0w1x2y3"],
    }


async def test_a_messaging_service_chooses_the_sender(peer: HttpPeer) -> None:
    call = HttpCall(peer.url)
    twilio = Twilio("text", call, account=ACCOUNT, token="t", messaging_service=SERVICE)
    await twilio.send(letter(KINDS["twilio"]), still_ours=ours)
    form = parse_qs(peer.seen()[0].body.decode())
    assert (form["MessagingServiceSid"], "From" in form) == ([SERVICE], False)
    assert "StatusCallback" not in form


_CODES = [
    (400, {"code": 21610}, "refused", "STOP"),
    (400, {"code": 21211}, "refused", "21211"),
    (400, {"code": 21614}, "refused", "not a mobile"),
    (400, {"code": 21606}, "not_sent", "check sender"),
    (429, {"code": 20429}, "not_sent", "429"),
    (401, {"code": 20003}, "not_sent", "token_env"),
    (400, {"code": 99999}, "refused", "400"),
    (400, ["odd"], "refused", "400"),
    (201, {"sid": SID, "status": "failed", "error_code": 30005}, "refused", "nobody has"),
    (201, {"sid": SID, "status": "failed", "error_code": 30008}, "unknown", "30008"),
    (201, {"sid": SID, "status": "failed", "error_code": None}, "refused", "could not send"),
    (201, {"sid": "+4915112345678"}, "sent", ""),
]


@pytest.mark.parametrize(("status", "body", "becomes", "why"), _CODES)
async def test_p3_twilios_codes_say_what_became_of_a_text(
    peer: HttpPeer, status: int, body: Any, becomes: str, why: str
) -> None:
    peer.answers({"status": status, "body": json.dumps(body)})
    result = await sent(KINDS["twilio"], peer)
    assert (result.status.value, why in result.detail) == (becomes, True)
    assert "4915" not in f"{result.detail}{result.provider_id}"
    assert result.opted_out == (why == "STOP")


@pytest.mark.parametrize("to", ["", "+49", "0151 1234567", "+49151\n", "ada@customer.example"])
async def test_p11_what_is_no_number_gets_no_text(peer: HttpPeer, to: str) -> None:
    of = KINDS["twilio"]
    result = await sent(of, peer, replace(letter(of), to=to))
    assert result.status is SendStatus.REFUSED
    assert peer.seen() == []


async def test_a_webhook_is_signed_over_what_was_decided_on(peer: HttpPeer) -> None:
    of = KINDS["webhook"]
    await sent(of, peer)
    [seen] = peer.seen()
    key = standard_webhooks.verify([KEY], seen.headers, seen.body, now_s=AT)
    assert key == letter(of).idempotency_key
    assert json.loads(seen.body) == {
        "type": "effect.requested",
        "timestamp": "2023-11-14T22:13:20Z",
        "data": {
            "effect_id": "eff_01k2m3n4p5q6r7s8t9v0w1x2y3",
            "kind": "voucher",
            "to": "cart_7",
            "request": json.loads(ASKED),
        },
    }


@pytest.mark.parametrize("raw", [b"[]", b"7", b'{"a":NaN}', b'{"a":1', b'{"a":"\xff"}', b""])
async def test_what_is_no_json_object_is_asked_of_nobody(peer: HttpPeer, raw: bytes) -> None:
    of = KINDS["webhook"]
    assert (await sent(of, peer, letter(of, raw))).status is SendStatus.REFUSED
    assert peer.seen() == []


@pytest.mark.parametrize(("kind", "raw", "name"), [("email", MAIL, "mime"), ("sms", TEXT, "text")])
async def test_a_webhook_may_carry_what_people_read(
    peer: HttpPeer, kind: str, raw: bytes, name: str
) -> None:
    hook = Webhook("shop", HttpCall(peer.url), keys=[KEY], kinds=("sms", "email"))
    assert hook.kinds == ("email", "sms")
    made = letter_of(raw, customer_id="cus_1", channel=kind)
    assert (await hook.send(made, still_ours=ours)).status is SendStatus.SENT
    [seen] = peer.seen()
    assert json.loads(seen.body)["data"]["request"][name].encode() == raw


async def test_a_test_letter_is_one_that_the_channel_carries(of: Kind, peer: HttpPeer) -> None:
    peer.answers(of.takes)
    channel = of.make(peer.url, Waits())
    assert isinstance(channel, Tried)
    to = {"email": "ops@team.example", "sms": "+4930123456"}.get(of.kind, "cart_1")
    about = Trial("it", of.kind, "chk_1", to, "hello@haus-alba.example", "Haus Alba", AT * 10**6)
    told: list[str] = []
    result = await channel.send(channel.to_try(about), still_ours=ours, told=told.append)
    assert result.status is SendStatus.SENT
    assert [channel.steps[step] for step in told] == list(channel.steps.values())
    assert len(peer.seen()) == 1
    if of.kind != "voucher":
        with pytest.raises(NotAnAddress):
            channel.to_try(replace(about, to="nobody"))


def test_secrets_are_not_shown(of: Kind) -> None:
    made = of.make("https://api.example", Waits())
    assert "sesame" not in repr(made)
