"""How many effects came close to each hard limit, by UTC day, rule and kind of action.

Counted in the claim's own unit, so that none is lost and none is counted twice. Nobody's values are
kept, only how much of the limit the closest used.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, func, select

from store.days import utc_day
from store.schema import near_misses
from store.upsert import insert_or_add


def count(
    conn: Connection, *, rule: str, action: str, exactly: bool, used_bp: int, at: int
) -> None:
    """Count one effect: `exactly` at the limit, or else close to it."""
    insert_or_add(
        conn,
        near_misses,
        add=("n_close", "n_at"),
        most=("closest_bp",),
        day=utc_day(at),
        rule=rule,
        action=action,
        n_close=int(not exactly),
        n_at=int(exactly),
        closest_bp=used_bp,
    )


def listing(conn: Connection, *, limit: int) -> list[Row[Any]]:
    """The newest day first, and the rules that most came close to."""
    n = near_misses.c.n_at + near_misses.c.n_close
    return list(
        conn.execute(
            select(near_misses)
            .order_by(near_misses.c.day.desc(), n.desc(), near_misses.c.rule, near_misses.c.action)
            .limit(limit)
        )
    )


def since(conn: Connection, day: str) -> list[Row[Any]]:
    """The counters of a day and of all after it, summed over actions."""
    return list(
        conn.execute(
            select(
                near_misses.c.day,
                near_misses.c.rule,
                func.sum(near_misses.c.n_close).label("n_close"),
                func.sum(near_misses.c.n_at).label("n_at"),
                func.max(near_misses.c.closest_bp).label("closest_bp"),
            )
            .where(near_misses.c.day >= day)
            .group_by(near_misses.c.day, near_misses.c.rule)
        )
    )
