"""The lifetime values of a deployment's own customers: estimated from all, told of each.

A fit holds parameters and cut points of everybody together, nothing of anybody. A try that found
none is kept with its reason, and the fit before it stays in force. Reading, estimating and keeping
are apart, so that no writer waits while thousands of profiles are opened.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from sqlalchemy import Connection, func, insert, select

from customers import profile
from customers.lifetime import (
    DAYS_A_YEAR,
    NotFitted,
    PurchaseFit,
    SpendFit,
    expected_purchases,
    expected_spend,
    fit_purchases,
    fit_spend,
    lifetime_value_minor,
    probability_alive,
)
from customers.profile import Profile
from store.schema import customers, lifetime_fits, orders
from store.sealing import Erased, Vault

MOST_PEOPLE = 20_000
_DAY_US = 86_400 * 1_000_000
#: Who is above which share of the fitted people, in basis points, the best first.
SEGMENTS = (("platinum", 9_500), ("gold", 8_000), ("silver", 5_000), ("bronze", 0))


@dataclass(frozen=True, slots=True)
class History:
    """One person's orders, in days: `frequency` after the first, `recency` first to last.

    `mean_minor` is the mean of `amounts` orders, None where it cannot be said in one currency.
    """

    frequency: int
    recency: float
    age: float
    amounts: int
    mean_minor: float | None


@dataclass(frozen=True, slots=True)
class LifetimeFit:
    """A fit, in days and minor units of `currency`.

    `segments` are the least values for DAYS_A_YEAR days from which each begins, the best first.
    """

    id: str
    at: int
    currency: str
    people: int
    purchases: PurchaseFit
    spend: SpendFit
    segments: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What to expect of one person: minor units, purchases, and the chance that they still buy.

    `alive_bp` in basis points; None for who ordered once, since the model takes nobody to leave
    before a second order.
    """

    value_minor: int
    purchases: float
    alive_bp: int | None


@dataclass(frozen=True, slots=True)
class Unfitted:
    """A try that found no fit, and why; `people` had an order."""

    id: str
    at: int
    people: int
    why: str


@dataclass(frozen=True, slots=True)
class Tried:
    """When a fit was tried for, and why there was none; `why_not` None: there was."""

    at: int
    why_not: str | None


def refit(
    conn: Connection, vault: Vault, *, now_us: int, fit_id: str, most: int = MOST_PEOPLE
) -> LifetimeFit | Unfitted:
    """Read, estimate and keep in one unit. A deployment at work does each apart."""
    found = estimate(buyers(conn, vault, most=most), now_us=now_us, fit_id=fit_id)
    keep(conn, found)
    return found


def buyers(conn: Connection, vault: Vault, *, most: int = MOST_PEOPLE) -> list[Profile]:
    """Profiles of at most `most` people with orders, evenly over when they were first heard of."""
    bought = (
        select(customers.c.id)
        .where(
            customers.c.id.in_(select(orders.c.customer_id)),
            customers.c.erased_at.is_(None),
            customers.c.merged_into.is_(None),
        )
        .subquery()
    )
    people = int(conn.execute(select(func.count()).select_from(bought)).scalar_one())
    numbered = select(bought.c.id, func.row_number().over(order_by=bought.c.id).label("n"))
    chosen = numbered.subquery()
    query = select(chosen.c.id).order_by(chosen.c.id)
    if people > most:
        query = query.where((chosen.c.n * most) % people < most)
    found = []
    for customer_id in conn.execute(query).scalars():
        try:
            person = profile.load(conn, vault, customer_id)
        except Erased:  # since this reading began
            continue
        if person.orders > 0 and person.first_order_at is not None:
            found.append(person)
    return found


def estimate(people: Sequence[Profile], *, now_us: int, fit_id: str) -> LifetimeFit | Unfitted:
    """The fit of these people; pure, and seconds of computing for many thousands."""
    currency = _commonest_currency(people)
    if currency is None:
        return Unfitted(fit_id, now_us, len(people), "nobody has an order with a readable amount")
    told = [h for p in people if (h := history_of(p, currency, now_us=now_us)) is not None]
    frequency, recency, age = (
        np.array([getattr(h, name) for h in told], float)
        for name in ("frequency", "recency", "age")
    )
    amounts = np.array([h.amounts if h.mean_minor is not None else 0 for h in told], float)
    mean = np.array([h.mean_minor or 0.0 for h in told], float)
    try:
        purchases = fit_purchases(frequency, recency, age)
        spend = fit_spend(amounts, mean)
    except NotFitted as why:
        return Unfitted(fit_id, now_us, len(people), str(why))
    bought = expected_purchases(purchases, frequency, recency, age, DAYS_A_YEAR)
    priced = np.array([h.mean_minor is not None for h in told])
    values = (bought * expected_spend(spend, amounts, mean))[priced]
    least = np.quantile(values, [share / 10_000 for _, share in SEGMENTS])
    segments = tuple(
        (name, 0 if share == 0 else round(float(value)))
        for (name, share), value in zip(SEGMENTS, least, strict=True)
    )
    return LifetimeFit(fit_id, now_us, currency, len(told), purchases, spend, segments)


