"""Erasure: the key first, then the rows, then the files (P10).

The order is safe at any crash: `prepare` (tombstones, nothing queued any more), the keys, dead
letters, vectors (`memories_of`), `delete_rows`, files. Once the key is destroyed everything sealed
is noise; what follows only tidies up, may run again, and is found again by `unfinished`.
Tombstones go in before the key goes, so that nothing under the old identifiers comes back.
Journal, decisions, effects and approvals keep their rows: ids and noise, by which the chain still
verifies.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, delete, exists, select, update

from customers import linking, merge
from customers.erasure_receipt import Counted, stores_of
from customers.identifiers import identifiers_of, previous_of
from store import counters, lanes, ledger
from store.ledger import EffectStatus
from store.schema import (
    approvals,
    complaints,
    consents,
    contacts,
    customers,
    decisions,
    effects,
    erasures,
    events,
    identifier_claims,
    identifiers,
    identity_notes,
    inbox,
    journeys,
    leases,
    memories,
    merge_moves,
    merges,
    offers,
    orders,
    receipts,
    suppressions,
    tickets,
    tombstones,
    wakeups,
)
from store.sealing import Erased, Vault
from store.upsert import insert_or_ignore

#: Tables whose rows of an erased person are deleted.
DELETED = (
    complaints,
    consents,
    contacts,
    events,
    identifier_claims,
    identifiers,
    identity_notes,
    journeys,
    leases,
    memories,
    offers,
    orders,
    receipts,
    suppressions,
    tickets,
    wakeups,
)
_REASON = "the person was erased"


class LegalHold(Exception):
    """A legal hold forbids erasing this person; they are suppressed instead."""


def prepare(conn: Connection, customer_id: str, *, now_us: int) -> list[str]:
    """Set tombstones and cut the person off. Returns every subject whose key must be destroyed.

    The first of them is the survivor of all that were merged, whichever of them was named. Raises
    `LegalHold`, and then nothing has changed.
    """
    survivor = merge.survivor(conn, customer_id)
    everyone = [survivor, *merge.merged_into(conn, survivor)]
    for one in sorted(everyone):
        lanes.take(conn, one)
    held = conn.execute(
        select(customers.c.id).where(customers.c.id.in_(everyone), customers.c.legal_hold != 0)
    ).first()
    if held is not None:
        raise LegalHold("this person's data is under a legal hold and may not be erased")
    for (value_hash,) in conn.execute(
        select(identifiers.c.value_hash).where(identifiers.c.customer_id.in_(everyone))
    ).all():
        insert_or_ignore(
            conn, tombstones, identifier_hash=value_hash, customer_id=survivor, at=now_us
        )
    _end_everything(conn, everyone, now_us)
    conn.execute(
        update(customers)
        .where(customers.c.id.in_(everyone), customers.c.erased_at.is_(None))
        .values(erased_at=now_us, updated_at=now_us, profile_sealed=None)
    )
    return everyone


def unfinished(conn: Connection) -> list[str]:
    """Whose erasure was begun and has no receipt, because a process stopped: to be erased again."""
    rows = conn.execute(
        select(customers.c.id)
        .where(
            customers.c.erased_at.is_not(None),
            customers.c.merged_into.is_(None),
            ~exists().where(erasures.c.customer_id == customers.c.id),
        )
        .order_by(customers.c.id)
    )
    return [str(row.id) for row in rows]


def drop_dead_letters(conn: Connection, vault: Vault, everyone: list[str], *, label: str) -> int:
    """Drop this person's dead letters, found by their identifiers. Returns how many there were.

    They are sealed under the intake key (`label` is their column), so no personal key makes them
    noise.
    """
    hashes = frozenset(
        str(row.identifier_hash)
        for row in conn.execute(
            select(tombstones.c.identifier_hash).where(tombstones.c.customer_id.in_(everyone))
        )
    )
    dropped = 0
    for row in conn.execute(
        select(inbox.c.seq, inbox.c.payload_sealed).where(
            inbox.c.status == "dead", inbox.c.payload_sealed.is_not(None)
        )
    ).all():
        if _hashes_in(vault, label, row.payload_sealed) & hashes:
            conn.execute(
                update(inbox)
                .where(inbox.c.seq == row.seq)
                .values(status="resolved", payload_sealed=None, reason=f"withheld: {_REASON}")
            )
            dropped += 1
    return dropped


def memories_of(conn: Connection, everyone: list[str]) -> list[str]:
    """The ids of this person's memories, under which their vectors are stored."""
    rows = conn.execute(select(memories.c.id).where(memories.c.customer_id.in_(everyone)))
    return [str(row.id) for row in rows]


