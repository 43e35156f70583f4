"""Each provider's signature is over the raw body, its own, and of now; then its words are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.tools.channels.receipts.signed import (
    SENDGRID_KEY,
    TWILIO_TOKEN,
    WEBHOOK_SECRET,
    sendgrid,
    twilio,
    webhook,
    whatsapp,
)
from tools.channels.receipts.machines import is_machine
from tools.channels.receipts.receipt import BadSignature, Malformed, Posted, Reader, Receipt
from tools.channels.receipts.sendgrid import SendGrid
from tools.channels.receipts.twilio import Twilio
from tools.channels.receipts.twilio import signature as twilio_signature
from tools.channels.receipts.webhook import SignedWebhook
from tools.channels.receipts.whatsapp import WhatsApp

AT_S = 1_772_539_200
NOW = AT_S * 1_000_000
MAIL = SendGrid.of(SENDGRID_KEY)
TEXT = Twilio("https://usher.example/", TWILIO_TOKEN)
META = WhatsApp("app-secret", "agreed")
SHOP = SignedWebhook.of(WEBHOOK_SECRET)
TARGET = "/v1/receipts/twilio?effect_id=eff_01abc"
OPEN = {"event": "open", "email": "a@b.example", "timestamp": AT_S, "sg_event_id": "sg1"}
STATUS = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+4915112345678"}
WAMID = {"id": "wamid.1", "status": "delivered", "timestamp": str(AT_S), "recipient_id": "49151"}
SAID = {"type": "opened", "channel": "email", "at": AT_S, "effect_id": "eff_01abc"}


def meta(**value: Any) -> dict[str, Any]:
    return {"entry": [{"changes": [{"field": "messages", "value": value}]}]}


def posted(made: tuple[bytes, Mapping[str, str]], target: str = "") -> Posted:
    body, headers = made
    return Posted(headers=headers, body=body, target=target, query={"effect_id": "eff_01abc"})


EACH: dict[str, tuple[Reader, Posted]] = {
    "sendgrid": (MAIL, posted(sendgrid([OPEN], at_s=AT_S))),
    "twilio": (TEXT, posted(twilio(f"https://usher.example{TARGET}", STATUS), TARGET)),
    "whatsapp": (META, posted(whatsapp(meta(statuses=[WAMID]), "app-secret"))),
    "webhook": (SHOP, posted(webhook(SAID, own="msg_1", at_s=AT_S))),
}


def one(reader: Reader, asked: Posted) -> Receipt:
    (receipt,) = reader.read(asked, now_us=NOW)
    return receipt


@pytest.mark.parametrize("name", sorted(EACH))
def test_what_is_signed_is_read_and_anything_else_is_not(name: str) -> None:
    reader, good = EACH[name]
    assert one(reader, good).provider == name == reader.provider
    changed: list[Posted] = [replace(good, body=good.body + b"&x=1")]
    for header, value in good.headers.items():
        if "signature" in header:
            changed.append(replace(good, headers={**good.headers, header: value[:-3] + "AAA"}))
            changed.append(replace(good, headers={**good.headers, header: "é,"}))
            changed.append(
                replace(good, headers={h: v for h, v in good.headers.items() if h != header})
            )
    for bad in changed:
        with pytest.raises(BadSignature):
            reader.read(bad, now_us=NOW)


@pytest.mark.parametrize("name", ["sendgrid", "webhook"])
@pytest.mark.parametrize("apart_s", [-301, 301])
def test_what_was_signed_too_long_ago_or_ahead_is_refused(name: str, apart_s: int) -> None:
    reader, good = EACH[name]
    assert reader.read(good, now_us=NOW + 299_000_000)
    with pytest.raises(BadSignature):
        reader.read(good, now_us=NOW + apart_s * 1_000_000)


def test_twilio_signs_the_address_it_calls_as_in_its_own_example() -> None:
    # Twilio's documentation, "Validating requests": the URL, the form and the token of its example.
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    made = twilio_signature(
        "12345", "https://example.com/myapp.php?foo=1&bar=2", list(form.items())
    )
    assert made == "L/OH5YylLD5NRKLltdqwSvS0BnU="
    reader, good = EACH["twilio"]
    with pytest.raises(BadSignature, match="USHER_PUBLIC_URL"):
        reader.read(replace(good, target="/v1/receipts/other"), now_us=NOW)


@pytest.mark.parametrize(
    ("event", "more", "kind", "permanent"),
    [
        ("processed", {}, "accepted", False),
        ("delivered", {}, "delivered", False),
        ("bounce", {"type": "bounce"}, "bounced", True),
        ("bounce", {"type": "blocked"}, "bounced", False),
        ("dropped", {}, "dropped", False),
        ("spamreport", {}, "complained", False),
        ("group_unsubscribe", {}, "unsubscribed", False),
    ],
)
def test_sendgrids_words(event: str, more: dict[str, Any], kind: str, permanent: bool) -> None:
    said = {**OPEN, "event": event, "effect_id": "eff_01abc", "status": "5.1.1 a@b.example", **more}
    found = one(MAIL, posted(sendgrid([said], at_s=AT_S)))
    assert (found.kind, found.permanent, found.effect_id) == (kind, permanent, "eff_01abc")
    assert found.reason is None, "a server's words may name somebody"
    assert found.at_us == NOW and found.channel == "email" and found.address == "a@b.example"


@pytest.mark.parametrize(
    ("form", "kind", "permanent"),
    [
        ({"MessageStatus": "queued"}, "accepted", False),
        ({"MessageStatus": "undelivered", "ErrorCode": "30003"}, "bounced", False),
        ({"MessageStatus": "undelivered", "ErrorCode": "30005"}, "bounced", True),
        ({"MessageStatus": "failed", "ErrorCode": "30001"}, "dropped", False),
        ({"MessageStatus": "failed", "ErrorCode": "21610"}, "bounced", True),
    ],
)
def test_twilios_words(form: dict[str, str], kind: str, permanent: bool) -> None:
    made = twilio(f"https://usher.example{TARGET}", {**STATUS, **form})
    found = one(TEXT, posted(made, TARGET))
    assert (found.kind, found.permanent, found.channel) == (kind, permanent, "sms")
    assert found.effect_id == "eff_01abc" and found.at_us == NOW


def test_what_somebody_wrote_to_a_number_is_a_reply() -> None:
    form = {"MessageSid": "SM2", "From": "whatsapp:+4915112345678", "To": "+1", "Body": "Hallo"}
    made = twilio(f"https://usher.example{TARGET}", {**form, "OptOutType": "STOP"})
    found = one(TEXT, posted(made, TARGET))
    assert (found.kind, found.text, found.opt_out) == ("replied", "Hallo", True)
    assert (found.channel, found.address) == ("whatsapp", "+4915112345678")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        ("sent", None, "accepted"),
        ("read", None, "opened"),
        ("failed", 131047, "dropped"),
        ("failed", 131026, "bounced"),
        ("failed", 131050, "unsubscribed"),
    ],
)
def test_metas_words(status: str, code: int | None, kind: str) -> None:
    said = {**WAMID, "status": status, "biz_opaque_callback_data": "eff_01abc"}
    if code is not None:
        said["errors"] = [{"code": code, "title": "to +4915112345678"}]
    found = one(META, posted(whatsapp(meta(statuses=[said]), "app-secret")))
    assert (found.kind, found.effect_id, found.address) == (kind, "eff_01abc", "+49151")
    assert found.reason == (None if code is None else f"failed {code}")


def test_what_somebody_answers_on_whatsapp_is_a_reply() -> None:
    said = {"id": "wamid.2", "from": "4915112345678", "timestamp": str(AT_S), "type": "button"}
    button = {**said, "button": {"text": "Stop"}}
    photo = {**said, "id": "wamid.3", "image": {}}
    body = whatsapp(meta(messages=[button, photo]), "app-secret")
    found = META.read(posted(body), now_us=NOW)
    assert [(r.kind, r.text, r.address) for r in found] == [
        ("replied", "Stop", "+4915112345678"),
        ("replied", "", "+4915112345678"),
    ]


@pytest.mark.parametrize("name", sorted(EACH))
def test_what_is_signed_and_cannot_be_read_says_what_is_wrong_and_quotes_nothing(name: str) -> None:
    signed: dict[str, Callable[[Any], tuple[bytes, dict[str, str]]]] = {
        "sendgrid": lambda body: sendgrid(body, at_s=AT_S),
        "twilio": lambda body: twilio(f"https://usher.example{TARGET}", {"Secret": "Ada"}),
        "whatsapp": lambda body: whatsapp(body, "app-secret"),
        "webhook": lambda body: webhook(body, own="msg_1", at_s=AT_S),
    }
    reader, _ = EACH[name]
    odd: list[Any] = [
        "Ada", {"entry": ["Ada"]}, {"type": "Ada", "channel": "email"}, ["Ada"],
        [{**OPEN, "timestamp": "Ada"}], [{**OPEN, "email": None}], meta(statuses=[{"id": "Ada"}]),
        {**SAID, "at": "Ada"}, {**SAID, "channel": "Ada"}, {**SAID, "effect_id": "Ada"},
    ]  # fmt: skip
    refused = 0
    for body in odd:
        try:
            reader.read(posted(signed[name](body), TARGET), now_us=NOW)
        except Malformed as bad:
            refused += 1
            assert "Ada" not in str(bad)
    assert refused >= 3


def test_keys_that_are_none_are_refused_at_the_start() -> None:
    for key in ("", "Ada", WEBHOOK_SECRET):
        with pytest.raises(ValueError, match="public_key"):
            SendGrid.of(key)
    with pytest.raises(ValueError, match="whsec_"):
        SignedWebhook.of("whsec_AAAA")
    for reader in (TEXT, META, SHOP):
        assert not any(s in repr(reader) for s in (TWILIO_TOKEN, "app-secret", "agreed"))


@pytest.mark.parametrize(
    ("agent", "machine"),
    [
        ("Mozilla/5.0 (Windows NT 5.1) Firefox/11.0 (via ggpht.com GoogleImageProxy)", True),
        ("python-requests/2.31", True),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", True),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15", False),
        ("", False),
        (None, False),
    ],
)  # fmt: skip
def test_programs_are_told_by_their_own_names(agent: object, machine: bool) -> None:
    assert is_machine(agent) is machine
