"""Identifiers: equal people look equal, and nobody is one with everybody who had none."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customers.identifiers import KINDS, Identifier, identifiers_of, normalise, previous_of


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "value",
    ["", "  ", "undefined", "NULL", "None", "guest", "0", "1", "[object Object]", "(null)", 0]
    + ["{{ user.id }}", "${userId}", "<user_id>", "%USER%", "[]", "n/a"]
    + ["00000000-0000-0000-0000-000000000000", None, True, 1.5],
)
def test_p11_junk_is_nobody(kind: str, value: Any) -> None:
    assert normalise(kind, value) is None


def test_p11_bytes_and_bombs_are_nobody() -> None:
    for value in ("x" * 321, "a\x00b", "\ud800", 10**5_000, [], {}):
        assert normalise("user_id", value) is None


def test_p11_composed_and_decomposed_letters_are_the_same() -> None:
    composed, decomposed = "Zoë", unicodedata.normalize("NFD", "Zoë")
    assert composed != decomposed
    assert normalise("user_id", composed) == normalise("user_id", decomposed)
    assert normalise("email", f"{composed}@shop.example.com") == normalise(
        "email", f"{decomposed}@shop.example.com"
    )


def test_p11_an_address_is_the_same_in_capitals_and_nothing_more() -> None:
    assert normalise("email", " Ada@Example.COM ") == Identifier("email", "ada@example.com")
    assert normalise("email", "straße@example.com") != normalise("email", "strasse@example.com")
    assert normalise("user_id", "Ada") != normalise("user_id", "ada")


@pytest.mark.parametrize(
    "value", ["ada", "ada@", "@example.com", "Ada <ada@example.com>", "a b@x.de"]
)
def test_p11_what_is_no_address_is_nobody_s(value: str) -> None:
    assert normalise("email", value) is None


@pytest.mark.parametrize(
    ("value", "region"),
    [
        ("+49 30 23125-000", None),
        ("030 / 23125 000", "DE"),
        ("0049 30 23125000", "DE"),
        ("tel:+49-30-23125000", None),
    ],
)
def test_p11_a_number_is_the_same_however_it_is_written(value: str, region: str | None) -> None:
    assert normalise("phone", value, region=region) == Identifier("phone", "+493023125000")


@pytest.mark.parametrize(
    ("value", "region"),
    [
        ("030 23125000", None),
        ("555-0100", "US"),
        ("+1 212 555 0100 ext. 7", None),
        ("+10000000000", None),
        ("+11234567890", None),
        ("123", "DE"),
        ("030 23125000", "XX"),
        ("ada@example.com", "DE"),
    ],
)
def test_p11_a_number_that_may_be_many_people_s_is_nobody_s(value: str, region: str | None) -> None:
    assert normalise("phone", value, region=region) is None


def test_a_message_names_its_person_strongest_first_and_each_once() -> None:
    message = {
        "type": "identify",
        "userId": 42,
        "anonymousId": "device-1",
        "context": {"traits": {"email": "old@example.com", "phone": "030 23125000"}},
        "traits": {"email": "Ada@example.com", "address": {"country": "de"}},
    }
    assert identifiers_of(message) == [
        Identifier("user_id", "42"),
        Identifier("email", "ada@example.com"),
        Identifier("phone", "+493023125000"),
        Identifier("anonymous_id", "device-1"),
    ]


def test_p11_a_group_s_address_is_not_its_member_s() -> None:
    message = {
        "type": "group",
        "userId": "ada",
        "traits": {"email": "office@firm.example.com", "phone": "+493023125000"},
    }
    assert identifiers_of(message) == [Identifier("user_id", "ada")]


def test_an_alias_names_whom_it_was_before_as_either_kind() -> None:
    alias = {"type": "alias", "userId": "ada", "previousId": "device-1"}
    assert previous_of(alias) == [
        Identifier("user_id", "device-1"),
        Identifier("anonymous_id", "device-1"),
    ]
    assert previous_of({**alias, "previousId": "undefined"}) == []
    assert previous_of({**alias, "type": "track"}) == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: _JSON
            for name in ("userId", "anonymousId", "previousId", "email", "phone", "traits")
        }
        | {"context": st.fixed_dictionaries({"traits": _JSON}) | _JSON, "type": _JSON},
    )
)
def test_p7_no_message_breaks_the_reading_of_identifiers(message: dict[str, Any]) -> None:
    for identifier in [*identifiers_of(message), *previous_of(message)]:
        assert identifier.value
        identifier.value.encode()


@settings(max_examples=100, deadline=None)
@given(kind=st.sampled_from(KINDS), value=st.text(max_size=40))
def test_p11_what_is_normalised_stays_as_it_is(kind: str, value: str) -> None:
    once = normalise(kind, value)
    if once is not None:
        assert normalise(kind, once.value) == once
