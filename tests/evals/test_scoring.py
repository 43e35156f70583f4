"""Figures: pass^k is what its formula says, intervals hold their value, margins are the store's."""

from __future__ import annotations

from itertools import combinations
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.record import Article, Code, Happened, Record
from evals.scoring import lift, margin_by_person, mean, pass_hat, share
from evals.worlds.shop import Cart

BOUNDED = settings(max_examples=80, deadline=None)


@BOUNDED
@given(st.lists(st.booleans(), min_size=1, max_size=7), st.data())
def test_pass_hat_is_the_share_of_draws_that_all_succeed(
    trials: list[bool], data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(trials)))
    draws = [all(drawn) for drawn in combinations(trials, k)]
    assert pass_hat(sum(trials), len(trials), k) == pytest.approx(fmean(draws))


@BOUNDED
@given(st.integers(0, 50), st.integers(0, 50))
def test_a_share_lies_in_its_interval(hits: int, misses: int) -> None:
    found = share(hits, hits + misses)
    assert 0 <= found.low <= found.value + 1e-9 and found.value <= found.high + 1e-9 <= 1 + 1e-9


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(-500, 500), min_size=2, max_size=30))
def test_a_mean_lies_in_its_interval_and_is_the_same_again(values: list[float]) -> None:
    found = mean(values)
    assert found.low <= found.value <= found.high
    assert found == mean(values)


def test_margin_is_net_of_tax_and_of_the_codes_that_were_used() -> None:
    cart = Cart("c1", "ada", ())
    order = {"cart_id": "c1", "products": [{"sku": "LAMP", "quantity": 2}], "coupon": "ABC"}
    record = Record(
        history=(
            Happened(1, "ada", "Order Completed", 1, 1, order),
            Happened(2, "ada", "Order Completed", 1, 1, {"total": 90}),
        ),
        articles=(Article("LAMP", 0, 11_900, 5_000, 1_900, 9),),
        codes=(Code("off", "ada", "ABC", 1_000, 0, 0, 9, "redeemed", {}),),
    )
    # 119.00 less 10 % is 107.10, without tax 90.00; two of them, each at a cost of 50.00.
    assert margin_by_person(record, [cart]) == {"ada": 2 * 9_000 - 2 * 5_000}
    assert margin_by_person(Record(), [cart]) == {"ada": 0}


def test_lift_compares_person_by_person() -> None:
    assert lift({"margins": [5, 7]}, {"margins": [4, 6]}) == {"value": 1.0, "low": 1.0, "high": 1.0}
    with pytest.raises(ValueError, match="zip"):
        lift({"margins": [5, 7]}, {"margins": [4]})
