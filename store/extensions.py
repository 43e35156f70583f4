"""Budgets raised by signature: who, when, by how much, for which approval.

An extension is for one call. Nobody else may spend it: until its call is claimed it counts for no
one, and it counts as long as its effect holds what it took; given back, the budget is the pack's
again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from store.schema import budget_extensions, reservations
from store.upsert import insert_or_ignore


@dataclass(frozen=True, slots=True)
class Extension:
    """What a signature adds to a counter's ceiling."""

    approval_id: str
    counter: str
    amount_minor: int
    currency: str
    by: str
    at: int


# Built once: building a statement costs several times what running it does.
_HELD = (
    select(budget_extensions.c.counter, func.sum(budget_extensions.c.used_minor))
    .join(
        reservations,
        (reservations.c.effect_id == budget_extensions.c.effect_id)
        & (reservations.c.counter == budget_extensions.c.counter),
    )
    .where(
        budget_extensions.c.counter.in_(bindparam("keys", expanding=True)),
        reservations.c.state != "released",
    )
    .group_by(budget_extensions.c.counter)
)


def extend(conn: Connection, extension: Extension) -> None:
    """Write one down; an approval raises each budget once."""
    insert_or_ignore(
        conn,
        budget_extensions,
        approval_id=extension.approval_id,
        counter=extension.counter,
        amount_minor=extension.amount_minor,
        currency=extension.currency,
        by=extension.by,
        at=extension.at,
        effect_id=None,
        used_minor=None,
    )


def held(conn: Connection, keys: Iterable[str]) -> dict[str, int]:
    """By how much each of these counters is raised now, by what has been claimed and is held."""
    rows = conn.execute(_HELD, {"keys": sorted(keys)})
    return {str(key): int(amount) for key, amount in rows}


def unclaimed(conn: Connection, approval_id: str, key: str) -> int:
    """What an approval may add to a counter for its own call; 0 once that was claimed."""
    amount = conn.execute(
        select(budget_extensions.c.amount_minor).where(
            budget_extensions.c.approval_id == approval_id,
            budget_extensions.c.counter == key,
            budget_extensions.c.effect_id.is_(None),
        )
    ).scalar()
    return int(amount or 0)


def use(conn: Connection, approval_id: str, key: str, *, effect_id: str, amount: int) -> bool:
    """Take so much of an extension for the effect of its call; False where it was taken already."""
    taken = conn.execute(
        update(budget_extensions)
        .where(
            budget_extensions.c.approval_id == approval_id,
            budget_extensions.c.counter == key,
            budget_extensions.c.effect_id.is_(None),
        )
        .values(effect_id=effect_id, used_minor=amount)
    )
    return taken.rowcount == 1


def of_counter(conn: Connection, key: str) -> list[Row[Any]]:
    """Every extension of a counter, oldest first, whether its effect still holds it or not."""
    return list(
        conn.execute(
            select(budget_extensions)
            .where(budget_extensions.c.counter == key)
            .order_by(budget_extensions.c.at, budget_extensions.c.approval_id)
        )
    )
