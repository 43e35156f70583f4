"""What belongs to whom when two records are taken apart: messages since, orders, the profile.

A message is whose its strongest identifier is now. Figures are counted again from the orders
themselves, traits from what each record had and what was said since under its own identifiers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from customers import engagement, orders, profile
from customers.apply import traits_of
from customers.identifiers import identifiers_of
from customers.merge_log import Before
from customers.profile import Profile
from store.schema import effects, events, identifiers, merge_moves, merges, receipts
from store.schema import orders as orders_table
from store.sealing import Vault

_EVENT = "events.body"
_OWNER = select(identifiers.c.customer_id).where(identifiers.c.value_hash == bindparam("hash"))


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message since a merge. `occurred_at` in microseconds; `machine`: no person did it."""

    id: str
    message: Mapping[str, Any]
    occurred_at: int
    journey_id: str | None
    machine: bool = False

    @property
    def event(self) -> str:
        """Its name; empty where it is no `track`."""
        is_track = self.message.get("type") == "track"
        return str(self.message.get("event")) if is_track else ""

    @property
    def properties(self) -> Mapping[str, Any]:
        """What a `track` says."""
        said = self.message.get("properties")
        return said if isinstance(said, Mapping) else {}


def arrivals_since(
    conn: Connection, vault: Vault, merge: Row[Any]
) -> tuple[list[Arrival], list[Arrival]]:
    """The messages since a merge: those of the record that stays, those of the one that leaves.

    Every one is opened: the time grows with the messages since.
    """
    later = (
        select(merge_moves.c.row_key)
        .join(merges, merges.c.id == merge_moves.c.merge_id)
        .where(
            merges.c.into_id == merge.into_id,
            merges.c.undone_at.is_(None),
            merges.c.id != merge.id,
            merge_moves.c.moved == events.name,
        )
    )
    rows = conn.execute(
        select(events)
        .where(
            events.c.customer_id == merge.into_id,
            events.c.seq > merge.at_seq,
            events.c.id.not_in(later),
        )
        .order_by(events.c.seq)
    )
    own: list[Arrival] = []
    gone: list[Arrival] = []
    owner = _Owners(conn, vault)
    reported = _reported(conn, merge.into_id)
    for row in rows.all():
        about, machine = reported.get(row.id, (None, False))
        arrival = Arrival(
            row.id,
            vault.open_json(_EVENT, row.body_sealed),
            row.occurred_at,
            row.journey_id,
            machine,
        )
        leaves = (about or owner.of(arrival.message)) == merge.absorbed_id
        (gone if leaves else own).append(arrival)
    return own, gone


def _reported(conn: Connection, customer_id: str) -> dict[str, tuple[str | None, bool]]:
    """By event, what channels reported to this record: whose letter it was, and if a machine did
    it. The letters have gone back to whose they are."""
    query = (
        select(receipts.c.event_id, receipts.c.machine, effects.c.customer_id)
        .outerjoin(effects, effects.c.id == receipts.c.effect_id)
        .where(receipts.c.customer_id == customer_id)
    )
    return {r.event_id: (r.customer_id, bool(r.machine)) for r in conn.execute(query)}


def take_arrivals(conn: Connection, vault: Vault, arrivals: Sequence[Arrival], *, to: str) -> None:
    """These messages, and the orders that they state, are this person's; sealed anew under them."""
    for arrival in arrivals:
        conn.execute(
            update(events)
            .where(events.c.id == arrival.id)
            .values(customer_id=to, body_sealed=vault.seal_json(to, _EVENT, dict(arrival.message)))
        )
        conn.execute(
            update(receipts).where(receipts.c.event_id == arrival.id).values(customer_id=to)
        )
        if arrival.event == "Order Completed":
            order = orders.read_order(
                arrival.properties, event_id=arrival.id, at=arrival.occurred_at
            )
            orders.hand_over(conn, vault, order_id=order.id, to=to)


def rebuilt(
    conn: Connection,
    vault: Vault,
    customer_id: str,
    befores: Sequence[Before],
    arrivals: Sequence[Arrival],
    *,
    now_us: int,
) -> None:
    """Write one record's profile: traits as they were and as said since, figures by its orders."""
    person = befores[0].profile
    for other in befores[1:]:
        person = profile.with_traits_of(person, other.profile)
        answers = engagement.together(person.engaged, other.profile.engaged)
        person = replace(person, engaged=answers)
    for arrival in arrivals:
        channel = engagement.channel_of(arrival.event, arrival.properties)
        if channel is not None and not arrival.machine:
            person = profile.with_answer(person, channel=channel, at=arrival.occurred_at)
        traits = traits_of(arrival.message)
        if "sentiment" in arrival.properties:
            traits["sentiment"] = arrival.properties["sentiment"]
        kind = str(arrival.message.get("type") or "track")
        person = profile.with_traits(person, traits, at=arrival.occurred_at, source=kind)
    counted = _counted(conn, vault, customer_id)
    unreadable = max(counted.unpriced, *(b.profile.unpriced for b in befores))
    person = replace(
        counted,
        traits=person.traits,
        dropped=person.dropped,
        engaged=person.engaged,
        unpriced=unreadable,
    )
    profile.save(conn, vault, customer_id, person, now_us=now_us)


def _counted(conn: Connection, vault: Vault, customer_id: str) -> Profile:
    """Figures from this person's orders alone."""
    person = Profile()
    for row in conn.execute(
        select(orders_table)
        .where(orders_table.c.customer_id == customer_id)
        .order_by(orders_table.c.at, orders_table.c.order_hash)
    ).all():
        body = vault.open_json(orders.LABEL, row.body_sealed)
        if "early" in body or body.get("cancelled"):
            continue
        if body.get("shared"):
            person = profile.with_shared_order(person, at=row.at, order_hash=row.order_hash)
            continue
        total = body["total_minor"]
        left = None if total is None else total - body.get("refunded_minor", 0)
        person = profile.with_order(
            person,
            at=row.at,
            revenue_minor=left,
            currency=body["currency"],
            coupon=body.get("coupon") is not None,
        )
    return person


class _Owners:
    """Whose a message is by its strongest identifier; each identifier is looked up once."""

    def __init__(self, conn: Connection, vault: Vault) -> None:
        self._conn, self._vault = conn, vault
        self._known: dict[str, str | None] = {}

    def of(self, message: Mapping[str, Any]) -> str | None:
        """The customer, or None where no identifier of the message is anybody's."""
        for identifier in identifiers_of(message):
            value_hash = identifier.hashed(self._vault)
            if value_hash not in self._known:
                self._known[value_hash] = self._conn.execute(_OWNER, {"hash": value_hash}).scalar()
            owner = self._known[value_hash]
            if owner is not None:
                return owner
        return None