def delete_rows(
    conn: Connection,
    everyone: list[str],
    *,
    erasure_id: str,
    by: str,
    now_us: int,
    keys: int,
    dead_letters: int = 0,
    outbox_files: int = 0,
) -> dict[str, Any]:
    """Delete what is only noise now and write the receipt. May run again: the receipt stays.

    `keys`, `dead_letters` and `outbox_files` are what went before, for the receipt.
    """
    memory_ids = memories_of(conn, everyone)
    arrivals = select(events.c.seq).where(events.c.customer_id.in_(everyone))
    emptied = conn.execute(
        update(inbox).where(inbox.c.seq.in_(arrivals)).values(payload_sealed=None, reason=_REASON)
    )
    deleted = {
        table.name: conn.execute(delete(table).where(table.c.customer_id.in_(everyone))).rowcount
        for table in DELETED
    }
    theirs = merges.c.into_id.in_(everyone) | merges.c.absorbed_id.in_(everyone)
    conn.execute(
        delete(merge_moves).where(merge_moves.c.merge_id.in_(select(merges.c.id).where(theirs)))
    )
    deleted["merges"] = conn.execute(delete(merges).where(theirs)).rowcount
    deleted["compared_and_linked"] = linking.forget(conn, everyone)
    # Reasons may name what happened to the person, and a digest of the mail can be guessed at.
    conn.execute(
        update(effects).where(effects.c.customer_id.in_(everyone)).values(reason=None, sha256=None)
    )
    counted = Counted(
        people=len(everyone),
        keys=keys,
        arrivals=emptied.rowcount,
        dead_letters=dead_letters,
        outbox_files=outbox_files,
        vectors=len(memory_ids),
    )
    receipt = {
        "id": erasure_id,
        "customer_id": everyone[0],
        "at": now_us,
        "keys_destroyed": keys,
        "unreadable_at_once": [
            "profile, identifiers, consents, orders, events, memories, offers, tickets",
            "journal entries, effects, approvals (rows stay as noise, so that the chain verifies)",
            "outbox files, memory vectors, backups of all of these",
        ],
        "rows_deleted": deleted,
        "stores": stores_of(conn, everyone, counted, deleted),
        "memory_vectors": len(memory_ids),
        "compaction": "the database file, its log and the vector store are rewritten behind this",
    }
    written = insert_or_ignore(
        conn,
        erasures,
        id=erasure_id,
        customer_id=everyone[0],
        at=now_us,
        by=by,
        receipt=json.dumps(receipt, sort_keys=True),
    )
    if not written:
        receipt = json.loads(
            conn.execute(select(erasures.c.receipt).where(erasures.c.id == erasure_id)).scalar_one()
        )
    return {**receipt, "memory_ids": memory_ids}


def _end_everything(conn: Connection, everyone: list[str], now_us: int) -> None:
    """Nothing of theirs goes out, waits or is asked any more; what it held is given back."""
    for one in everyone:
        for row in ledger.open_effects(conn, one, [EffectStatus.SCHEDULED, EffectStatus.CLAIMED]):
            ledger.move(conn, row.id, to=EffectStatus.CANCELLED, at=now_us, reason=_REASON)
            ledger.stopped_in_time(conn, row.id)  # nobody is left whose caps could be passed
    for offer in conn.execute(
        select(offers.c.id, offers.c.effect_id).where(
            offers.c.customer_id.in_(everyone), offers.c.status == "issued"
        )
    ).all():
        conn.execute(update(offers).where(offers.c.id == offer.id).values(status="void"))
        counters.release(conn, offer.effect_id)
    conn.execute(
        update(approvals)
        .where(approvals.c.customer_id.in_(everyone), approvals.c.status == "pending")
        .values(status="superseded", decided_at=now_us)
    )
    conn.execute(
        update(decisions)
        .where(
            decisions.c.customer_id.in_(everyone),
            decisions.c.status.in_(["running", "awaiting_approval", "scheduled"]),
        )
        .values(status="withheld", closed_at=now_us)
    )
    conn.execute(
        update(events)
        .where(events.c.customer_id.in_(everyone), events.c.state.in_(["waiting", "taken"]))
        .values(state="withheld", reason=_REASON)
    )
    conn.execute(
        update(wakeups)
        .where(wakeups.c.customer_id.in_(everyone), wakeups.c.state.in_(["pending", "due"]))
        .values(state="cancelled")
    )


def _hashes_in(vault: Vault, label: str, sealed: bytes) -> frozenset[str]:
    try:
        message = vault.open_json(label, sealed)
    except (Erased, ValueError):
        return frozenset()
    if not isinstance(message, dict):
        return frozenset()
    named = [*identifiers_of(message), *previous_of(message)]
    return frozenset(identifier.hashed(vault) for identifier in named)
