"""Shared amounts that must never be overspent: budgets of money, stock that a message promises.

`reserve` is one conditional update: under any concurrency `reserved + committed` never passes the
ceiling (P2). What an effect reserved is written beside it, so that `commit` and `release` may be
called again after a crash and move each amount once.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, func, select, update

from store.schema import counters, reservations
from store.upsert import insert_or_ignore


def set_ceiling(conn: Connection, key: str, ceiling: int) -> None:
    """Make the counter `key`, or give it another ceiling; what is already spent stays spent."""
    made = insert_or_ignore(conn, counters, key=key, ceiling=ceiling, reserved=0, committed=0)
    if not made:
        conn.execute(update(counters).where(counters.c.key == key).values(ceiling=ceiling))


def left(conn: Connection, key: str) -> int | None:
    """What may still be reserved, or None where no such counter exists."""
    row = conn.execute(
        select(counters.c.ceiling - counters.c.reserved - counters.c.committed).where(
            counters.c.key == key
        )
    ).scalar()
    return None if row is None else int(row)


def reserve(conn: Connection, *, effect_id: str, key: str, amount: int) -> bool:
    """Hold `amount` of `key` for an effect; False where it does not fit or there is no counter."""
    if amount <= 0:
        raise ValueError(f"cannot reserve {amount} of {key}: an amount is positive")
    spent = counters.c.reserved + counters.c.committed + amount
    fits = conn.execute(
        update(counters)
        .where(counters.c.key == key, spent <= counters.c.ceiling)
        .values(reserved=counters.c.reserved + amount)
    )
    if fits.rowcount != 1:
        return False
    conn.execute(
        reservations.insert().values(
            effect_id=effect_id, counter=key, amount=amount, state="reserved"
        )
    )
    return True


def held_by(conn: Connection, effect_ids: Iterable[str]) -> dict[str, int]:
    """What these effects hold and have not settled, summed by counter."""
    rows = conn.execute(
        select(reservations.c.counter, func.sum(reservations.c.amount))
        .where(reservations.c.effect_id.in_(sorted(effect_ids)), reservations.c.state == "reserved")
        .group_by(reservations.c.counter)
    )
    return {key: int(amount) for key, amount in rows}


def commit(conn: Connection, effect_id: str, *, prefix: str = "") -> int:
    """Spend what the effect holds (of counters that start with `prefix`). Returns how many."""
    return _settle(conn, effect_id, prefix, "committed")


def release(conn: Connection, effect_id: str, *, prefix: str = "") -> int:
    """Give back what the effect holds (of counters that start with `prefix`). Returns how many."""
    return _settle(conn, effect_id, prefix, "released")


def spend_after_all(conn: Connection, effect_id: str, *, prefix: str) -> int:
    """What the effect gave back was spent nonetheless, even where it no longer fits."""
    given_back = conn.execute(
        select(reservations.c.counter, reservations.c.amount).where(
            reservations.c.effect_id == effect_id,
            reservations.c.state == "released",
            reservations.c.counter.startswith(prefix, autoescape=True),
        )
    ).all()
    moved = 0
    for key, amount in given_back:
        mine = conn.execute(
            update(reservations)
            .where(
                reservations.c.effect_id == effect_id,
                reservations.c.counter == key,
                reservations.c.state == "released",
            )
            .values(state="committed")
        )
        if mine.rowcount != 1:
            continue
        conn.execute(
            update(counters)
            .where(counters.c.key == key)
            .values(committed=counters.c.committed + amount)
        )
        moved += 1
    return moved


def take_back(conn: Connection, effect_id: str) -> int:
    """What was spent was not after all: it turned out that the effect reached nobody."""
    spent = conn.execute(
        select(reservations.c.counter, reservations.c.amount).where(
            reservations.c.effect_id == effect_id,
            reservations.c.state == "committed",
        )
    ).all()
    moved = 0
    for key, amount in spent:
        mine = conn.execute(
            update(reservations)
            .where(
                reservations.c.effect_id == effect_id,
                reservations.c.counter == key,
                reservations.c.state == "committed",
            )
            .values(state="released")
        )
        if mine.rowcount != 1:
            continue
        conn.execute(
            update(counters)
            .where(counters.c.key == key)
            .values(committed=counters.c.committed - amount)
        )
        moved += 1
    return moved


def _settle(conn: Connection, effect_id: str, prefix: str, state: str) -> int:
    held = conn.execute(
        select(reservations.c.counter, reservations.c.amount).where(
            reservations.c.effect_id == effect_id,
            reservations.c.state == "reserved",
            reservations.c.counter.startswith(prefix, autoescape=True),
        )
    ).all()
    moved = 0
    for key, amount in held:
        mine = conn.execute(
            update(reservations)
            .where(
                reservations.c.effect_id == effect_id,
                reservations.c.counter == key,
                reservations.c.state == "reserved",
            )
            .values(state=state)
        )
        if mine.rowcount != 1:
            continue
        spent = counters.c.committed + (amount if state == "committed" else 0)
        conn.execute(
            update(counters)
            .where(counters.c.key == key)
            .values(reserved=counters.c.reserved - amount, committed=spent)
        )
        moved += 1
    return moved
