"""Figures of a day: how many were woken, and where each ended. The parts add up to the whole.

A day is the UTC day of business time. Only plain columns are read; nobody's data is opened for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from agent.names import names_of
from store import closed_counts
from store.clock import Clock
from store.database import Database
from store.schema import approvals, decisions, effects, journal
from store.sealing import Vault

_DAY_US = 86_400 * 1_000_000
#: Where a decision can end, in the order in which people drop out.
ENDS = (
    ("withheld", "Withheld: suppressed or erased"),
    ("no_action", "Left alone, with a reason"),
    ("failed", "Failed"),
    ("awaiting_approval", "Waiting for a person"),
    ("running", "Being decided"),
    ("scheduled", "Deferred"),
    ("completed", "Done"),
)


@dataclass(frozen=True, slots=True)
class Day:
    """One day. `ends` counts decisions by status; `failed_closed` facts by how often."""

    woken: int
    ends: dict[str, int]
    contacts: int
    waiting: int
    failed_closed: list[tuple[str, int]]


class Figures:
    """Reads figures; changes nothing."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def today(self) -> Day:
        """The day that is now."""
        now_us = self._clock.now_us()
        return await self._db.read(_day, now_us - now_us % _DAY_US)

    async def waiting(self) -> int:
        """How many questions wait for a person."""
        return await self._db.read(_waiting)

    async def head(self) -> int:
        """The newest entry's position: what a page has seen up to."""
        return await self._db.read(_head)

    async def changed_since(self, position: int) -> tuple[int, list[str]]:
        """The newest position, and the decisions with entries after the given one."""
        return await self._db.read(_changed, position)

    async def neighbours(self, decision_id: str) -> tuple[str | None, str | None]:
        """The decision made next and the one made before; None where there is none."""
        return await self._db.read(_neighbours, decision_id)

    async def names(self, customer_ids: list[str]) -> dict[str, str]:
        """How these people are called; who is erased or never said is a dash."""
        return await self._db.read(_names, self._db.vault, sorted(set(customer_ids)))


def _day(conn: Connection, since: int) -> Day:
    ends = {
        str(status): int(n)
        for status, n in conn.execute(
            select(decisions.c.status, func.count())
            .where(decisions.c.opened_at >= since)
            .group_by(decisions.c.status)
        )
    }
    contacts = conn.execute(
        select(func.count())
        .select_from(effects)
        .where(effects.c.kind == "contact", effects.c.status == "sent")
        .where(effects.c.settled_at >= since)
    ).scalar_one()
    counted = sorted(
        closed_counts.of_day(conn, since).items(), key=lambda pair: (-pair[1], pair[0])
    )
    return Day(sum(ends.values()), ends, int(contacts), _waiting(conn), counted)


def _waiting(conn: Connection) -> int:
    pending = select(func.count()).select_from(approvals).where(approvals.c.status == "pending")
    return int(conn.execute(pending).scalar_one())


def _head(conn: Connection) -> int:
    return int(conn.execute(select(func.max(journal.c.pos))).scalar() or 0)


def _changed(conn: Connection, position: int) -> tuple[int, list[str]]:
    rows = conn.execute(
        select(journal.c.pos, journal.c.decision_id)
        .where(journal.c.pos > position)
        .order_by(journal.c.pos)
        .limit(1_000)
    ).all()
    newest = rows[-1].pos if rows else position
    return newest, list(dict.fromkeys(str(r.decision_id) for r in rows if r.decision_id))


def _neighbours(conn: Connection, decision_id: str) -> tuple[str | None, str | None]:
    newer = conn.execute(
        select(func.min(decisions.c.id)).where(decisions.c.id > decision_id)
    ).scalar()
    older = conn.execute(
        select(func.max(decisions.c.id)).where(decisions.c.id < decision_id)
    ).scalar()
    return newer, older


def _names(conn: Connection, vault: Vault, customer_ids: list[str]) -> dict[str, str]:
    return names_of(conn, vault, customer_ids)


__all__ = ["ENDS", "Day", "Figures"]
