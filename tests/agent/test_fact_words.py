"""Facts in words: amounts with their currency, times with their zone, nothing technical."""

from __future__ import annotations

import re

import pytest

from agent.fact_words import clause, counted, moment, money, name_of, param_name, percent, span
from agent.fact_words import value_of as said
from evals.flat_pack import flat_commerce
from policies.pack import load_pack

PACK = load_pack(
    flat_commerce(),
    file="commerce.yaml",
)
NEW_YEAR = 1_767_225_600_000_000


def test_percent_is_exact_and_has_no_empty_decimals() -> None:
    assert [percent(bp) for bp in (2_000, 850, 1_176, 1, 0, -150, 10_000)] == [
        "20 %", "8.5 %", "11.76 %", "0.01 %", "0 %", "-1.5 %", "100 %",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (11_990, "EUR", "119.90 EUR"),
        (-5, "EUR", "-0.05 EUR"),
        (1_234_567, "USD", "12,345.67 USD"),
        (1_200, "JPY", "1,200 JPY"),
        (1_234, "KWD", "1.234 KWD"),
        (5, None, "5 in the smallest coin"),
        (5, "euro", "5 in the smallest coin of euro"),
    ],
)
def test_money_has_its_currency_and_its_decimals(minor: int, currency: str, text: str) -> None:
    assert money(minor, currency) == text


def test_a_moment_is_told_where_the_person_is_with_the_zones_name() -> None:
    assert moment(NEW_YEAR, None) == "Thu 1 Jan 2026, 00:00 UTC"
    assert moment(NEW_YEAR, "America/New_York") == "Wed 31 Dec 2025, 19:00 America/New_York time"
    assert moment(NEW_YEAR + 59_999_999, "UTC").endswith("00:00 UTC")


def test_lengths_of_time_are_exact_and_grammatical() -> None:
    assert [span(m) for m in (0, 1, 59, 60, 90, 1_439, 1_440, 2_880, 10_080)] == [
        "no time", "1 minute", "59 minutes", "1 hour", "1 hour 30 minutes", "23 hours 59 minutes",
        "24 hours", "2 days", "7 days",
    ]  # fmt: skip
    assert [counted(n, "order") for n in (0, 1, 2)] == ["no orders", "1 order", "2 orders"]


@pytest.mark.parametrize("fact", sorted(PACK.facts))
def test_every_fact_of_the_shipped_pack_has_a_name_without_dots_or_underscores(fact: str) -> None:
    assert not re.search(r"[._]", name_of(fact)), name_of(fact)


def test_a_fact_of_somebody_elses_pack_is_said_as_well_as_can_be() -> None:
    assert name_of("loan.open_amount_minor") == "open amount"
    assert said("loan.open_amount_minor", 500, "EUR") == "5.00 EUR"
    assert said("loan.rate_bp", 250, "EUR") == "2.5 %"
    assert said("loan.on_hold", True, "EUR") == "yes"
    assert said("loan.state", "in_arrears", "EUR") == "in arrears"
    assert param_name("min_margin_bp") == "smallest margin"
    assert param_name("large_offer_minor") == "large offer"


@pytest.mark.parametrize("fact", sorted(PACK.facts))
def test_every_change_of_a_fact_reads_as_a_clause(fact: str) -> None:
    declared = PACK.facts[fact]
    pairs = {
        "bool": [(True, False), (False, True)],
        "enum": [(new, declared.values[0]) for new in declared.values[1:]],
    }.get(declared.type.value, [(declared.low, declared.high), (3, 1), (1, declared.high)])
    for new, old in pairs:
        text = clause(fact, new, old, currency="EUR", window="within 7 days")
        assert not re.search(r"None|True|False|_", text), text
        assert text.startswith(
            ("this ", "we ", "the ", "no ", "every", "a ", "something", "whether", "what", "how",
             "when") + tuple("-0123456789")
        ), text  # fmt: skip


def test_never_is_called_never() -> None:
    never = 52_560_000
    fact = "customer.minutes_since_purchase"
    assert clause(fact, never, 10, currency=None) == "this person had never bought"
    assert clause(fact, 10, never, currency=None) == "this person had last bought 10 minutes ago"


def test_zones_and_places_are_said_as_a_list_and_none_of_them_as_none() -> None:
    assert said("customer.zones", ("Europe/Rome", "Europe/Paris"), None) == (
        "Europe/Rome, Europe/Paris"
    )
    assert said("customer.jurisdictions", [], None) == "none"
    assert name_of("customer.jurisdictions") == "whose rules on hours this person is under"
