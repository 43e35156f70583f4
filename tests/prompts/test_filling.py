"""Slots: planners write words; links, amounts, codes and names come from our own rows (P14)."""

from __future__ import annotations

from typing import Any

import pytest

from prompts.brand import parse_brand
from prompts.messages import MessageFile, SlotError, fill, parse_message
from tests.prompts.files import BRAND, EMAIL, swapped

brand = parse_brand(BRAND, "brand.md")
message = parse_message(EMAIL, "reminder.en.md")
CART = {"lines": [("Desk lamp Alba", 1)], "value_minor": 7900, "currency": "EUR", "url": None}
OFFER = {"code": "ALBA-9F3K", "discount_bp": 1000, "expires_at": 1_772_712_000_000_000}
offering = parse_message(
    swapped(
        swapped(EMAIL, "slots:", "names_discount: true\nslots:"),
        "  cart_url: {type: url, from: cart}\n",
        "  cart_url: {type: url, from: cart}\n"
        "  cart_value: {type: money, from: cart}\n"
        "  code: {type: code, from: offer}\n"
        "  discount: {type: percent, from: offer}\n"
        "  expires: {type: date, from: offer}\n"
        "  days: {type: int, from: planner, default: ''}\n"
        "  arrives: {type: date, from: planner, default: ''}\n",
    ).replace(
        "# Text\n",
        "# Text\n{{ code }}{{ discount }}{{ expires }}{{ days }}{{ arrives }}{{ cart_value }}\n",
    ),
    "reminder.en.md",
)


def filled(file: MessageFile = message, **given: Any) -> dict[str, str]:
    parts: dict[str, Any] = {
        "planner": {},
        "profile": {"first_name": "Ada"},
        "cart": CART,
        "offer": None,
        "zone": "Europe/Berlin",
    }
    return fill(file, brand, **{**parts, **given})


def refused(file: MessageFile = message, **given: Any) -> dict[str, str]:
    with pytest.raises(SlotError) as caught:
        filled(file, **given)
    for problem in caught.value.problems:
        assert f"slot '{problem.slot}'" in str(caught.value)
    return {problem.slot: problem.text for problem in caught.value.problems}


def test_slots_are_filled_from_their_own_sources() -> None:
    assert filled(planner={"opening": " The lamp waits. "}) == {
        "first_name": "Ada",
        "opening": "The lamp waits.",
        "items": "Desk lamp Alba",
        "cart_url": "https://shop.example/cart",
    }


def test_a_slot_with_a_default_may_be_left_out() -> None:
    assert filled(profile={"first_name": None})["first_name"] == ""
    assert filled()["opening"] == "We kept your cart."


def test_offers_are_written_in_the_locale_and_zone() -> None:
    slots = filled(offering, offer=OFFER, planner={"days": "3", "arrives": "2026-03-05"})
    assert slots["code"] == "ALBA-9F3K"
    assert slots["discount"] == "10%"
    assert slots["expires"] == "March 5, 2026, 1:00 PM"
    assert slots["cart_value"] == "€79.00"
    assert (slots["days"], slots["arrives"]) == ("3", "March 5, 2026")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("See https://evil.example", "link"),
        ("See www.evil", "link"),
        ("See evil.example/cart", "link"),
        ("See evil。example", "link"),
        ("Write to me@evil.example", "link"),
        ("Now 20 % less", "discount"),
        ("Now 20% less", "discount"),
        ("Now ２０％ less", "discount"),
        ("Twenty percent... no, 20 Prozent", "discount"),
        ("Save 5 € today", "discount"),
        ("Save €5", "discount"),
        ("Only 10 off", "discount"),
        ("Only 20 euros", "discount"),
        ("Call 040 123 45 67", "telephone"),
        ("Hello\r\nBcc: all@example.org", "line break"),
        ("Hello\u202egnp.exe", "invisible"),
        ("Hello\u2028there", "line break"),
        ("With FREE   shipping", "claims 'free shipping'"),
        ("   ", "empty"),
        ("x" * 141, "141 characters, 140 are allowed"),
    ],
)
def test_p14_a_planner_cannot_write_more_than_words(text: str, words: str) -> None:
    assert words in refused(planner={"opening": text})["opening"]


