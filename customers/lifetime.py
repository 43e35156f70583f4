"""What a customer is worth: how often they will buy again, and for how much each time.

Purchases by BG/NBD (Fader, Hardie and Lee, "Counting Your Customers the Easy Way", Marketing
Science 24, 2005), amounts by Gamma-Gamma (Fader and Hardie, "The Gamma-Gamma Model of Monetary
Value", 2013). Pure and vectorised. Times are in any one unit, and a fit is in that of its data;
money is in minor units or any one unit. A fit that did not converge is `NotFitted`, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import (  # type: ignore[import-untyped]
    betaln,
    digamma,
    expit,
    gammaln,
    polygamma,
)

Array = NDArray[np.float64]

#: People who bought again, below which four parameters say more about chance than about them.
LEAST_PEOPLE = 100
DAYS_A_YEAR = 365
#: A parameter this far from the middle of its data (in logarithms) has run off.
_FAR = 12.0
_STARTS = (0.0, -1.0, 1.0)
_FLAT = 1e-4
_NODES = 257
_WIDEST = 2.0
_AT_ONCE = 1_000
_STEP_DAYS = 30


class NotFitted(Exception):
    """There is no fit for these people; the message says why, and what would mend it."""


@dataclass(frozen=True, slots=True)
class PurchaseFit:
    """BG/NBD: rates of purchase are Gamma(r, alpha), chances to leave after one Beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float


@dataclass(frozen=True, slots=True)
class SpendFit:
    """Gamma-Gamma: amounts are Gamma(p, rate), rates Gamma(q, v); `v` is in units of money."""

    p: float
    q: float
    v: float


def purchase_log_likelihood(
    fit: PurchaseFit, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
) -> Array:
    """Log-likelihood a person (equation 6 of 2005) under the parameters of `fit`, shape (n,).

    `frequency` counts purchases after the first, `recency` is the time from the first to the last,
    `age` the time from the first to now. Raises ValueError where they cannot be.
    """
    x, t, age_ = _histories(frequency, recency, age)
    return _purchase_terms(np.array([fit.r, fit.alpha, fit.a, fit.b]), x, t, age_)[0]


