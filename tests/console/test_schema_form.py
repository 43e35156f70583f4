"""Forms over a tool's schema: what is typed becomes the arguments meant, or stays as typed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from console.schema_form import changes, label_of, number, said, typed

WHOLE = st.integers(min_value=-(10**9), max_value=10**9)


@given(WHOLE)
@settings(max_examples=200, deadline=None)
def test_a_number_that_is_shown_and_left_alone_comes_back_as_it_was(value: int) -> None:
    for name in ("discount_bp", "valid_hours"):
        assert number(name, typed(name, value)) == value


@given(WHOLE)
@settings(max_examples=200, deadline=None)
def test_p12_percent_is_typed_as_percent_and_kept_in_basis_points(bp: int) -> None:
    whole, part = divmod(abs(bp), 100)
    for mark in (".", ","):
        text = f"{'-' if bp < 0 else ''}{whole}{mark}{part:02d}"
        for written in (text, f" {text} %"):
            assert number("discount_bp", written) == bp


@given(st.text(max_size=12))
@settings(max_examples=300, deadline=None)
def test_whatever_is_typed_is_a_whole_number_nothing_or_what_was_typed(text: str) -> None:
    read = number("valid_hours", text)
    assert isinstance(read, int) or read is None or read == text.strip()


def test_what_is_no_number_stays_as_it_was_typed() -> None:
    for text in ("a lot", "1.005", "7,5,5", "nan", "Infinity", "--1"):
        assert number("discount_bp", text) == text
    assert number("valid_hours", "1.5") == "1.5"
    assert number("valid_hours", "  ") is None


def test_a_change_is_told_in_words_before_and_after() -> None:
    before = {"discount_bp": 2_000, "slots": {"opening": "Hi", "close": "Bye"}, "offer_id": None}
    after = {"discount_bp": 750, "slots": {"opening": "Hello", "close": "Bye"}, "offer_id": "off_1"}
    told = [(c.name, c.before, c.after) for c in changes(before, after)]
    assert told == [
        ("Discount, %", "20 %", "7.5 %"),
        ("Slots: Opening", "Hi", "Hello"),
        ("Offer id", "nothing", "off_1"),
    ]
    assert changes(before, dict(before)) == []


def test_a_name_is_said_as_people_say_it() -> None:
    assert label_of("useful_until") == "Useful until"
    assert label_of("discount_bp") == "Discount, %"
    assert said("valid_hours", 72) == "72"
