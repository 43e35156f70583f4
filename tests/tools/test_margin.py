"""Margin in integers is the exact fraction, rounded against the discount (P12)."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.margin import FULL_BP, discount_minor, margin_bp

prices = st.integers(0, 10**9)
costs = st.integers(0, 10**9)
taxes = st.integers(0, 3_000)
discounts = st.integers(0, FULL_BP)


@given(price=prices, cost=costs, tax=taxes, discount=discounts)
@settings(max_examples=500, deadline=None)
def test_p12_margin_is_the_exact_one_rounded_down(
    price: int, cost: int, tax: int, discount: int
) -> None:
    found = margin_bp(price_minor=price, cost_minor=cost, tax_bp=tax, discount_bp=discount)
    net = Fraction(price) * (1 - Fraction(discount, FULL_BP)) / (1 + Fraction(tax, FULL_BP))
    if net == 0:
        assert found == -FULL_BP
        return
    exact = (net - cost) / net * FULL_BP
    assert found == max(-FULL_BP, floor(exact))
    assert found <= exact or found == -FULL_BP


@given(price=prices, cost=costs, tax=taxes, one=discounts, other=discounts)
@settings(max_examples=200, deadline=None)
def test_a_larger_discount_never_leaves_more(
    price: int, cost: int, tax: int, one: int, other: int
) -> None:
    low, high = sorted((one, other))
    margins = [
        margin_bp(price_minor=price, cost_minor=cost, tax_bp=tax, discount_bp=d)
        for d in (low, high)
    ]
    assert margins[0] >= margins[1]


@given(price=prices, quantity=st.integers(1, 1_000), discount=discounts)
@settings(max_examples=300, deadline=None)
def test_p12_what_a_discount_costs_is_rounded_up(price: int, quantity: int, discount: int) -> None:
    cost = discount_minor(price_minor=price, quantity=quantity, discount_bp=discount)
    assert cost == ceil(Fraction(price * quantity * discount, FULL_BP))


@pytest.mark.parametrize(
    ("price", "cost", "discount", "margin"),
    [
        (11_900, 8_500, 0, 1_500),
        (11_900, 8_501, 0, 1_499),  # one cent too dear: 14.99 %, not 15
        (11_900, 0, 2_000, 10_000),
        (11_900, 5_000, 10_000, -10_000),
        (0, 0, 0, -10_000),
    ],
)
def test_the_floor_of_fifteen_percent_is_met_exactly_or_not_at_all(
    price: int, cost: int, discount: int, margin: int
) -> None:
    assert (
        margin_bp(price_minor=price, cost_minor=cost, tax_bp=1_900, discount_bp=discount) == margin
    )
