"""Rendering: the exact bytes, the same every time, and nothing in a slot leaves its place."""

from __future__ import annotations

import email
import hashlib
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.brand import Brand, parse_brand
from prompts.messages import SlotError, fill, parse_message
from prompts.rendering import Rendered, render, segments
from tests.prompts.files import BRAND, EMAIL, SMS, swapped

brand = parse_brand(BRAND, "brand.md")
message = parse_message(EMAIL, "reminder.en.md")
NOON = 1_772_539_200_000_000
SLOTS = {
    "first_name": "Ada",
    "opening": "The lamp is still here.",
    "items": "Desk lamp",
    "cart_url": "https://shop.example/cart",
}


def written(file: Any = message, of: Brand = brand, **given: Any) -> Rendered:
    parts: dict[str, Any] = {
        "slots": SLOTS,
        "to": "ada@customer.example",
        "sender": "hello@haus-alba.example",
        "unsubscribe_url": "https://usher.example/u/token",
        "message_id": "eff_01",
        "date_us": NOON,
    }
    return render(file, of, **{**parts, **given})


def parsed(raw: bytes) -> EmailMessage:
    mail = email.message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    assert not mail.defects
    return mail


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


def tags_of(html: str) -> tuple[list[str], list[str]]:
    reader = _Tags()
    reader.feed(html)
    return reader.tags, reader.attributes


def test_an_e_mail_arrives_as_a_mail_program_expects_it() -> None:
    rendered = written()
    mail = parsed(rendered.raw)
    assert mail["From"] == "Haus Alba <hello@haus-alba.example>"
    assert mail["To"] == "ada@customer.example"
    assert mail["Subject"] == rendered.subject == "Ada your cart"
    assert mail["Message-ID"] == "<eff_01@haus-alba.example>"
    assert mail["Date"] == "Tue, 03 Mar 2026 12:00:00 +0000"
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert rendered.sha256 == hashlib.sha256(rendered.raw).hexdigest()
    assert rendered.raw.isascii()
    assert all(len(line) <= 998 for line in rendered.raw.split(b"\r\n"))
    assert b"\n" not in rendered.raw.replace(b"\r\n", b"")


def test_the_same_input_gives_the_same_bytes() -> None:
    assert written().raw == written().raw
    assert written().raw != written(message_id="eff_02").raw


def test_marketing_carries_the_way_out_and_the_postal_address_in_both_parts() -> None:
    mail = parsed(written().raw)
    assert mail["List-Unsubscribe"] == (
        "<https://usher.example/u/token>, <mailto:stop@haus-alba.example?subject=unsubscribe>"
    )
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for kind in ("plain", "html"):
        assert "https://usher.example/u/token" in body(mail, kind)
        assert "Lindenallee 12" in body(mail, kind)


def test_a_long_way_out_is_neither_cut_nor_encoded() -> None:
    url = "https://usher.example/u/" + "a1_-" * 60
    raw = written(unsubscribe_url=url).raw
    assert f"List-Unsubscribe: <{url}>,\r\n <mailto:".encode() in raw


def test_without_a_public_address_the_mailbox_is_the_way_out() -> None:
    mail = parsed(written(unsubscribe_url=None).raw)
    assert mail["List-Unsubscribe"] == "<mailto:stop@haus-alba.example?subject=unsubscribe>"
    assert mail["List-Unsubscribe-Post"] is None
    assert "Unsubscribe: stop@haus-alba.example" in body(mail, "plain")


def test_one_click_is_offered_over_https_only() -> None:
    mail = parsed(written(unsubscribe_url="http://127.0.0.1:8000/u/token").raw)
    assert mail["List-Unsubscribe-Post"] is None


def test_marketing_without_any_way_out_is_not_written() -> None:
    mute = parse_brand(swapped(BRAND, "unsubscribe_mailbox: stop@haus-alba.example\n", ""), "b")
    with pytest.raises(SlotError, match="way out"):
        written(of=mute, unsubscribe_url=None)


def test_a_service_message_offers_no_unsubscribing() -> None:
    text = EMAIL.replace("class: marketing", "class: service")
    service = parse_message(
        text.replace("purpose: marketing", "purpose: service"), "reminder.en.md"
    )
    mail = parsed(written(service).raw)
    assert mail["List-Unsubscribe"] is None
    assert "Unsubscribe" not in body(mail, "plain")
    assert "Lindenallee 12" in body(mail, "plain")


def test_the_unsubscribe_link_can_stand_in_the_text_too() -> None:
    text = swapped(EMAIL, "slots:\n", "slots:\n  unsubscribe: {type: url, from: system}\n")
    text = swapped(text, "# HTML\n", '# HTML\n<a href="{{ unsubscribe }}">no more</a>\n')
    rendered = written(parse_message(text, "reminder.en.md"))
    assert '<a href="https://usher.example/u/token">no more</a>' in rendered.html


@pytest.mark.parametrize(
    "to",
    [
        "ada@customer.example, eve@evil.example",
        "ada@customer.example\r\nBcc: eve@evil.example",
        "ada",
        "@customer.example",
        "ada eve@customer.example",
        "ädä@customer.example",
        "ada@customer.example>",
        "",
    ],
)
def test_an_address_that_is_not_one_address_is_refused(to: str) -> None:
    with pytest.raises(SlotError, match="slot 'to'"):
        written(to=to)


