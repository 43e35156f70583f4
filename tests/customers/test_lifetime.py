"""Lifetime value: the published figures are met, and no history makes an estimate absurd."""

from __future__ import annotations

import csv
from dataclasses import replace
from importlib.metadata import distribution
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad  # type: ignore[import-untyped]
from scipy.optimize import check_grad  # type: ignore[import-untyped]
from scipy.special import beta  # type: ignore[import-untyped]

from customers import lifetime
from customers.lifetime import (
    NotFitted,
    PurchaseFit,
    SpendFit,
    expected_purchases,
    expected_spend,
    fit_purchases,
    fit_spend,
    lifetime_value_minor,
    probability_alive,
    purchase_log_likelihood,
)

CDNOW = PurchaseFit(0.243, 4.414, 0.793, 2.426, -9582.4)
DOLLARS = SpendFit(6.25, 3.74, 15.44)


def columns(name: str) -> list[Any]:
    found = distribution("lifetimes").locate_file(f"lifetimes/datasets/{name}")
    with Path(str(found)).open(encoding="ascii", newline="") as lines:
        rows = list(csv.reader(lines))[1:]
    return list(np.array([[float(value) for value in row[1:]] for row in rows]).T)


@pytest.fixture(scope="module")
def summary() -> list[Any]:
    return columns("cdnow_customers_summary.csv")


def test_the_published_fit_of_purchases_is_met(summary: list[Any]) -> None:
    fit = fit_purchases(*summary)
    assert (fit.r, fit.alpha, fit.a, fit.b) == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=5e-4)
    assert fit.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    assert float(np.sum(purchase_log_likelihood(fit, *summary))) == fit.log_likelihood


def test_the_published_fit_of_amounts_is_met() -> None:
    repeats, _, _, mean = columns("cdnow_customers_summary_with_transactions.csv")
    fit = fit_spend(repeats, mean)
    assert (fit.p, fit.q, fit.v) == pytest.approx((6.25, 3.74, 15.45), abs=6e-3)


def test_the_published_expectation_of_one_customer_is_met() -> None:
    assert float(expected_purchases(CDNOW, 2, 30.43, 38.86, 39)) == pytest.approx(1.226, abs=5e-4)


def test_a_fit_says_the_same_in_days_and_cents_as_in_weeks_and_dollars(summary: list[Any]) -> None:
    frequency, recency, age = summary
    weeks, days = fit_purchases(*summary), fit_purchases(frequency, recency * 7, age * 7)
    assert days.alpha == pytest.approx(weeks.alpha * 7, rel=1e-5)
    assert (days.r, days.a, days.b) == pytest.approx((weeks.r, weeks.a, weeks.b), rel=1e-5)
    repeats, _, _, mean = columns("cdnow_customers_summary_with_transactions.csv")
    dollars, cents = fit_spend(repeats, mean), fit_spend(repeats, mean * 100)
    assert cents.v == pytest.approx(dollars.v * 100, rel=1e-4)
    assert (cents.p, cents.q) == pytest.approx((dollars.p, dollars.q), rel=1e-4)


def test_no_parameters_beside_the_fit_are_likelier(summary: list[Any]) -> None:
    fit = fit_purchases(*summary)
    for name in ("r", "alpha", "a", "b"):
        for factor in (0.98, 1.02):
            beside = replace(fit, **{name: getattr(fit, name) * factor})
            assert np.sum(purchase_log_likelihood(beside, *summary)) < fit.log_likelihood


def test_the_likelihoods_slopes_are_those_of_its_values() -> None:
    x, t, age = np.array([0.0, 1.0, 7.0]), np.array([0.0, 3.0, 20.0]), np.array([5.0, 9.0, 30.0])
    z = np.array([1.0, 30.0, 0.2])
    for terms, at in (
        (lambda q: lifetime._purchase_terms(q, x, t, age), [0.4, 3.0, 0.7, 1.9]),
        (lambda q: lifetime._spend_terms(q, x + 1, z), [4.0, 2.5, 9.0]),
    ):
        off = check_grad(
            lambda q, f=terms: float(np.sum(f(q)[0])), lambda q, f=terms: f(q)[1].sum(axis=1), at
        )
        assert off < 1e-4


