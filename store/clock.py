"""Business time: the machine's, or simulated time that stands still until somebody advances it.

Only due times, ages and what customers see use it. Leases, retries, settling and waiting use
monotonic time and never ask here.
"""

from __future__ import annotations

import time
from typing import Protocol

from sqlalchemy import Connection, select, update

from store.schema import clock
from store.upsert import insert_or_ignore


class Clock(Protocol):
    """Business time in microseconds since 1970, UTC."""

    simulated: bool

    def now_us(self) -> int:
        """Now."""


class SystemClock:
    """The machine's time."""

    simulated = False

    def now_us(self) -> int:
        """Now."""
        return time.time_ns() // 1000


class SimulatedClock:
    """Time that moves only when it is set. The database's row counts; this mirrors it."""

    simulated = True

    def __init__(self, now_us: int) -> None:
        self._now_us = now_us

    def now_us(self) -> int:
        """Now, as last set."""
        return self._now_us

    def show(self, now_us: int) -> None:
        """Mirror the database's row after it was committed."""
        self._now_us = now_us


def start(conn: Connection, now_us: int) -> int:
    """Start simulated time unless it runs already; the instant it stands at."""
    insert_or_ignore(conn, clock, id=1, now_us=now_us)
    return int(conn.execute(select(clock.c.now_us)).scalar_one())


def set_to(conn: Connection, now_us: int) -> None:
    """Move simulated time forward. It never goes back."""
    moved = conn.execute(
        update(clock).where(clock.c.id == 1, clock.c.now_us <= now_us).values(now_us=now_us)
    )
    if moved.rowcount != 1:
        raise ValueError("simulated time cannot go back")


def stored(conn: Connection) -> int | None:
    """Where simulated time stands, or None where time is the machine's."""
    value = conn.execute(select(clock.c.now_us)).scalar()
    return None if value is None else int(value)
