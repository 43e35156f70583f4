"""Lifetime values of a deployment's own customers: whom they are of, and what is said without."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from customers import erasure, lifetime_fits, profile
from customers.lifetime import PurchaseFit, SpendFit
from customers.lifetime_fits import LifetimeFit, Unfitted, segment_of, value_of
from customers.profile import Profile, with_order, with_refund, with_shared_order
from store.schema import customers
from store.schema import lifetime_fits as table
from tests.customers.people import DAY, NOW, Town, identify, track

DAYS = PurchaseFit(0.243, 4.414 * 7, 0.793, 2.426, -9_582.4)
CENTS = SpendFit(6.25, 3.74, 1_544.0)
SEGMENTS = (("platinum", 20_000), ("gold", 9_000), ("silver", 4_000), ("bronze", 0))
FIT = LifetimeFit("fit_1", NOW, "EUR", 400, DAYS, CENTS, SEGMENTS)


def bought(*days_ago: float, minor: int = 5_000, currency: str = "EUR") -> Profile:
    person = Profile()
    for days in days_ago:
        at = NOW - round(days * DAY)
        person = with_order(person, at=at, revenue_minor=minor, currency=currency, coupon=False)
    return person


def made_up(n: int, *, seed: int = 5) -> list[Profile]:
    """People who order, and leave, as the models take them to."""
    chance, people = np.random.default_rng(seed), []
    for _ in range(n):
        rate, leaves = chance.gamma(1.2, 1 / 30), chance.beta(1.0, 4.0)
        mean = 6_000 / chance.gamma(4.0, 1 / 4.0)
        at, days = float(chance.uniform(100, 700)), []
        while at > 0:
            days.append(at)
            if len(days) > 1 and chance.random() < leaves:
                break
            at -= chance.exponential(1 / rate)
        people.append(bought(*days, minor=round(mean * chance.gamma(6.0, 1 / 6.0)) + 1))
    return people


@pytest.fixture(scope="module")
def crowd() -> list[Profile]:
    return made_up(600)


def settle(town: Town, people: list[Profile]) -> list[str]:
    """These profiles as customers of the town's, each with an order in its books."""
    ids = [
        town.who(track("Order Completed", f"u{n}", order_id=f"o{n}", total=1, currency="EUR"))
        for n in range(len(people))
    ]

    def unit(conn: Any) -> None:
        for customer_id, person in zip(ids, people, strict=True):
            profile.save(conn, town.vault, customer_id, person, now_us=NOW)

    town.run(unit)
    return ids


def test_a_fit_of_the_deployments_customers_is_kept_and_in_force(
    any_town: Town, crowd: list[Profile]
) -> None:
    settle(any_town, crowd)
    assert any_town.db.read_now(lifetime_fits.in_force) is None
    found = any_town.run(lifetime_fits.refit, any_town.vault, now_us=NOW, fit_id="fit_1")
    assert isinstance(found, LifetimeFit)
    assert any_town.db.read_now(lifetime_fits.in_force) == found
    assert any_town.db.read_now(lifetime_fits.newest_try) == lifetime_fits.Tried(NOW, None)
    assert (found.currency, found.people) == ("EUR", 600)


def test_segments_are_shares_of_the_fitted_people(crowd: list[Profile]) -> None:
    fit = lifetime_fits.estimate(crowd, now_us=NOW, fit_id="fit_1")
    assert isinstance(fit, LifetimeFit)
    named = [segment_of(person, fit, now_us=NOW) for person in crowd]
    shares = {name: named.count(name) / len(crowd) for name, _ in SEGMENTS}
    wanted = {"platinum": 0.05, "gold": 0.15, "silver": 0.30, "bronze": 0.50}
    assert shares == pytest.approx(wanted, abs=0.01)
    least = [value for _, value in fit.segments]
    assert least == sorted(least, reverse=True) and least[-1] == 0


def test_the_fit_finds_the_people_that_it_was_made_of(crowd: list[Profile]) -> None:
    fit = lifetime_fits.estimate(crowd, now_us=NOW, fit_id="fit_1")
    assert isinstance(fit, LifetimeFit)
    rate, leaving = fit.purchases.r / fit.purchases.alpha, fit.purchases
    assert rate == pytest.approx(1.2 / 30, rel=0.35)
    assert leaving.a / (leaving.a + leaving.b) == pytest.approx(0.2, abs=0.08)


def test_too_few_people_are_a_normal_state_with_its_reason(town: Town) -> None:
    settle(town, [bought(50, 10), bought(20)])
    found = town.run(lifetime_fits.refit, town.vault, now_us=NOW, fit_id="fit_1")
    assert found == Unfitted("fit_1", NOW, 2, "too few people bought again: 1, and it takes 100")
    assert town.db.read_now(lifetime_fits.in_force) is None
    tried = town.db.read_now(lifetime_fits.newest_try)
    assert tried == lifetime_fits.Tried(NOW, found.why)


def test_a_fit_stays_in_force_when_a_later_try_finds_none(town: Town) -> None:
    town.run(lifetime_fits.keep, FIT)
    town.run(lifetime_fits.keep, Unfitted("fit_2", NOW + DAY, 3, "too few"))
    assert town.db.read_now(lifetime_fits.in_force) == FIT
    assert town.db.read_now(lifetime_fits.newest_try) == lifetime_fits.Tried(NOW + DAY, "too few")


def test_nobody_who_bought_says_so(town: Town) -> None:
    town.who(identify("ada", email="ada@example.com"))
    found = town.run(lifetime_fits.refit, town.vault, now_us=NOW, fit_id="fit_1")
    assert found == Unfitted("fit_1", NOW, 0, "nobody has an order with a readable amount")