def fit_purchases(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> PurchaseFit:
    """The BG/NBD parameters under which these histories are likeliest. Raises `NotFitted`."""
    x, t, age_ = _histories(frequency, recency, age)
    again = int(np.count_nonzero(x))
    if again < LEAST_PEOPLE:
        raise NotFitted(f"too few people bought again: {again:,}, and it takes {LEAST_PEOPLE}")
    unit = float(np.mean(age_))  # of time: days and weeks then take the same way
    if unit == 0:
        raise NotFitted("nobody's first purchase is past yet; ages are all 0")

    def cost(theta: Array) -> tuple[float, Array]:
        each, slopes = _purchase_terms(np.exp(theta), x, t / unit, age_ / unit)
        return -float(np.mean(each)), -np.mean(slopes, axis=1) * np.exp(theta)

    r, alpha, a, b = _likeliest(cost, 4, "purchases")
    found = PurchaseFit(r, alpha * unit, a, b, 0.0)
    total = float(np.sum(purchase_log_likelihood(found, x, t, age_)))
    return PurchaseFit(found.r, found.alpha, found.a, found.b, total)


def fit_spend(frequency: ArrayLike, mean: ArrayLike) -> SpendFit:
    """The Gamma-Gamma parameters under which these mean amounts are likeliest.

    `frequency` counts the purchases that `mean` is the mean of. Who has none, or spent nothing,
    says nothing and is left out. Raises `NotFitted`.
    """
    x, z = np.broadcast_arrays(np.asarray(frequency, float), np.asarray(mean, float))
    _check(np.isfinite(x).all() and np.isfinite(z).all(), "a number of purchases or a mean amount")
    said = (x >= 1) & (z > 0)
    known = int(np.count_nonzero(said))
    if known < LEAST_PEOPLE:
        raise NotFitted(
            f"too few people's amounts are known: {known:,}, and it takes {LEAST_PEOPLE}"
        )
    x, unit = x[said], float(np.mean(z[said]))
    z = z[said] / unit

    def cost(theta: Array) -> tuple[float, Array]:
        each, slopes = _spend_terms(np.exp(theta), x, z)
        return -float(np.mean(each)), -np.mean(slopes, axis=1) * np.exp(theta)

    p, q, v = _likeliest(cost, 3, "amounts")
    if q <= 1:
        raise NotFitted("amounts are so uneven that they have no mean to expect")
    return SpendFit(p, q, v * unit)


def probability_alive(
    fit: PurchaseFit, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
) -> Array:
    """The chance that somebody still buys, in [0, 1].

    It is 1 for who bought once: the model takes nobody to leave before a second purchase. Of the
    likelihood's two parts (equation 6 of 2005); as a logit, which no long history overflows.
    """
    x, t, age_ = _histories(frequency, recency, age)
    before = np.where(x > 0, fit.b + x - 1, 1.0)
    gone = np.log(fit.a / before) + (fit.r + x) * np.log((fit.alpha + age_) / (fit.alpha + t))
    alive: Array = np.where(x > 0, expit(-gone), 1.0)
    return alive


def expected_purchases(
    fit: PurchaseFit,
    frequency: ArrayLike,
    recency: ArrayLike,
    age: ArrayLike,
    horizon: ArrayLike,
) -> Array:
    """How many purchases to expect within `horizon` from now (equation 10 of 2005).

    The formula's hypergeometric function has poles and leaves the range of numbers from about a
    hundred purchases on; the integral that it stands for has neither (`_bought_if_alive`).
    """
    x, t, age_ = _histories(frequency, recency, age)
    ahead = np.asarray(horizon, float)
    _check(bool(np.isfinite(ahead).all() and (ahead >= 0).all()), "a horizon")
    alive = probability_alive(fit, x, t, age_)
    shape, share = np.broadcast_arrays(fit.r + x, ahead / (fit.alpha + age_))
    stays = np.broadcast_to(fit.b + x, shape.shape).ravel()
    flat = np.empty(shape.size)
    for begin in range(0, shape.size, _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        flat[part] = _bought_if_alive(fit.a, stays[part], shape.ravel()[part], share.ravel()[part])
    bought: Array = alive * flat.reshape(shape.shape)
    return bought


def expected_spend(fit: SpendFit, frequency: ArrayLike, mean: ArrayLike) -> Array:
    """The amount of somebody's next purchase: their own mean, drawn to everybody's (2013, eq. 5).

    `frequency` as in `fit_spend`; 0 gives everybody's mean.
    """
    x, z = np.asarray(frequency, float), np.asarray(mean, float)
    known = np.where(x > 0, x * z, 0.0)
    spent: Array = fit.p * (fit.v + known) / (fit.p * x + fit.q - 1)
    return spent


def lifetime_value_minor(
    purchases: PurchaseFit,
    spend: SpendFit,
    *,
    frequency: int,
    recency: float,
    age: float,
    amounts: int,
    mean_minor: float,
    horizon_days: int = DAYS_A_YEAR,
    discount_bp_a_year: int = 0,
) -> int:
    """What one person will spend within the horizon, in whole minor units, rounded half to even.

    Both fits are in days and minor units. `mean_minor` is the mean of `amounts` purchases, the
    first included or not, as in the fit. A discount rate takes each 30 days' purchases as made in
    their middle.
    """
    _check(horizon_days >= 0 and discount_bp_a_year >= 0, "a horizon or a discount rate")
    ends = np.array([*range(_STEP_DAYS, horizon_days, _STEP_DAYS), horizon_days], float)
    until = expected_purchases(purchases, frequency, recency, age, ends)
    begins = np.concatenate(([0.0], ends[:-1]))
    years = (begins + ends) / 2 / DAYS_A_YEAR
    worth = np.diff(until, prepend=0.0) * (1 + discount_bp_a_year / 10_000) ** -years
    return round(float(np.sum(worth)) * float(expected_spend(spend, amounts, mean_minor)))


def _histories(
    frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
) -> tuple[Array, Array, Array]:
    x, t, age_ = np.broadcast_arrays(*(np.asarray(a, float) for a in (frequency, recency, age)))
    t = np.where(x > 0, t, 0.0)  # of who bought once only the age speaks
    finite = np.isfinite(x) & np.isfinite(t) & np.isfinite(age_)
    _check(bool((finite & (x >= 0) & (t >= 0) & (t <= age_)).all()), "a history of purchases")
    return x, t, age_


def _check(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(
            f"{what} cannot be: numbers are finite and not below 0, and recency at most age"
        )


def _purchase_terms(parameters: Array, x: Array, t: Array, age: Array) -> tuple[Array, Array]:
    """Log-likelihood a person, and its slopes by r, alpha, a, b, shape (4, n)."""
    r, alpha, a, b = parameters
    bought = x > 0
    before = np.where(bought, b + x - 1, 1.0)
    log_now, log_last = np.log(alpha + age), np.log(alpha + t)
    here = -(r + x) * log_now
    left = np.where(bought, np.log(a / before) - (r + x) * log_last, -np.inf)
    each = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    each = each + betaln(a, b + x) - betaln(a, b) + np.logaddexp(here, left)
    gone = expit(left - here)
    both = digamma(a + b) - digamma(a + b + x)
    slopes = np.stack(
        [
            digamma(r + x) - digamma(r) + np.log(alpha) - (1 - gone) * log_now - gone * log_last,
            r / alpha - (r + x) * ((1 - gone) / (alpha + age) + gone / (alpha + t)),
            both + gone / a,
            both + digamma(b + x) - digamma(b) - gone / before,
        ]
    )
    return each, slopes


def _spend_terms(parameters: Array, x: Array, z: Array) -> tuple[Array, Array]:
    """Log-likelihood a person (equation 1a of 2013), and its slopes by p, q, v, shape (3, n)."""
    p, q, v = parameters
    shape, log_all = p * x + q, np.log(v + x * z)
    each = gammaln(shape) - gammaln(p * x) - gammaln(q) + q * np.log(v)
    each = each + (p * x - 1) * np.log(z) + p * x * np.log(x) - shape * log_all
    slopes = np.stack(
        [
            x * (digamma(shape) - digamma(p * x) + np.log(x * z) - log_all),
            digamma(shape) - digamma(q) + np.log(v) - log_all,
            q / v - shape / (v + x * z),
        ]
    )
    return each, slopes


def _likeliest(
    cost: Callable[[Array], tuple[float, Array]], parameters: int, what: str
) -> list[float]:
    """The parameters of least cost, from several starts. Raises `NotFitted` unless it is level."""
    # Half a second to import, which only who fits shall wait for.
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    tried = [
        minimize(
            cost,
            np.full(parameters, start),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-_FAR, _FAR)] * parameters,
            options={"maxiter": 2_000, "maxfun": 4_000, "ftol": 1e-14, "gtol": 1e-7},
        )
        for start in _STARTS
    ]
    best = min(tried, key=lambda found: float(found.fun))
    level = np.isfinite(best.fun) and float(np.max(np.abs(best.jac))) < _FLAT
    if not level or float(np.max(np.abs(best.x))) > _FAR - 1:
        raise NotFitted(
            f"the estimate of {what} did not settle: these people's are too alike, or too few"
        )
    return [float(one) for one in np.exp(best.x)]


def _bought_if_alive(leaves: float, stays: Array, shape: Array, share: Array) -> Array:
    """Purchases to expect of who still buys: the mean of (1 - (1 + p share)^-shape) / p.

    The chance p to leave is Beta(leaves, stays) once its history is known, and the rate's Gamma is
    integrated out. By the trapezoid rule over y = logit p, whose steps grow with the distance from
    the middle (a double exponential, after Takahasi and Mori 1974), so that thin and long tails
    are met alike. All arguments but the first have shape (n,), and so has the answer.
    """
    least = np.minimum(leaves, stays)
    width = np.minimum(np.sqrt(polygamma(1, leaves) + polygamma(1, stays)), _WIDEST)
    reach = np.arcsinh(np.maximum(10.0, 40.0 / (width * least)))[:, None]
    step = reach * np.linspace(-1.0, 1.0, _NODES)
    y = np.log(leaves / stays)[:, None] + width[:, None] * np.sinh(step)
    log_weight = -leaves * np.logaddexp(0, -y) - stays[:, None] * np.logaddexp(0, y)
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True)) * np.cosh(step)
    p = expit(np.maximum(y, -600.0))
    purchases = -np.expm1(-shape[:, None] * np.log1p(p * share[:, None])) / p
    mean: Array = np.sum(weight * purchases, axis=1) / np.sum(weight, axis=1)
    return mean