def keep(conn: Connection, found: LifetimeFit | Unfitted) -> None:
    """Write a try down; a fit is in force from now on."""
    values = {"id": found.id, "at": found.at, "people": found.people}
    if isinstance(found, Unfitted):
        conn.execute(insert(lifetime_fits).values(**values, why_not=found.why))
        return
    conn.execute(
        insert(lifetime_fits).values(
            **values,
            currency=found.currency,
            purchases=json.dumps(asdict(found.purchases)),
            spend=json.dumps(asdict(found.spend)),
            segments=json.dumps(found.segments),
        )
    )


def in_force(conn: Connection) -> LifetimeFit | None:
    """The newest fit; None where there never was one."""
    row = conn.execute(
        select(lifetime_fits)
        .where(lifetime_fits.c.why_not.is_(None))
        .order_by(lifetime_fits.c.at.desc(), lifetime_fits.c.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return LifetimeFit(
        id=row.id,
        at=row.at,
        currency=row.currency,
        people=row.people,
        purchases=PurchaseFit(**json.loads(row.purchases)),
        spend=SpendFit(**json.loads(row.spend)),
        segments=tuple((name, least) for name, least in json.loads(row.segments)),
    )


def newest_try(conn: Connection) -> Tried | None:
    """The newest try; None where there never was one."""
    row = conn.execute(
        select(lifetime_fits.c.at, lifetime_fits.c.why_not)
        .order_by(lifetime_fits.c.at.desc(), lifetime_fits.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else Tried(row.at, row.why_not)


def history_of(person: Profile, currency: str, *, now_us: int) -> History | None:
    """Their orders as the models take them; None without an order.

    An order dated after now is taken as made now. A purchase shared with somebody, whose amount
    counts there, counts as a purchase and not as an amount.
    """
    first, last = person.first_order_at, person.last_order_at
    if person.orders < 1 or first is None or last is None:
        return None
    first, last = min(first, now_us), min(last, now_us)
    amounts = max(0, person.orders - len(person.shared))
    revenue = person.revenue_minor
    known = revenue is not None and set(person.revenue) <= {currency}
    return History(
        frequency=person.orders - 1,
        recency=(last - first) / _DAY_US,
        age=(now_us - first) / _DAY_US,
        amounts=amounts if known else 0,
        mean_minor=(revenue or 0) / max(1, amounts) if known else None,
    )


def outlook_of(
    person: Profile, fit: LifetimeFit, *, now_us: int, horizon_days: int = DAYS_A_YEAR
) -> Outlook | None:
    """What is to be expected of them within the horizon.

    None without an order, and where their revenue is malformed or in another currency.
    """
    told = history_of(person, fit.currency, now_us=now_us)
    if told is None or told.mean_minor is None:
        return None
    history = (told.frequency, told.recency, told.age)
    alive = float(probability_alive(fit.purchases, *history))
    return Outlook(
        value_minor=lifetime_value_minor(
            fit.purchases,
            fit.spend,
            frequency=told.frequency,
            recency=told.recency,
            age=told.age,
            amounts=told.amounts,
            mean_minor=told.mean_minor,
            horizon_days=horizon_days,
        ),
        purchases=float(expected_purchases(fit.purchases, *history, horizon_days)),
        alive_bp=round(alive * 10_000) if told.frequency else None,
    )


def value_of(
    person: Profile, fit: LifetimeFit, *, now_us: int, horizon_days: int = DAYS_A_YEAR
) -> int | None:
    """The outlook's value alone, in minor units of the fit's currency."""
    outlook = outlook_of(person, fit, now_us=now_us, horizon_days=horizon_days)
    return None if outlook is None else outlook.value_minor


def segment_of(person: Profile, fit: LifetimeFit, *, now_us: int) -> str | None:
    """Platinum, gold, silver or bronze by what they will spend in a year; new without an order.

    None where that cannot be said. Without a fit, `Profile.segment` is what there is.
    """
    if person.orders == 0:
        return "new"
    value = value_of(person, fit, now_us=now_us)
    if value is None:
        return None
    return next(name for name, least in fit.segments if value >= least)


def _commonest_currency(people: Sequence[Profile]) -> str | None:
    found = Counter(
        next(iter(p.revenue))
        for p in people
        if len(p.revenue) == 1 and "revenue" not in p.malformed
    )
    return min(found, key=lambda name: (-found[name], name)) if found else None
