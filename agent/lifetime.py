"""Lifetime values kept fresh while a deployment runs, and told of one person.

Once a day, by business time, what all customers are worth is estimated anew. With too few people
there is no estimate: that is a normal state, tried again every hour, and its reason is shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from sqlalchemy import Connection

from customers import lifetime_fits
from customers.lifetime import DAYS_A_YEAR
from customers.lifetime_fits import Unfitted
from customers.profile import Profile
from store.clock import Clock
from store.database import Database
from store.ids import new_id

log = structlog.get_logger("usher.lifetime")

#: Real time; the start belongs to what waits to be decided.
FIRST_AFTER_SECONDS = 60.0
EVERY_SECONDS = 3_600.0
_DAY_US = 86_400 * 1_000_000


class Refitting:
    """Estimates a deployment's lifetime values while it runs."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._db = db
        self._clock = clock
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Estimate from now on."""
        self._task = asyncio.create_task(self._work(), name="lifetime")

    async def stop(self) -> None:
        """Estimate no more; what is in force stays so."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _work(self) -> None:
        await self._sleep(FIRST_AFTER_SECONDS)
        while True:
            try:
                await self.refit_if_due()
            except Exception as fault:
                # The fit before it stays in force, and it is tried again in an hour.
                log.error("lifetime_failed", error=type(fault).__name__)
            await self._sleep(EVERY_SECONDS)

    async def refit_if_due(self) -> None:
        """Estimate anew unless there is a fit of less than a day."""
        now_us = self._clock.now_us()
        last = await self._db.read(lifetime_fits.newest_try)
        if last is not None and last.why_not is None and now_us - last.at < _DAY_US:
            return
        people = await self._db.read(lifetime_fits.buyers, self._db.vault)
        found = await asyncio.to_thread(
            lifetime_fits.estimate, people, now_us=now_us, fit_id=new_id("fit")
        )
        if isinstance(found, Unfitted):
            if last is not None and last.why_not == found.why:
                return  # said already
            log.info("lifetime_not_fitted", people=found.people, why=found.why)
        else:
            log.info("lifetime_fitted", people=found.people)
        await self._db.write(lifetime_fits.keep, found)


def told(
    conn: Connection, person: Profile, now_us: int
) -> tuple[dict[str, Any] | None, str | None]:
    """What one person is expected to spend in a year; or None, and why it cannot be said."""
    if person.orders == 0:
        return None, "no order yet"
    fit = lifetime_fits.in_force(conn)
    if fit is None:
        last = lifetime_fits.newest_try(conn)
        return None, "not estimated yet" if last is None else f"not estimated: {last.why_not}"
    outlook = lifetime_fits.outlook_of(person, fit, now_us=now_us)
    if outlook is None:
        return None, f"their orders' amounts are not all known in {fit.currency}"
    return {
        "value_minor": outlook.value_minor,
        "currency": fit.currency,
        "horizon_days": DAYS_A_YEAR,
        "probability_alive_bp": outlook.alive_bp,
        "expected_purchases": round(outlook.purchases, 2),
        "segment": lifetime_fits.segment_of(person, fit, now_us=now_us),
        "fitted_at": fit.at,
    }, None
