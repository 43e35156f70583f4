"""`send_email` and `send_sms`: the file is the message, the planner fills its own slots (P14)."""

from __future__ import annotations

import email
import email.policy
import hashlib
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.verdict import Outcome
from tests.tools.pictures import (
    LAMP,
    NOW,
    OFFER,
    a_call,
    a_picture,
    a_profile,
    a_setting,
    decided,
    sending,
)
from tools.gate import decide
from tools.instants import DAY_US
from tools.picture import Picture
from tools.tool import Prepared, Setting, ToolRefused


def prepared(
    tool: str = "send_email",
    args: dict[str, Any] | None = None,
    picture: Picture | None = None,
    setting: Setting | None = None,
) -> Prepared:
    """What a call becomes before it is claimed."""
    picture, setting = picture or a_picture(), setting or a_setting()
    answer = decide(picture, a_call(tool, args or sending()), setting)
    assert answer.tool is not None and answer.tool.prepare is not None and answer.args is not None
    return answer.tool.prepare(picture, answer.args, setting, "eff_1")


def mail_of(letter: Prepared) -> EmailMessage:
    raw = letter.body["raw"].encode()
    assert hashlib.sha256(raw).hexdigest() == letter.sha256
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_the_bytes_that_are_kept_are_the_mail_that_arrives() -> None:
    letter = prepared(args=sending(slots={"opening": "The lamp is still there."}))
    mail = mail_of(letter)
    assert mail["To"] == letter.to == letter.body["to"] == "ada@customer.example"
    assert "hello@haus-alba.example" in mail["From"]
    assert "The lamp is still there." in text_of(mail)
    assert letter.result == {"message": "cart_reminder", "locale": "en"}
    assert (letter.message_class, letter.purpose) == ("marketing", "marketing")
    assert letter.hands_over and letter.holds_stock


@pytest.mark.parametrize(
    ("locale", "chosen"),
    [("de-AT", "de"), ("de", "de"), ("en_GB", "en"), ("fr", "en"), (None, "en")],
)
def test_the_message_is_in_the_persons_language_or_its_default(
    locale: str | None, chosen: str
) -> None:
    letter = prepared(picture=a_picture(profile=a_profile(locale=locale)))
    assert letter.result["locale"] == chosen
    html = mail_of(letter).get_body(("html",))
    assert html is not None and f'<html lang="{chosen}">' in str(html.get_content())


def test_the_way_out_is_a_link_of_this_effect_where_there_is_a_public_address() -> None:
    ways = mail_of(prepared())["List-Unsubscribe"]
    assert f"<https://shop.haus-alba.example/u/eff_1.{'0' * 32}>" in ways
    slashed = a_setting(public_url="https://shop.haus-alba.example/")
    assert "example/u/eff_1." in mail_of(prepared(setting=slashed))["List-Unsubscribe"]


def test_without_a_public_address_the_way_out_is_the_brands_mailbox() -> None:
    mail = mail_of(prepared(setting=a_setting(public_url=None)))
    assert "mailto:unsubscribe@haus-alba.example" in mail["List-Unsubscribe"]
    assert "/u/" not in mail["List-Unsubscribe"]


def test_live_marketing_mail_needs_the_link() -> None:
    live = a_setting(public_url=None, mode="live")
    with pytest.raises(ToolRefused, match="USHER_PUBLIC_URL"):
        prepared(setting=live)
    assert prepared(setting=replace(live, public_url="https://shop.example")).sha256
    assert prepared("send_sms", sending("cart_reminder_sms"), setting=live).sha256


def test_a_text_message_is_plain_words_with_a_way_out() -> None:
    letter = prepared("send_sms", sending("cart_reminder_sms"))
    assert letter.to == "+4917612345678"
    assert letter.body["raw"].startswith("Haus Alba: ") and "STOP" in letter.body["raw"]
    assert "/u/" not in letter.body["raw"]


