"""How often a missing, stale or malformed fact closed the gate, by day, fact and action (P6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from store.schema import closed_counts
from store.upsert import insert_or_ignore


def count(conn: Connection, *, fact: str, action: str, n: int, at: int) -> None:
    """Add `n` to the counter of one fact on the (UTC) day of `at`."""
    day = _day(at)
    if insert_or_ignore(conn, closed_counts, day=day, fact=fact, action=action, n=n):
        return
    conn.execute(
        update(closed_counts)
        .where(
            closed_counts.c.day == day,
            closed_counts.c.fact == fact,
            closed_counts.c.action == action,
        )
        .values(n=closed_counts.c.n + n)
    )


def listing(conn: Connection, *, limit: int) -> list[Row[Any]]:
    """The newest counters first."""
    return list(
        conn.execute(
            select(closed_counts)
            .order_by(closed_counts.c.day.desc(), closed_counts.c.n.desc(), closed_counts.c.fact)
            .limit(limit)
        )
    )


def of_day(conn: Connection, at: int) -> dict[str, int]:
    """The counters of the (UTC) day of `at`, summed by fact."""
    rows = conn.execute(
        select(closed_counts.c.fact, func.sum(closed_counts.c.n))
        .where(closed_counts.c.day == _day(at))
        .group_by(closed_counts.c.fact)
    )
    return {str(fact): int(n) for fact, n in rows}


def totals(conn: Connection) -> dict[str, int]:
    """The counters of all days, summed by fact."""
    rows = conn.execute(
        select(closed_counts.c.fact, func.sum(closed_counts.c.n)).group_by(closed_counts.c.fact)
    )
    return {str(fact): int(n) for fact, n in rows}


def _day(at: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).date().isoformat()
