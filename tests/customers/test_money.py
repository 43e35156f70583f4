"""Money in minor units by ISO 4217's exponents; what is not money is an error, never a guess."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customers.money import MoneyError, exponent, to_minor


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        (119.9, "EUR", 11_990),
        ("119.90", "EUR", 11_990),
        (" 5 ", "EUR", 500),
        (0.1 + 0.2, "EUR", 30),
        (1_000, "JPY", 1_000),
        ("1.234", "KWD", 1_234),
        ("1.2345", "CLF", 12_345),
        (1e3, "EUR", 100_000),
        (-5, "EUR", -500),
        (".5", "EUR", 50),
        (0, "EUR", 0),
    ],
)
def test_p12_amounts_are_integers_of_the_currency_s_smallest_unit(
    amount: Any, currency: str, minor: int
) -> None:
    assert to_minor(amount, currency) == minor


@pytest.mark.parametrize(
    "amount",
    ["", "a lot", "1,000.50", "1_000", "١٢", "nan", "inf", "1e999999999", "9" * 5_000, 10**15]
    + [float("nan"), float("inf"), True, None, [], {}, 1.005, "1e300", "--1", "1e"],
)
def test_p12_what_is_no_amount_is_an_error(amount: Any) -> None:
    with pytest.raises(MoneyError):
        to_minor(amount, "EUR")


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "E1R", "€", "XXX", "XAU", "ÄÖÜ"])
def test_p12_what_is_no_currency_is_an_error(currency: str) -> None:
    with pytest.raises(MoneyError):
        exponent(currency)
    with pytest.raises(MoneyError):
        to_minor(1, currency)


def test_p12_too_many_decimals_are_an_error() -> None:
    with pytest.raises(MoneyError, match="JPY has 0 decimals"):
        to_minor("1.5", "JPY")


@settings(max_examples=100, deadline=None)
@given(minor=st.integers(-(10**13), 10**13), currency=st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_p12_every_amount_comes_back_exactly(minor: int, currency: str) -> None:
    stated = Decimal(minor).scaleb(-exponent(currency))
    assert to_minor(f"{stated:f}", currency) == minor
