"""Merging two profiles that are one person, without loosening anything.

The stricter consent, the fuller contact ledger, all suppressions, the journeys of both; their lanes join
under new epochs, taken in id order. The journal is never touched: old entries keep the id they were
written under, and both keys live on until the person is erased.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, update

from customers import profile
from store import lanes
from store.schema import (
    approvals,
    complaints,
    consents,
    contacts,
    customers,
    decisions,
    effects,
    events,
    identifiers,
    journeys,
    memories,
    offers,
    orders,
    suppressions,
    tickets,
    wakeups,
)
from store.sealing import Vault

_MOVED = (
    approvals,
    complaints,
    contacts,
    decisions,
    effects,
    events,
    identifiers,
    memories,
    offers,
    orders,
    suppressions,
    tickets,
    wakeups,
)
_STRICTNESS = {"granted": 0, "denied": 1, "revoked": 2}


def merge(conn: Connection, vault: Vault, *, into: str, absorbed: str, now_us: int) -> None:
    """Make one customer of two. Running work on either lane is stale from here on (P4)."""
    for customer_id in sorted((into, absorbed)):
        lanes.take(conn, customer_id)
    _consents(conn, into, absorbed)
    _journeys(conn, into, absorbed, now_us)
    for table in _MOVED:
        conn.execute(update(table).where(table.c.customer_id == absorbed).values(customer_id=into))
    both = profile.joined(profile.load(conn, vault, into), profile.load(conn, vault, absorbed))
    profile.save(conn, vault, into, both, now_us=now_us)
    conn.execute(
        update(customers)
        .where(customers.c.id == absorbed)
        .values(merged_into=into, updated_at=now_us)
    )


def survivor(conn: Connection, customer_id: str) -> str:
    """Who a customer has been merged into, or itself."""
    seen = {customer_id}
    while True:
        into = conn.execute(
            select(customers.c.merged_into).where(customers.c.id == customer_id)
        ).scalar()
        if into is None or into in seen:
            return customer_id
        seen.add(str(into))
        customer_id = str(into)


def merged_into(conn: Connection, customer_id: str) -> list[str]:
    """Everybody who was merged into this customer, directly or by others; without itself."""
    found, frontier = [], [customer_id]
    while frontier:
        rows = conn.execute(select(customers.c.id).where(customers.c.merged_into.in_(frontier)))
        frontier = [str(row.id) for row in rows]
        found.extend(frontier)
    return found


def _consents(conn: Connection, into: str, absorbed: str) -> None:
    kept = {
        (row.channel, row.purpose): row
        for row in conn.execute(select(consents).where(consents.c.customer_id == into))
    }
    for row in conn.execute(select(consents).where(consents.c.customer_id == absorbed)).all():
        mine = kept.get((row.channel, row.purpose))
        here = (consents.c.channel == row.channel) & (consents.c.purpose == row.purpose)
        if mine is None:
            conn.execute(
                update(consents)
                .where(consents.c.customer_id == absorbed, here)
                .values(customer_id=into)
            )
            continue
        if _STRICTNESS[row.state] > _STRICTNESS[mine.state]:
            conn.execute(
                update(consents)
                .where(consents.c.customer_id == into, here)
                .values(
                    state=row.state,
                    at=row.at,
                    expires_at=row.expires_at,
                    evidence_sealed=row.evidence_sealed,
                )
            )
        conn.execute(delete(consents).where(consents.c.customer_id == absorbed, here))


def _journeys(conn: Connection, into: str, absorbed: str, now_us: int) -> None:
    """Journeys move over; of two about the same, the survivor's goes on and the other is closed."""
    taken = {
        (row.goal, row.subject_hash)
        for row in conn.execute(select(journeys).where(journeys.c.customer_id == into))
    }
    for row in conn.execute(select(journeys).where(journeys.c.customer_id == absorbed)).all():
        if (row.goal, row.subject_hash) in taken:
            conn.execute(
                update(journeys)
                .where(journeys.c.id == row.id, journeys.c.status == "open")
                .values(status="closed", reason="merged", closed_at=now_us)
            )
            continue
        conn.execute(update(journeys).where(journeys.c.id == row.id).values(customer_id=into))