def test_addresses_at_hosts_of_other_scripts_are_written_in_ascii() -> None:
    assert parsed(written(to="ada@bücher.example").raw)["To"] == "ada@xn--bcher-kva.example"


def test_a_senders_own_name_goes_before_the_brands() -> None:
    mail = parsed(written(sender='"Jörg, Haus Alba" <joerg@haus-alba.example>').raw)
    assert mail["From"].addresses[0].display_name == "Jörg, Haus Alba"


@pytest.mark.parametrize("name", ["a\r\nb", "a b", "<a>", "a@b"])
def test_a_message_id_that_would_break_its_header_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="Message-ID"):
        written(message_id=name)


def test_an_unsubscribe_address_that_is_none_is_refused() -> None:
    for url in ("javascript:x", "https://a.example/>, <x", "https://a.example/\r\nBcc: x"):
        with pytest.raises(SlotError, match="unsubscribe"):
            written(unsubscribe_url=url)


def test_a_locale_the_brand_has_no_footer_for_is_not_written() -> None:
    german = parse_message(EMAIL.replace("locale: en", "locale: de"), "reminder.de.md")
    with pytest.raises(SlotError, match="no footer in 'de'"):
        written(german)


HOSTILE = st.text(
    st.sampled_from("ab <>\"'&=%{}\\/:;,.@\r\n\t\0\u0085\u2028\u202eß€漢") | st.characters(),
    max_size=60,
)


@given(opening=HOSTILE, first_name=HOSTILE, item=HOSTILE)
def test_p14_no_slot_becomes_a_header_or_a_tag(opening: str, first_name: str, item: str) -> None:
    try:
        slots = fill(
            message,
            brand,
            planner={"opening": opening},
            profile={"first_name": first_name},
            cart={"lines": [(item, 1)], "value_minor": 1, "currency": "EUR", "url": None},
            offer=None,
            zone="Europe/Berlin",
        )
        rendered = written(slots=slots)
    except SlotError:
        return
    plain = written()
    mail = parsed(rendered.raw)
    assert mail.keys() == parsed(plain.raw).keys()
    assert tags_of(rendered.html) == tags_of(plain.html)
    assert body(mail, "plain").count("https://") == body(parsed(plain.raw), "plain").count(
        "https://"
    )
    assert written(slots=slots).raw == rendered.raw


@given(subject=st.text(max_size=60), opening=st.text(max_size=60))
def test_p14_even_slots_nobody_checked_stay_in_their_place(subject: str, opening: str) -> None:
    try:
        rendered = written(slots={**SLOTS, "first_name": subject, "opening": opening})
    except SlotError:
        return
    head = rendered.raw.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").split(b"\r\n")
    plain = written().raw.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").split(b"\r\n")
    assert [line.partition(b":")[0] for line in head] == [x.partition(b":")[0] for x in plain]
    assert tags_of(rendered.html) == tags_of(written().html)


def test_a_text_message_names_the_brand_and_the_way_out() -> None:
    rendered = written(parse_message(SMS, "short.en.md"), slots={"items": "2 × lamp"})
    assert rendered.text == "Haus Alba: Still there: 2 x lamp Reply STOP."
    assert rendered.raw == rendered.text.encode()
    assert (rendered.subject, rendered.html, rendered.segments) == ("", "", 1)


def test_a_text_message_that_costs_too_much_is_refused() -> None:
    short = parse_message(SMS, "short.en.md")
    with pytest.raises(SlotError, match="3 text-message parts, 2 are allowed"):
        written(short, slots={"items": "漢" * 100})


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("漢" * 70, 1),
        ("漢" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
    ],
)
def test_the_parts_of_a_text_message_are_counted_as_they_are_paid(text: str, parts: int) -> None:
    assert segments(text) == parts


def test_the_language_stands_over_the_whole_letter() -> None:
    letter = email.message_from_bytes(written().raw, policy=default)
    assert letter["Content-Language"] == "en"
    assert [part["Content-Language"] for part in letter.iter_parts()] == [None, None]


NOTICE = "disclosures:\n  risk_notice: {en: The value of investments can fall as well as rise.}\n"


def test_a_message_closes_with_the_wordings_it_names() -> None:
    of = parse_brand(swapped(BRAND, "footer:\n", f"{NOTICE}footer:\n"), "brand.md")
    named = swapped(EMAIL, "purpose:", "disclosures: [risk_notice]\npurpose:")
    mail = parsed(written(parse_message(named, "reminder.en.md"), of).raw)
    for kind in ("plain", "html"):
        assert "The value of investments can fall as well as rise." in body(mail, kind)
    sms = parse_message(
        swapped(SMS, "purpose:", "disclosures: [risk_notice]\npurpose:"), "short.en.md"
    )
    slots = {name: "x" for name in sms.slots} | {"cart_url": "https://shop.example/cart"}
    assert "can fall as well as rise." in written(sms, of, slots=slots).text


def test_a_wording_that_the_brand_has_not_is_never_left_out() -> None:
    named = swapped(EMAIL, "purpose:", "disclosures: [risk_notice]\npurpose:")
    with pytest.raises(SlotError, match="brand.md has no disclosure 'risk_notice' in 'en'"):
        written(parse_message(named, "reminder.en.md"))