def test_a_try_has_either_parameters_or_a_reason(any_town: Town) -> None:
    with pytest.raises(IntegrityError):
        any_town.run(lambda conn: conn.execute(insert(table).values(id="fit_1", at=NOW, people=0)))


def test_who_is_merged_away_erased_or_never_bought_is_not_read(any_town: Town) -> None:
    town = any_town
    ada, ben, cleo = settle(town, [bought(30, 20), bought(40, 2), bought(9, 8, 7)])
    town.who(identify("zoe", email="zoe@example.com"))
    town.who({"type": "alias", "previousId": "u1", "userId": "u0"})
    [(gone,)] = town.rows(select(customers.c.id).where(customers.c.merged_into.is_not(None)))
    assert gone in (ada, ben)
    everyone = town.run(erasure.prepare, cleo, now_us=NOW)
    town.vault.destroy(everyone)
    [left] = town.db.read_now(lifetime_fits.buyers, town.vault)
    assert left.orders == 4


def test_p10_who_is_erased_while_it_is_read_is_left_out(town: Town) -> None:
    _, ben = settle(town, [bought(30, 20), bought(9, 8, 7)])
    town.vault.destroy([ben])
    assert [p.orders for p in town.db.read_now(lifetime_fits.buyers, town.vault)] == [2]


def test_of_too_many_people_a_part_is_read_evenly(any_town: Town) -> None:
    settle(any_town, [bought(*range(20, 20 - n, -1)) for n in range(1, 13)])
    for most, share in ((12, 1), (100, 1), (6, 2), (4, 3)):
        read = any_town.db.read_now(lifetime_fits.buyers, any_town.vault, most=most)
        counted = [p.orders for p in read]
        assert counted == list(range(share, 13, share)), most
    assert len(any_town.db.read_now(lifetime_fits.buyers, any_town.vault, most=5)) == 5


def test_p10_what_is_kept_holds_nothing_of_anybody(town: Town, crowd: list[Profile]) -> None:
    ids = settle(town, crowd)
    town.run(lifetime_fits.refit, town.vault, now_us=NOW, fit_id="fit_1")
    [row] = town.rows(select(table))
    assert set(json.loads(row.purchases)) == {"r", "alpha", "a", "b", "log_likelihood"}
    assert set(json.loads(row.spend)) == {"p", "q", "v"}
    assert not any(customer_id in str(row) for customer_id in ids)


# -- of one person ---------------------------------------------------------------------------------


def test_who_bought_lately_is_worth_more_than_who_fell_silent() -> None:
    lately, silent = bought(300, 200, 20), bought(300, 290, 280)
    worth = [value_of(person, FIT, now_us=NOW) for person in (lately, silent)]
    assert worth[0] is not None and worth[1] is not None and worth[0] > 2 * worth[1] > 0
    assert segment_of(lately, FIT, now_us=NOW) == "silver"
    outlook = lifetime_fits.outlook_of(silent, FIT, now_us=NOW)
    assert outlook is not None and outlook.alive_bp is not None and outlook.alive_bp < 3_000


def test_a_longer_horizon_is_worth_more() -> None:
    person = bought(100, 50, 20)
    year, quarter = (value_of(person, FIT, now_us=NOW, horizon_days=days) for days in (365, 90))
    assert year is not None and quarter is not None and year > quarter > 0


def test_of_who_ordered_once_nobody_can_say_whether_they_left() -> None:
    outlook = lifetime_fits.outlook_of(bought(400), FIT, now_us=NOW)
    assert outlook is not None and outlook.alive_bp is None and outlook.value_minor > 0


def test_without_an_order_one_is_new_and_has_no_value() -> None:
    assert value_of(Profile(), FIT, now_us=NOW) is None
    assert segment_of(Profile(), FIT, now_us=NOW) == "new"


@pytest.mark.parametrize(
    "person",
    [
        bought(30, 20, currency="USD"),
        with_order(bought(30), at=NOW, revenue_minor=5, currency="USD", coupon=False),
        with_order(bought(30), at=NOW, revenue_minor=None, currency=None, coupon=False),
        with_refund(bought(30), minor=None, currency=None),
    ],
    ids=["another currency", "two currencies", "an order without amount", "a refund without"],
)
def test_p6_amounts_that_cannot_be_told_in_one_currency_are_no_value(person: Profile) -> None:
    assert value_of(person, FIT, now_us=NOW) is None
    assert segment_of(person, FIT, now_us=NOW) is None


def test_an_order_dated_after_now_counts_as_made_now() -> None:
    assert value_of(bought(30, -2), FIT, now_us=NOW) == value_of(bought(30, 0), FIT, now_us=NOW)


def test_an_amount_counted_with_somebody_else_is_a_purchase_without_one() -> None:
    person = with_shared_order(bought(30), at=NOW - DAY, order_hash="h")
    told = lifetime_fits.history_of(person, "EUR", now_us=NOW)
    assert told == lifetime_fits.History(1, 29.0, 30.0, 1, 5_000.0)


def test_the_commonest_currency_is_the_fits_and_the_others_say_how_often_they_buy(
    crowd: list[Profile],
) -> None:
    dollars = [bought(30, 20, minor=10**9, currency="USD")] * 50
    mixed = lifetime_fits.estimate([*crowd, *dollars], now_us=NOW, fit_id="fit_1")
    alone = lifetime_fits.estimate(crowd, now_us=NOW, fit_id="fit_1")
    assert isinstance(mixed, LifetimeFit) and isinstance(alone, LifetimeFit)
    assert (mixed.currency, mixed.people) == ("EUR", 650)
    assert mixed.spend == alone.spend and mixed.purchases != alone.purchases
