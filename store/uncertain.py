"""Effects of which nobody knows whether they reached anybody, and what people find out (P3).

What is unknown keeps its place in the caps, as if it had arrived. A person settles it once: it
arrived, or it did not and everything it held is free again. Nothing is sent again by itself.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from store import counters, ledger
from store.ledger import EXCEPTIONS, EffectStatus
from store.schema import effects


def count(conn: Connection) -> int:
    """How many effects wait for a person to look."""
    unknown = effects.c.status == EffectStatus.UNKNOWN.value
    return int(conn.execute(select(func.count()).select_from(effects).where(unknown)).scalar_one())


def listing(
    conn: Connection, *, status: str | None, after: str | None, limit: int
) -> list[Row[Any]]:
    """Effects in a state, or in any, newest first; `after` is the last id of the page before."""
    query = select(effects).order_by(effects.c.id.desc()).limit(limit)
    if status is not None:
        query = query.where(effects.c.status == status)
    if after is not None:
        query = query.where(effects.c.id < after)
    return list(conn.execute(query))


def found_out(conn: Connection, effect_id: str, *, reached: bool, at: int, reason: str) -> bool:
    """Somebody knows now. False where it is not unknown, or not any more."""
    to = EffectStatus.SENT if reached else EffectStatus.FAILED
    moved = conn.execute(
        update(effects)
        .where(effects.c.id == effect_id, effects.c.status == EffectStatus.UNKNOWN.value)
        .values(status=to.value, settled_at=at, reason=reason)
    )
    if moved.rowcount != 1:
        return False
    if not reached:
        counters.take_back(conn, effect_id)
        ledger.give_back(conn, effect_id)
    return True


def nobody_knows(conn: Connection, effect_id: str, *, at: int, reason: str) -> bool:
    """It may have been handed over by somebody who cannot tell us: it counts, and waits.

    From `claimed` and from `scheduled`. False where it is neither.
    """
    moved = conn.execute(
        update(effects)
        .where(
            effects.c.id == effect_id,
            effects.c.status.in_([EffectStatus.CLAIMED.value, EffectStatus.SCHEDULED.value]),
        )
        .values(status=EffectStatus.UNKNOWN.value, settled_at=at, reason=reason)
    )
    if moved.rowcount != 1:
        return False
    ledger.contact_state(conn, effect_id, "committed")
    counters.commit(conn, effect_id, prefix=EXCEPTIONS)
    return True


def too_late(conn: Connection, effect_id: str, *, at: int, reason: str) -> bool:
    """A claim whose time ran out before anything was handed over: it expires, and holds nothing."""
    moved = conn.execute(
        update(effects)
        .where(effects.c.id == effect_id, effects.c.status == EffectStatus.CLAIMED.value)
        .values(status=EffectStatus.EXPIRED.value, settled_at=at, reason=reason)
    )
    if moved.rowcount != 1:
        return False
    ledger.give_back(conn, effect_id)
    return True