def test_too_few_people_are_not_fitted_and_the_reason_says_how_many() -> None:
    few = [np.r_[np.ones(99), np.zeros(900)], np.full(999, 3.0), np.full(999, 9.0)]
    with pytest.raises(NotFitted, match="bought again: 99, and it takes 100"):
        fit_purchases(*few)
    with pytest.raises(NotFitted, match="amounts are known: 99, and it takes 100"):
        fit_spend(few[0], np.full(999, 5.0))


def test_what_does_not_settle_is_not_fitted() -> None:
    alike = np.full(200, 5.0)
    with pytest.raises(NotFitted, match="purchases did not settle"):
        fit_purchases(alike, alike * 2, alike * 2)
    with pytest.raises(NotFitted, match="amounts did not settle"):
        fit_spend(alike, alike)
    with pytest.raises(NotFitted, match="ages are all 0"):
        fit_purchases(alike, alike * 0, alike * 0)


def test_amounts_without_a_mean_are_not_fitted() -> None:
    chance = np.random.default_rng(4)
    rates = chance.gamma(0.6, 1.0, size=4_000)
    with pytest.raises(NotFitted, match="no mean to expect"):
        fit_spend(np.full(4_000, 5.0), chance.gamma(15.0, 1.0, size=4_000) / rates / 5)


