"""The timekeeper: wakes what is due, by the machine's clock or as time is advanced (§5)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy import Connection

from store import clock as clock_rows
from store import wakeups
from store.clock import Clock, SimulatedClock
from store.database import Database

log = structlog.get_logger("usher.timekeeper")

_LONGEST_NAP = 1.0


class Timekeeper:
    """Releases due wake-ups and tells whose lanes they concern."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        wake: Callable[[str], None],
        idle: Callable[[], Awaitable[None]],
        daily: Callable[[], Awaitable[None]] | None = None,
        rested: Callable[[], None] = lambda: None,
    ) -> None:
        """`daily` is asked wherever simulated time stops, before what is due there is released.

        `rested` is called every second: it takes up again what was given up and has rested.
        """
        self._db = db
        self._clock = clock
        self._wake = wake
        self._idle = idle
        self._daily = daily
        self._rested = rested
        self._task: asyncio.Task[None] | None = None
        self._advancing = asyncio.Lock()

    async def start(self) -> None:
        """Release what became due meanwhile; go on by the clock where it runs by itself."""
        await self.release()
        self._task = asyncio.create_task(self._tick(), name="timekeeper")

    async def stop(self) -> None:
        """Stop; due times stay in the database."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def release(self) -> None:
        """Wake the lanes of all that is due by now."""
        while True:
            rows = await self._db.write(wakeups.release, self._clock.now_us())
            for row in rows:
                if row.customer_id is not None:
                    self._wake(row.customer_id)
            if not rows:
                return

    async def advance_by(self, by_us: int) -> None:
        """Move simulated time on by so much from where it stands once it is this call's turn."""
        async with self._advancing:
            await self._advance(self._clock.now_us() + by_us)

    async def advance_to(self, target_us: int) -> None:
        """Move simulated time on, stopping at every due instant in order; done when its work is.

        Time that another call has moved on further by then stands where it is.
        """
        async with self._advancing:
            await self._advance(max(target_us, self._clock.now_us()))

    async def _advance(self, target_us: int) -> None:
        clock = self._clock
        if not isinstance(clock, SimulatedClock):
            raise TypeError("only simulated time can be advanced")
        await self._idle()
        while True:
            due = await self._db.read(wakeups.next_due)
            stop_at = target_us if due is None else min(target_us, max(due, clock.now_us()))
            await self._db.write(_set, stop_at)
            clock.show(stop_at)
            if self._daily is not None:
                await self._daily()
            await self.release()
            await self._idle()
            if stop_at >= target_us:
                due = await self._db.read(wakeups.next_due)
                if due is None or due > target_us:
                    return

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_LONGEST_NAP)
            try:
                self._rested()
                if self._clock.simulated:
                    continue
                due = await self._db.read(wakeups.next_due)
                if due is not None and due <= self._clock.now_us():
                    await self.release()
            except Exception as fault:
                # Time goes on; whatever stood in the way is asked again at the next tick.
                log.error("timekeeper_failed", error=type(fault).__name__)


def _set(conn: Connection, now_us: int) -> None:
    clock_rows.set_to(conn, now_us)
