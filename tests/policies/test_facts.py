"""Facts are typed strictly: what is not exactly of the type is malformed (P6)."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.facts import LAST_INSTANT_US, Fact, FactType, plain, shown
from policies.pack import load_pack
from policies.verdict import Outcome
from tests.policies.packs import OFFER, ask, refuses, swapped

BOOL = Fact("a", FactType.BOOL, ())
INT = Fact("a", FactType.INT, (), -5, 10)
ENUM = Fact("a", FactType.ENUM, (), values=("yes", "1"))
ZONES = Fact("a", FactType.ZONES, ())
INSTANT = Fact("a", FactType.INSTANT, ())


class Text(str):
    __slots__ = ()


class Number(int):
    __slots__ = ()


class Word(StrEnum):
    YES = "yes"


@pytest.mark.parametrize(
    ("fact", "good"),
    [
        (BOOL, [True, False]),
        (INT, [-5, 0, 10]),
        (ENUM, ["yes", "1"]),
        (ZONES, [("Europe/Berlin",), ("Asia/Tokyo", "Etc/UTC")]),
        (INSTANT, [0, 1, LAST_INSTANT_US]),
    ],
)
def test_a_good_value_is_accepted(fact: Fact, good: list[Any]) -> None:
    assert all(fact.accepts(value) for value in good)


@pytest.mark.parametrize(
    ("fact", "bad"),
    [
        (BOOL, [1, 0, "true", "", None, "no", [], 1.0]),
        (INT, [True, False, 1.0, "1", None, -6, 11, 10**5000, Number(3), float("nan")]),
        (ENUM, [1, True, "", "Yes", "yes ", Text("yes"), b"yes", None, ["yes"]]),
        (ZONES, [(), ["Europe/Berlin"], "Europe/Berlin", ("Mars/Base",), ("Etc/UTC", 1), (None,),
                 (Text("Etc/UTC"),), ("Etc/UTC",) * 65, ("europe/berlin",), ("../UTC",), ([],)]),
        (INSTANT, [-1, True, 1.5, LAST_INSTANT_US + 1, "0", 10**5000]),
    ],
)  # fmt: skip
def test_p6_a_value_that_is_not_exactly_of_its_type_is_malformed(
    fact: Fact, bad: list[Any]
) -> None:
    assert not any(fact.accepts(value) for value in bad)


def test_a_member_of_a_strenum_is_taken_for_its_word() -> None:
    assert type(plain(Word.YES)) is str and ENUM.accepts(plain(Word.YES))


@given(
    st.one_of(st.integers(), st.text(), st.binary(), st.floats(), st.tuples(st.text(), st.none()))
)
def test_any_malformed_value_can_be_written_down(value: Any) -> None:
    small_value = shown(value)
    assert repr(small_value).encode("utf-8", "strict")
    assert len(repr(small_value)) < 1000 or isinstance(small_value, tuple)


def test_a_huge_or_broken_value_is_told_by_its_type_only() -> None:
    assert shown(10**5000) == "<int>" and sys.get_int_max_str_digits() < 5000
    assert shown("x" * 1000) == "<str>"
    assert shown("\ud800") == "<str>"
    assert shown(["a"]) == "<list>"
    assert shown(("a", 1, "\ud800")) == ("a", "?", "?")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("customer.suppressed: {bool,", "customer.suppressed: {^boolean,",
         "unknown key 'boolean' in fact 'customer.suppressed'; did you mean 'bool'?"),
        ("  customer.zones: {zones, for: [contact]}", "  customer.zones: ^zone",
         "unknown type 'zone' of fact 'customer.zones'; did you mean 'zones'?"),
        ("{int: [0, 100], for: [contact]}", "{int: ^[100, 0], for: [contact]}",
         "fact 'learned.score' needs bounds such as [0, 10000], the lower one first"),
        ("{int: [0, 100], for: [contact]}", "{int: [^a, 100], for: [contact]}",
         "a bound of fact 'learned.score' must be a whole number"),
        ("{int: [0, 100], for: [contact]}", "{int: [0, 100], for: [^contacts]}",
         "unknown 'contacts' in for: of fact 'learned.score'; did you mean 'contact'?"),
        ("{int: [0, 100], for: [contact]}", "^{int: [0, 100], bool, for: [contact]}",
         "fact 'learned.score' needs exactly one type of "
         "bool, int, enum, set, currency, zones, jurisdictions, instant"),
        ("{bool, for: [contact, offer]}", "{bool: ^maybe, for: [contact, offer]}",
         "bool of fact 'customer.suppressed' takes no value"),
        ("  learned.score: {", "  learned.score: ^{age: customer.order, max_age_minutes: 5, ",
         "unknown fact 'customer.order'; did you mean 'customer.orders'?"),
        ("  learned.score: {", "  learned.score: ^{age: customer.segment, max_age_minutes: 5, ",
         "'customer.segment' must be an int declared for contact too"),
        ("  learned.score: {", "  learned.score: ^{age: customer.orders, max_age_minutes: 5, ",
         "'customer.orders' must be known whenever this fact is"),
        ("  learned.score: {", "  learned.score: ^{age: customer.orders, ",
         "fact 'learned.score' needs both age: and max_age_minutes:, or neither"),
        ("facts:\n", "facts:\n  cap.x: ^bool\n",
         "'cap.x': the engine declares cap., budget. and params. itself"),
        ("facts:\n", "facts:\n  two words: ^bool\n",
         "'two words' is not a fact's name such as customer.orders"),
        ("{int: [0, 100], for: [contact]}", "{int: [0, 100], for: ^[]}",
         "for: of fact 'learned.score' is empty"),
        ("{int: [0, 100], for: [contact]}", "{int: [0, 100], age: now_us, max_age_minutes: ^-1}",
         "max_age_minutes: of fact 'learned.score' is 0 or more"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_is_told(old: str, new: str, says: str) -> None:
    refuses(old, new, says, alone=False)


def test_a_problem_among_the_facts_is_told_once() -> None:
    refuses(
        "facts:\n",
        "facts:\n  customer.vip: bool\n  ^customer.vip: bool\n",
        "key 'customer.vip' already used on line 9",
    )


def test_a_currency_is_the_packs_own() -> None:
    text = swapped("facts:\n", "facts:\n  cart.currency: currency\n")
    fact = load_pack(text, file="p.yaml").facts["cart.currency"]
    assert fact.accepts("EUR") and not fact.accepts("USD") and not fact.accepts("eur")


def test_p6_a_fact_older_than_its_limit_is_missing() -> None:
    declared = "item.margin_bp: {int: [-10000, 10000], for: [offer]"
    aged = declared + ", age: item.age, max_age_minutes: 60"
    text = swapped(declared, "item.age: {int: [0, 9999], for: [offer]}\n  " + aged)
    pack = load_pack(text, file="p.yaml")
    assert ask(pack, "offer", OFFER, item__age=60).outcome is Outcome.ALLOW
    stale = ask(pack, "offer", OFFER, item__age=61)
    assert stale.outcome is Outcome.DENY and stale.missing == ("item.margin_bp",)
    assert "older than 60 minutes" in stale.fired[0].because
    assert ask(pack, "offer", OFFER).missing == ("item.age",)
