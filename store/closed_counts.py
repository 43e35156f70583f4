"""How often a missing, stale or malformed fact closed the gate, by day, fact and action (P6)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, func, select

from store.days import utc_day
from store.schema import closed_counts
from store.upsert import insert_or_add


def count(conn: Connection, *, fact: str, action: str, n: int, at: int) -> None:
    """Add `n` to the counter of one fact on the (UTC) day of `at`."""
    insert_or_add(conn, closed_counts, add=("n",), day=utc_day(at), fact=fact, action=action, n=n)


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
        .where(closed_counts.c.day == utc_day(at))
        .group_by(closed_counts.c.fact)
    )
    return {str(fact): int(n) for fact, n in rows}


def totals(conn: Connection) -> dict[str, int]:
    """The counters of all days, summed by fact."""
    rows = conn.execute(
        select(closed_counts.c.fact, func.sum(closed_counts.c.n)).group_by(closed_counts.c.fact)
    )
    return {str(fact): int(n) for fact, n in rows}


def since(conn: Connection, day: str) -> list[Row[Any]]:
    """The counters of a day and of all after it, summed over actions: day, fact, n."""
    n = func.sum(closed_counts.c.n).label("n")
    return list(
        conn.execute(
            select(closed_counts.c.day, closed_counts.c.fact, n)
            .where(closed_counts.c.day >= day)
            .group_by(closed_counts.c.day, closed_counts.c.fact)
        )
    )