@pytest.mark.parametrize(
    "text",
    [
        "The lamp you chose is still here, e.g. for the desk.",
        "Zwei Dinge, z.B. die Lampe, warten noch.",
        "Ihr Warenkorb ist noch da: <b>3 Platten & 2 Lampen</b>.",
    ],
)
def test_ordinary_sentences_are_free(text: str) -> None:
    assert filled(planner={"opening": text})["opening"] == text


def test_p14_a_planner_cannot_fill_what_is_ours() -> None:
    problems = refused(planner={"cart_url": "https://evil.example", "openning": "x", "zzz": "x"})
    assert problems["cart_url"] == "it is filled from the cart, not by you; leave it out"
    assert "did you mean 'opening'?" in problems["openning"]
    assert "yours are: opening" in problems["zzz"]


def test_every_problem_is_found_at_once() -> None:
    problems = refused(
        offering,
        planner={"opening": "https://evil.example", "days": "three", "arrives": "soon"},
        cart={"lines": [], "value_minor": None, "currency": None, "url": "https://evil.example/"},
    )
    assert set(problems) == {
        *("opening", "days", "arrives", "items", "cart_url", "cart_value"),
        *("code", "discount", "expires"),
    }
    assert "give the offer_id" in problems["code"]


def test_a_value_of_the_wrong_type_is_refused() -> None:
    assert "must be text" in refused(planner={"opening": 7})["opening"]


@pytest.mark.parametrize(
    "offer",
    [{**OFFER, "code": "a b"}, {**OFFER, "code": "<b>"}, {**OFFER, "code": None}],
)
def test_a_code_is_letters_digits_and_hyphens(offer: dict[str, Any]) -> None:
    assert "code" in refused(offering, offer=offer)


@pytest.mark.parametrize("key", ["discount_bp", "expires_at"])
def test_p6_an_offer_without_its_facts_is_refused(key: str) -> None:
    assert refused(offering, offer={**OFFER, key: None})
    assert refused(offering, offer={**OFFER, key: 0})


def test_p6_an_unknown_zone_is_refused_and_not_guessed() -> None:
    assert "time zone" in refused(offering, offer=OFFER, zone="Mars/Olympus")["expires"]


@pytest.mark.parametrize("name", ["Win at evil.example", "Ada\nBcc: x", "", "  ", 7])
def test_p14_a_name_that_is_no_name_is_left_out(name: object) -> None:
    assert filled(profile={"first_name": name})["first_name"] == ""


def test_items_are_shortened_to_what_fits_and_the_rest_is_counted() -> None:
    lines = [("Desk lamp Alba", 2), ("Wool blanket Moor", 1), ("Record brush", 1), ("Kettle", 1)]
    items = filled(cart={**CART, "lines": lines})["items"]
    assert items == "2 × Desk lamp Alba, Wool blanket Moor, and 2 more"


def test_p14_an_item_that_would_be_a_link_is_counted_and_not_named() -> None:
    lines = [("https://evil.example", 1), ("Dr.Oetker mix", 1), ("a\nb", 1)]
    assert filled(cart={**CART, "lines": lines})["items"] == "Dr.Oetker mix and 2 more"
    assert "missing" in refused(cart={**CART, "lines": lines[:1]})["items"]


def test_a_name_too_long_for_its_slot_gives_way_to_the_default() -> None:
    limit = message.slots["first_name"].limit
    fits, long = "A" * limit, "A" * (limit + 1)
    assert filled(profile={"first_name": fits})["first_name"] == fits
    default = filled(profile={})["first_name"]
    assert filled(profile={"first_name": long})["first_name"] == default