@pytest.mark.parametrize(
    "history", [(-1, 0, 5), (1, 6, 5), (1, -1, 5), (1, float("nan"), 5), (1, 1, float("inf"))]
)
def test_a_history_that_cannot_be_is_refused(history: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        probability_alive(CDNOW, *history)
    with pytest.raises(ValueError, match="horizon"):
        expected_purchases(CDNOW, 1, 1, 5, -1)


_LOGS = st.floats(-3, 3)
_FITS = st.builds(
    lambda r, alpha, a, b: PurchaseFit(exp(r), exp(alpha), exp(a), exp(b), 0.0),
    _LOGS,
    st.floats(-1, 6),
    st.one_of(_LOGS, st.sampled_from([0.0, 1e-7, -1e-6, 1e-5, 1e-4])),
    _LOGS,
)
_TIMES = st.tuples(st.floats(0, 2_000), st.floats(0, 1), st.floats(0, 1)).map(
    lambda drawn: (drawn[0], drawn[0] * min(drawn[1:]), drawn[0] * max(drawn[1:]))
)


@settings(max_examples=300, deadline=None)
@given(fit=_FITS, x=st.integers(0, 400), times=_TIMES)
def test_a_later_last_purchase_never_lowers_the_chance_that_they_still_buy(
    fit: PurchaseFit, x: int, times: tuple[float, float, float]
) -> None:
    age, early, late = times
    first, second = (float(probability_alive(fit, x, t, age)) for t in (early, late))
    assert 0 <= first <= second <= 1


@settings(max_examples=300, deadline=None)
@given(fit=_FITS, x=st.integers(1, 400), times=_TIMES, more=st.floats(0, 500))
def test_silence_never_raises_the_chance_that_they_still_buy(
    fit: PurchaseFit, x: int, times: tuple[float, float, float], more: float
) -> None:
    age, _, last = times
    now, later = (float(probability_alive(fit, x, last, at)) for at in (age, age + more))
    assert later <= now * (1 + 1e-12)


@settings(max_examples=300, deadline=None)
@given(fit=_FITS, x=st.integers(0, 400), times=_TIMES, ahead=st.floats(0.01, 3_000))
def test_more_time_never_brings_fewer_purchases(
    fit: PurchaseFit, x: int, times: tuple[float, float, float], ahead: float
) -> None:
    age, last, _ = times
    none, some, more = expected_purchases(fit, x, last, age, np.array([0.0, ahead, 2 * ahead]))
    assert none == 0 and np.isfinite(more)
    assert some <= more * (1 + 1e-8) + 1e-9
    # While they buy they buy at (r + x) / (alpha + age), and they may leave.
    assert some <= (fit.r + x) / (fit.alpha + age) * ahead * (1 + 1e-8) + 1e-8


@settings(max_examples=150, deadline=None)
@given(
    fit=_FITS,
    x=st.sampled_from([0, 1, 2, 10, 50, 300]),
    times=_TIMES,
    ahead=st.sampled_from([1.0, 30.0, 365.0, 3_000.0]),
)
def test_what_is_expected_of_who_still_buys_agrees_with_another_quadrature(
    fit: PurchaseFit, x: int, times: tuple[float, float, float], ahead: float
) -> None:
    age, last, _ = times
    share, shape = ahead / (fit.alpha + age), fit.r + x
    weight = (fit.a - 1, fit.b + x - 1)
    mean = quad(
        lambda p: -np.expm1(-shape * np.log1p(p * share)) / p if p else shape * share,
        0,
        1,
        weight="alg",
        wvar=weight,
        epsabs=0,
        epsrel=1e-10,
        full_output=1,
    )[0] / beta(fit.a, fit.b + x)
    alive = float(probability_alive(fit, x, last, age))
    found = float(expected_purchases(fit, x, last, age, ahead))
    assert found == pytest.approx(alive * mean, rel=1e-8, abs=1e-9)


def test_ten_thousand_purchases_overflow_nothing() -> None:
    found = expected_purchases(CDNOW, 10_000, [1.0, 3_000.0], 3_000.0, 365.0)
    assert found[0] == 0 and 1_000 < found[1] < 1_300


@pytest.mark.parametrize("size", [1e-4, 0.01, 200.0, 40_000.0])
def test_nearly_equal_and_wildly_unequal_chances_to_leave_are_expected_right(size: float) -> None:
    """Where all leave with one chance, or each with nearly 0 or nearly 1, a closed form is near."""
    fit = PurchaseFit(2.0, 30.0, size * 0.25, size * 0.75, 0.0)
    share = 365 / (30 + 100)
    found = float(expected_purchases(fit, 0, 0, 100, 365))
    if size > 1:
        near = (1 - (1 + 0.25 * share) ** -2.0) / 0.25
    else:
        near = 0.25 * (1 - (1 + share) ** -2.0) + 0.75 * 2.0 * share
    assert found == pytest.approx(near, rel=0.02)


@settings(max_examples=200, deadline=None)
@given(x=st.integers(0, 500), mean=st.floats(0, 1e9), more=st.floats(0, 1e9))
def test_the_expected_amount_lies_between_their_mean_and_everybodys(
    x: int, mean: float, more: float
) -> None:
    everybody = float(expected_spend(DOLLARS, 0, 0.0))
    assert everybody == pytest.approx(6.25 * 15.44 / 2.74)
    found = float(expected_spend(DOLLARS, x, mean))
    assert min(mean, everybody) * (1 - 1e-9) <= found <= max(mean, everybody) * (1 + 1e-9)
    assert found <= float(expected_spend(DOLLARS, x, mean + more)) * (1 + 1e-9)


def value(**over: Any) -> int:
    usual: dict[str, Any] = {"frequency": 3, "recency": 200.0, "age": 240.0, "amounts": 4}
    days = PurchaseFit(0.243, 4.414 * 7, 0.793, 2.426, 0.0)
    cents = SpendFit(6.25, 3.74, 1_544.0)
    return lifetime_value_minor(days, cents, **(usual | {"mean_minor": 4_000.0} | over))


def test_a_value_is_purchases_times_amount_in_whole_minor_units() -> None:
    days = PurchaseFit(0.243, 4.414 * 7, 0.793, 2.426, 0.0)
    bought = float(expected_purchases(days, 3, 200.0, 240.0, 365))
    each = float(expected_spend(SpendFit(6.25, 3.74, 1_544.0), 4, 4_000.0))
    assert value() == round(bought * each)
    assert value(horizon_days=0) == 0
    assert 0 < value(horizon_days=20) < value(horizon_days=30) < value(horizon_days=400)


def test_a_discount_rate_takes_off_what_half_a_year_and_the_whole_of_it_would() -> None:
    plain, discounted = value(), value(discount_bp_a_year=1_000)
    assert plain / 1.10 < discounted < plain
    assert discounted == pytest.approx(plain / 1.10**0.5, rel=0.02)
    with pytest.raises(ValueError, match="discount rate"):
        value(discount_bp_a_year=-1)
