"""The word list: what it hits, in both languages, and what it must leave alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.sensitive_words import WORDS, fields_of


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("I am PREGNANT and need another size", "health"),
        ("Ich lag im Krankenhaus", "health"),
        ("seit meiner Krebserkrankung", "health"),
        ("meine Depressionen", "health"),
        ("we only eat kosher", "religion"),
        ("Ich bin aus der Kirche ausgetreten", "religion"),
        ("I voted  for them", "politics"),
        ("als Gewerkschafter", "politics"),
        ("my girlfriend and I are lesbians", "sexuality"),
        ("mein schwuler Sohn", "sexuality"),
        ("we can\N{RIGHT SINGLE QUOTATION MARK}t afford it any more", "money trouble"),
        ("Ich bin arbeitslos", "money trouble"),
        ("das kann ich mir nicht\nleisten", "money trouble"),
    ],
)
def test_a_sensitive_word_is_found_in_any_case_and_inflection(text: str, field: str) -> None:
    assert field in fields_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "Please cancel my order, the lamp came late",
        "The lamp is too bright, thank you for your hospitality",
        "Bitte an meine neue Adresse liefern. Viele Grüße, Christian",
        "A party for my daughter, the operation of the switch is unclear",
        "Scancer and megaydar are no words",
        "",
    ],
)
def test_an_ordinary_letter_touches_nothing(text: str) -> None:
    assert fields_of(text) == frozenset()


def test_every_entry_is_found_by_itself_and_within_a_sentence() -> None:
    for field, words in WORDS.items():
        for word in words:
            plain = word.rstrip("*")
            for text in (plain, f"so, {plain.upper()}. Yes", f"({plain})"):
                assert field in fields_of(text), word


@given(st.text(max_size=300))
def test_any_text_gets_an_answer_and_the_same_one_in_capitals_of_ascii(text: str) -> None:
    fields = fields_of(text)
    assert fields <= set(WORDS)
    if text.isascii():
        assert fields_of(text.upper()) == fields
