"""Erasure: the key first, then the rows, then the files (P10).

The order is safe at any crash: once the key is destroyed everything sealed is noise, and what follows
only tidies up and may run again. Tombstones go in before the key goes, so that nothing under the old
identifiers comes back. Journal and decisions keep their rows: ids and noise, by which the chain still
verifies.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, delete, select, update

from customers import merge
from store.schema import (
    complaints,
    consents,
    contacts,
    customers,
    erasures,
    events,
    identifiers,
    inbox,
    journeys,
    lanes,
    memories,
    offers,
    orders,
    suppressions,
    tickets,
    tombstones,
    wakeups,
)
from store.upsert import insert_or_ignore

_DELETED = (
    complaints,
    consents,
    contacts,
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


class LegalHold(Exception):
    """A legal hold forbids erasing this person; they are suppressed instead."""


def prepare(conn: Connection, customer_id: str, *, now_us: int) -> list[str]:
    """Set tombstones and cut the person off. Returns every subject whose key must be destroyed."""
    row = conn.execute(select(customers.c.legal_hold).where(customers.c.id == customer_id)).one()
    if row.legal_hold:
        raise LegalHold(
            "this person's data is under a legal hold and may not be erased; contact has been "
            "stopped altogether instead"
        )
    everyone = [customer_id, *merge.merged_into(conn, customer_id)]
    for (value_hash,) in conn.execute(
        select(identifiers.c.value_hash).where(identifiers.c.customer_id.in_(everyone))
    ).all():
        insert_or_ignore(
            conn, tombstones, identifier_hash=value_hash, customer_id=customer_id, at=now_us
        )
    for one in everyone:
        conn.execute(
            update(lanes).where(lanes.c.customer_id == one).values(epoch=lanes.c.epoch + 1)
        )
    conn.execute(
        update(customers)
        .where(customers.c.id.in_(everyone))
        .values(erased_at=now_us, updated_at=now_us, profile_sealed=None)
    )
    return everyone


def delete_rows(
    conn: Connection, everyone: list[str], *, erasure_id: str, by: str, now_us: int, keys: int
) -> dict[str, Any]:
    """Delete what is only noise now and write the receipt. May run again."""
    memory_ids = [
        str(row.id)
        for row in conn.execute(select(memories.c.id).where(memories.c.customer_id.in_(everyone)))
    ]
    seqs = [
        int(row.seq)
        for row in conn.execute(select(events.c.seq).where(events.c.customer_id.in_(everyone)))
    ]
    deleted = {
        table.name: conn.execute(delete(table).where(table.c.customer_id.in_(everyone))).rowcount
        for table in _DELETED
    }
    conn.execute(
        update(inbox)
        .where(inbox.c.seq.in_(seqs))
        .values(payload_sealed=None, reason="the person was erased")
    )
    receipt = {
        "id": erasure_id,
        "customer_id": everyone[0],
        "at": now_us,
        "keys_destroyed": keys,
        "unreadable_at_once": [
            "profile, identifiers, consents, orders, events, memories, offers, tickets",
            "journal entries, effects and approvals (rows stay as noise so that the chain verifies)",
            "outbox files, memory vectors, backups of all of these",
        ],
        "rows_deleted": deleted,
        "memory_vectors": len(memory_ids),
        "compaction": "the database file, its log and the vector store are rewritten behind this",
    }
    conn.execute(
        erasures.insert().values(
            id=erasure_id,
            customer_id=everyone[0],
            at=now_us,
            by=by,
            receipt=json.dumps(receipt, sort_keys=True),
        )
    )
    return {**receipt, "memory_ids": memory_ids}