def test_an_offer_stands_in_the_mail_as_it_was_made() -> None:
    args = sending("cart_reminder_offer", offer_id="off_1")
    letter = prepared(args=args, picture=a_picture(offers=(OFFER,)))
    assert (letter.amount_minor, letter.currency) == (1_190, "EUR")
    text = text_of(mail_of(letter))
    assert "ALBA234567" in text and "10%" in text.replace("\u202f", "").replace(" ", "")


def test_an_offer_is_not_given_to_a_message_that_does_not_show_it() -> None:
    picture = a_picture(offers=(OFFER,))
    with pytest.raises(ToolRefused, match="leave offer_id out"):
        prepared(args=sending(offer_id="off_1"), picture=picture)


def test_a_channel_without_a_sender_is_no_channel() -> None:
    with pytest.raises(ToolRefused, match="no sender"):
        prepared(setting=a_setting(sender={}))


@pytest.mark.parametrize(
    "words",
    [
        "Pay at https://evil.example now",
        "See evil.example for more",
        "Only 5 € today",
        "You get 20 % off",
        "Use the voucher SAVE20",
        "Call 0176 1234567",
        "Hello\r\nBcc: eve@evil.example",
        "Hello\u202egnp.exe",
        "x" * 141,
        "guaranteed to please",
    ],
)
def test_p14_hostile_words_in_a_slot_are_refused_with_the_slots_name(words: str) -> None:
    with pytest.raises(ToolRefused, match="opening"):
        prepared(args=sending(slots={"opening": words}))


@pytest.mark.parametrize("slot", ["code", "discount", "cart_url", "first_name", "unsubscribe", "x"])
def test_p14_a_planner_fills_only_its_own_slots(slot: str) -> None:
    with pytest.raises(ToolRefused, match=slot):
        prepared(args=sending(slots={slot: "SAVE20"}))


@pytest.mark.parametrize("name", ["Ada\r\nBcc: eve@evil.example", "<b>Ada</b>", "{{ 7*7 }}"])
def test_p14_what_customers_call_themselves_is_only_ever_text(name: str) -> None:
    picture = a_picture(
        profile=a_profile(firstName=name),
        lines=(replace(LAMP, name="</p><script>alert(1)</script>{{ brand }}"),),
    )
    mail = mail_of(prepared(picture=picture))
    assert mail["Bcc"] is None
    html = mail.get_body(("html",))
    assert html is not None
    content = str(html.get_content())
    assert "<script>" not in content and "<b>Ada" not in content and "49" not in content


@given(st.text(max_size=160))
@settings(max_examples=150, deadline=None)
def test_p14_words_change_words_and_nothing_else(words: str) -> None:
    answer = decided("send_email", sending(slots={"opening": words}))
    plain = decided("send_email", sending())
    if answer.verdict.outcome is Outcome.DENY:  # half a character
        assert answer.args is None
        return
    assert (answer.facts, answer.verdict.fired) == (plain.facts, plain.verdict.fired)
    try:
        letter = prepared(args=sending(slots={"opening": words}))
    except ToolRefused:
        return
    honest = prepared()
    mail, plain_mail = mail_of(letter), mail_of(honest)
    assert [(k, mail[k]) for k in mail] == [(k, plain_mail[k]) for k in plain_mail]
    assert replace(letter, body={}, sha256=None) == replace(honest, body={}, sha256=None)


@pytest.mark.parametrize(
    ("until", "minutes"),
    [
        ("2026-01-05T10:01:00Z", 1),
        ("2026-01-05T11:00:59.999999+01:00", 0),
        ("2026-01-05T11:00:00+01:00", 0),
        ("1970-01-01T00:00:00Z", 0),
        ("0001-01-01T00:00:00+23:59", 0),
        ("9999-12-31T23:59:59.999999-23:59", 30 * 1_440),
    ],
)
def test_p12_how_long_it_is_of_use_is_exact_and_at_most_thirty_days(
    until: str, minutes: int
) -> None:
    args = {"message": "cart_reminder", "useful_until": until}
    assert decided("send_email", args).facts["action.useful_minutes"] == minutes


def test_no_message_is_of_use_for_longer_than_thirty_days() -> None:
    assert prepared(args=sending(hours=24 * 400)).expires_at == NOW + 30 * DAY_US
