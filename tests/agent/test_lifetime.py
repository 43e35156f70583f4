"""Lifetime values at work: estimated once a day, told of a person, and why where they are not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from sqlalchemy import select

from agent.lifetime import EVERY_SECONDS, FIRST_AFTER_SECONDS, Refitting
from customers import lifetime_fits, profile
from customers.lifetime_fits import LifetimeFit
from store.clock import SimulatedClock
from store.database import Database
from store.schema import lifetime_fits as table
from tests.agent.deployment import HOUR_US, deployment
from tests.agent.test_anchoring import Bell
from tests.customers.people import DAY, NOW, Town
from tests.customers.test_lifetime_fits import CENTS, DAYS, SEGMENTS, made_up, settle

FEW = "too few people bought again: 0, and it takes 100"


def tries(db: Database) -> list[tuple[int, str | None]]:
    query = select(table.c.at, table.c.why_not).order_by(table.c.at)
    return [(row.at, row.why_not) for row in db.read_now(lambda conn: conn.execute(query).all())]


async def test_it_is_estimated_once_a_day_by_business_time(db: Database) -> None:
    settle(Town(db), made_up(250))
    bell, clock = Bell(), SimulatedClock(NOW)
    refitting = Refitting(db, clock, sleep=bell)
    refitting.start()
    await bell.sleeping.wait()
    assert tries(db) == []
    for now_us, times in ((NOW, 1), (NOW + 23 * HOUR_US, 1), (NOW + DAY, 2), (NOW + DAY + 1, 2)):
        clock.show(now_us)
        await bell.ring()
        assert len(tries(db)) == times
    await refitting.stop()
    assert bell.asked == [FIRST_AFTER_SECONDS, *[EVERY_SECONDS] * 4]
    fit = db.read_now(lifetime_fits.in_force)
    assert fit is not None and (fit.at, fit.people) == (NOW + DAY, 250)


async def test_too_few_people_are_said_once_and_tried_again_every_hour(db: Database) -> None:
    town, clock = Town(db), SimulatedClock(NOW)
    refitting = Refitting(db, clock)
    settle(town, made_up(1, seed=1))
    for hour in range(3):
        clock.show(NOW + hour * HOUR_US)
        await refitting.refit_if_due()
    [(at, why)] = tries(db)
    assert at == NOW and why is not None and "it takes 100" in why
    settle(town, made_up(250))
    await refitting.refit_if_due()
    assert [why is None for _, why in tries(db)] == [False, True]


class Broken(Database):
    """A database that keeps nothing."""

    async def write(self, unit, *args, **kwargs):  # type: ignore[no-untyped-def]
        raise OSError("no room")


async def test_a_try_that_fails_stops_nothing_and_is_made_again(tmp_path: Path) -> None:
    db = Broken.open(tmp_path / "data")
    bell = Bell()
    refitting = Refitting(db, SimulatedClock(NOW), sleep=bell)
    refitting.start()
    await bell.sleeping.wait()
    await bell.ring()
    await bell.ring()
    await refitting.stop()
    assert bell.asked == [FIRST_AFTER_SECONDS, EVERY_SECONDS, EVERY_SECONDS]
    db.close()


async def test_a_deployment_that_stops_leaves_no_task(tmp_path: Path) -> None:
    async with deployment(tmp_path):
        assert "lifetime" in {task.get_name() for task in asyncio.all_tasks()}
    assert "lifetime" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_what_somebody_is_expected_to_spend_is_told_with_what_it_rests_on(
    tmp_path: Path,
) -> None:
    async with deployment(tmp_path) as made:
        ours, now_us = await made.person(), made.runs.clock.now_us()
        await made.runs.db.write(lifetime_fits.keep, fit_at(now_us - DAY))
        told = await made.runs.people.look(ours)
        assert (told["lifetime"], told["lifetime_why_not"]) == (None, "no order yet")
        for n in range(2):
            await made.track("Order Completed", order_id=f"o{n}", total=50, currency="EUR")
            await made.advance(days=30)
        await made.runs.idle()
        told = await made.runs.people.look(ours)
        db, later = made.runs.db, made.runs.clock.now_us()
        person = db.read_now(profile.load, db.vault, ours)
        outlook = lifetime_fits.outlook_of(person, fit_at(now_us - DAY), now_us=later)
        assert outlook is not None and outlook.alive_bp is not None
        assert told["lifetime_why_not"] is None
        assert told["lifetime"] == {
            "value_minor": outlook.value_minor,
            "currency": "EUR",
            "horizon_days": 365,
            "probability_alive_bp": outlook.alive_bp,
            "expected_purchases": round(outlook.purchases, 2),
            "segment": "gold",
            "fitted_at": now_us - DAY,
        }


async def test_where_nothing_can_be_said_it_is_said_why(tmp_path: Path) -> None:
    async with deployment(tmp_path) as made:
        ours, db = await made.person(), made.runs.db
        await made.track("Order Completed", order_id="o1", total=50, currency="EUR")
        await made.runs.idle()

        async def why() -> Any:
            told = await made.runs.people.look(ours)
            assert told["lifetime"] is None
            return told["lifetime_why_not"]

        assert await why() == "not estimated yet"
        await Refitting(db, made.runs.clock).refit_if_due()
        assert await why() == f"not estimated: {FEW}"
        await db.write(lifetime_fits.keep, fit_at(made.runs.clock.now_us(), currency="USD"))
        assert await why() == "their orders' amounts are not all known in USD"


def fit_at(at: int, *, currency: str = "EUR") -> LifetimeFit:
    return LifetimeFit("fit_x", at, currency, 400, DAYS, CENTS, SEGMENTS)
