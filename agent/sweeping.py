"""What is older than its class is kept, and deleting it: one small unit at a time.

Found on a reader's snapshot and looked at again in the unit that deletes, so that nothing goes that
has come to be needed, or held, in between. Nobody under a legal hold is found, nor anybody who is
one person with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, or_, select, update

from customers import merge
from store.schema import (
    approvals,
    complaints,
    contacts,
    customers,
    decisions,
    effects,
    events,
    inbox,
    journeys,
    lanes,
    leases,
    memories,
    orders,
    suppressions,
    tickets,
)

#: So many rows are looked at, and go, in one unit.
UNIT = 500


@dataclass(frozen=True, slots=True)
class Page:
    """What of one page of old rows may go, by key. `last`: where the next begins; None: no more."""

    keys: list[Any]
    last: Any


@dataclass(frozen=True, slots=True)
class Rows:
    """A class that is rows of one table. `old` says which of them age at all."""

    table: Table
    key: str
    at: str
    old: Callable[[], ColumnElement[bool]]
    empty: str | None = None

    def page(self, conn: Connection, *, before: int, after: Any = None) -> Page:
        """Old rows in the order of their keys, without those of people under a hold."""
        key = self.table.c[self.key]
        query = self._of_somebody().where(self._due(before)).order_by(key).limit(UNIT)
        rows = conn.execute(query if after is None else query.where(key > after)).all()
        held = holding(conn, {row.customer_id for row in rows})
        keys = [row.key for row in rows if row.customer_id not in held]
        return Page(keys, rows[-1].key if len(rows) == UNIT else None)

    def go(self, conn: Connection, keys: Sequence[Any], *, before: int) -> int:
        """Delete these, or empty them, where they may still go. Returns how many did."""
        found = self._of_somebody().where(self.table.c[self.key].in_(list(keys)), self._due(before))
        rows = conn.execute(found).all()
        held = _held_since(conn, {row.customer_id for row in rows})
        left = self.table.c[self.key].in_([r.key for r in rows if r.customer_id not in held])
        if self.empty is not None:
            return conn.execute(update(self.table).where(left).values({self.empty: None})).rowcount
        return conn.execute(delete(self.table).where(left)).rowcount

    def oldest(self, conn: Connection) -> int | None:
        """The instant of the oldest row that ages."""
        value = conn.execute(select(func.min(self.table.c[self.at])).where(self.old())).scalar()
        return None if value is None else int(value)

    def _due(self, before: int) -> ColumnElement[bool]:
        return self.old() & (self.table.c[self.at] < before)

    def _of_somebody(self) -> Any:
        key = self.table.c[self.key].label("key")
        if "customer_id" in self.table.c:
            return select(key, self.table.c.customer_id)
        return select(key, events.c.customer_id).outerjoin(events, events.c.seq == self.table.c.seq)


def _settled_events() -> ColumnElement[bool]:
    """Events that nobody waits for: no open journey, no decision under way can ask for them."""
    working = select(decisions.c.id).where(
        decisions.c.id == events.c.decision_id,
        decisions.c.status.in_(["running", "awaiting_approval", "scheduled"]),
    )
    open_journey = select(journeys.c.id).where(
        journeys.c.id == events.c.journey_id, journeys.c.status == "open"
    )
    waits = events.c.state.in_(["waiting", "taken"])
    return ~waits & ~working.exists() & ~open_journey.exists()


#: The classes that are rows; letters are files, and people are erased.
ROWS = {
    "events": Rows(events, "id", "received_at", _settled_events),
    "memories": Rows(memories, "id", "at", lambda: memories.c.at.is_not(None)),
    "contacts": Rows(contacts, "effect_id", "at", lambda: contacts.c.state != "reserved"),
    "inbox_reasons": Rows(
        inbox,
        "seq",
        "received_at",
        lambda: (inbox.c.status == "resolved") & inbox.c.reason.is_not(None),
        empty="reason",
    ),
}


def holding(conn: Connection, people: Iterable[str | None]) -> set[str]:
    """Who of these people is under a legal hold, or is one person with somebody who is."""
    asked = {customer_id for customer_id in people if customer_id is not None}
    if not asked:
        return set()
    held = conn.execute(select(customers.c.id).where(customers.c.legal_hold != 0)).all()
    groups = {merge.survivor(conn, str(row.id)) for row in held}
    return {one for one in asked if merge.survivor(conn, one) in groups} if groups else set()


def _held_since(conn: Connection, people: Iterable[str | None]) -> set[str]:
    """Who was put under a hold since they were found: that is written where they survive."""
    survivors = {one: merge.survivor(conn, one) for one in people if one is not None}
    asked = sorted({*survivors, *survivors.values()})
    rows = conn.execute(
        select(customers.c.id).where(customers.c.id.in_(asked), customers.c.legal_hold != 0)
    )
    held = {str(row.id) for row in rows}
    return {one for one, survivor in survivors.items() if held & {one, survivor}}


def old_letters(conn: Connection, effect_ids: Sequence[str], *, before: int) -> list[str]:
    """Which of these effects were settled before an instant, and are of nobody under a hold."""
    rows = conn.execute(
        select(effects.c.id, effects.c.customer_id).where(
            effects.c.id.in_(list(effect_ids)),
            effects.c.status.not_in(["claimed", "scheduled"]),
            func.coalesce(effects.c.settled_at, effects.c.claimed_at) < before,
        )
    ).all()
    held = holding(conn, {row.customer_id for row in rows})
    return [str(row.id) for row in rows if row.customer_id not in held]


def letter_at(conn: Connection, effect_id: str) -> int | None:
    """When a letter was settled."""
    at = func.coalesce(effects.c.settled_at, effects.c.claimed_at)
    value = conn.execute(select(at).where(effects.c.id == effect_id)).scalar()
    return None if value is None else int(value)


def idle(conn: Connection, *, before: int, now_us: int, after: str = "") -> Page:
    """Who has not been heard of since an instant, and whom nothing keeps, by id."""
    old = _idle(before, now_us) & (customers.c.id > after)
    query = select(customers.c.id).where(old).order_by(customers.c.id).limit(UNIT)
    found = [str(row.id) for row in conn.execute(query)]
    held = holding(conn, found)
    return Page(
        [one for one in found if one not in held], found[-1] if len(found) == UNIT else None
    )


def still_idle(conn: Connection, customer_id: str, *, before: int, now_us: int) -> bool:
    """Whether that still holds of one person."""
    query = select(customers.c.id).where(customers.c.id == customer_id, _idle(before, now_us))
    return conn.execute(query).first() is not None and not holding(conn, [customer_id])


def _idle(before: int, now_us: int) -> ColumnElement[bool]:
    """No arrival, order, effect or change since; nothing open, queued, asked, held or refused.

    Whoever refused contact is kept: with them would go the record that they did.
    """
    last = select(inbox.c.received_at).where(inbox.c.seq == lanes.c.last_arrival_seq)
    arrived = select(lanes.c.customer_id).where(last.scalar_subquery() >= before)
    keeps = [
        arrived,
        select(events.c.customer_id).where(
            (events.c.received_at >= before) | events.c.state.in_(["waiting", "taken"])
        ),
        select(orders.c.customer_id).where(orders.c.at >= before),
        select(effects.c.customer_id).where(
            (effects.c.claimed_at >= before) | effects.c.status.in_(["claimed", "scheduled"])
        ),
        select(journeys.c.customer_id).where(journeys.c.status == "open"),
        select(decisions.c.customer_id).where(decisions.c.opened_at >= before),
        select(approvals.c.customer_id).where(approvals.c.status == "pending"),
        select(complaints.c.customer_id).where(complaints.c.closed_at.is_(None)),
        select(tickets.c.customer_id).where(tickets.c.status == "open"),
        select(leases.c.customer_id).where(leases.c.ended_at.is_(None), leases.c.until > now_us),
        select(suppressions.c.customer_id).where(
            suppressions.c.lifted_at.is_(None),
            or_(suppressions.c.until.is_(None), suppressions.c.until > now_us),
        ),
    ]
    found: ColumnElement[bool] = (
        customers.c.merged_into.is_(None)
        & customers.c.erased_at.is_(None)
        & (customers.c.created_at < before)
        & (customers.c.updated_at < before)
    )
    for kept in keeps:
        person = list(kept.selected_columns)[0]
        found &= ~kept.where(person == customers.c.id).exists()
    return found
