"""The journal: immutable entries, chained over their sealed bytes, in sixteen shards (P8).

A chain is hashed over ciphertext, so it still verifies after a person's key is destroyed, when the
bodies are noise. Appending is refused to whoever has lost the lane: the caller holds its epoch in
this unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from store.lanes import StaleEpoch
from store.schema import journal, journal_heads, lanes
from store.sealing import Erased, Vault
from store.upsert import insert_or_ignore

SHARDS = 16
GENESIS = "0" * 64
LABEL = "journal.body"
_NOTHING = 0xFFFF_FFFF


# Built once: building a statement costs several times what running it does.
_HEAD = (
    select(journal_heads.c.seq, journal_heads.c.hash)
    .join(lanes, lanes.c.customer_id == bindparam("customer"))
    .where(journal_heads.c.shard == bindparam("shard"), lanes.c.epoch == bindparam("epoch"))
    .with_for_update(of=journal_heads)
)
_INSERT = journal.insert()
_MOVE_HEAD = (
    update(journal_heads)
    .where(journal_heads.c.shard == bindparam("of"))
    .values(seq=bindparam("to_seq"), hash=bindparam("to_hash"))
)
_OF_DECISION = (
    select(journal).where(journal.c.decision_id == bindparam("decision")).order_by(journal.c.pos)
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `body` is None once its person is erased."""

    pos: int
    shard: int
    seq: int
    at: int
    customer_id: str
    decision_id: str | None
    kind: str
    epoch: int
    body: dict[str, Any] | None
    prev_hash: str
    hash: str


def open_shards(conn: Connection) -> None:
    """Make the heads of all chains, once."""
    for shard in range(SHARDS):
        insert_or_ignore(conn, journal_heads, shard=shard, seq=0, hash=GENESIS)


def shard_of(customer_id: str) -> int:
    """The chain a customer's entries are in."""
    return sha256(customer_id.encode()).digest()[0] % SHARDS


def entry_hash(
    *,
    prev_hash: str,
    shard: int,
    seq: int,
    at: int,
    customer_id: str,
    decision_id: str | None,
    kind: str,
    epoch: int,
    sealed: bytes,
) -> str:
    """SHA-256 over every column of an entry, each preceded by its length."""
    digest = sha256()
    for part in (prev_hash, shard, seq, at, customer_id, decision_id, kind, epoch):
        text = b"" if part is None else str(part).encode()
        length = _NOTHING if part is None else len(text)
        digest.update(length.to_bytes(4, "big") + text)
    digest.update(len(sealed).to_bytes(4, "big") + sealed)
    return digest.hexdigest()


def append(
    conn: Connection,
    vault: Vault,
    *,
    customer_id: str,
    decision_id: str | None,
    kind: str,
    body: dict[str, Any],
    at: int,
    epoch: int,
) -> str:
    """Add an entry to its customer's chain. Returns its hash; raises `StaleEpoch`."""
    return append_all(
        conn,
        vault,
        customer_id=customer_id,
        decision_id=decision_id,
        bodies=[(kind, body)],
        at=at,
        epoch=epoch,
    )


def append_all(
    conn: Connection,
    vault: Vault,
    *,
    customer_id: str,
    decision_id: str | None,
    bodies: Sequence[tuple[str, dict[str, Any]]],
    at: int,
    epoch: int,
) -> str:
    """Add entries, (kind, body) in order, looking at the head once. Returns the last hash."""
    shard = shard_of(customer_id)
    head = conn.execute(_HEAD, {"shard": shard, "customer": customer_id, "epoch": epoch}).first()
    if head is None:
        raise StaleEpoch(f"the lane of {customer_id} has left epoch {epoch}")
    seq, newest = head.seq, head.hash
    rows: list[dict[str, Any]] = []
    for kind, body in bodies:
        seq += 1
        shared = {
            "shard": shard,
            "seq": seq,
            "at": at,
            "customer_id": customer_id,
            "decision_id": decision_id,
            "kind": kind,
            "epoch": epoch,
            "prev_hash": newest,
        }
        sealed = vault.seal_json(customer_id, LABEL, body)
        newest = entry_hash(**shared, sealed=sealed)
        rows.append({**shared, "body_sealed": sealed, "hash": newest})
    if rows:
        conn.execute(_INSERT, rows)
        conn.execute(_MOVE_HEAD, {"of": shard, "to_seq": seq, "to_hash": newest})
    return str(newest)


def entries_of(conn: Connection, vault: Vault, decision_id: str) -> list[Entry]:
    """A decision's entries in order."""
    rows = conn.execute(_OF_DECISION, {"decision": decision_id})
    return [_entry(vault, row) for row in rows]


def tail(conn: Connection, vault: Vault, *, after_pos: int, limit: int) -> list[Entry]:
    """Entries after a position, for whoever follows along."""
    rows = conn.execute(
        select(journal).where(journal.c.pos > after_pos).order_by(journal.c.pos).limit(limit)
    )
    return [_entry(vault, row) for row in rows]


def chain(conn: Connection, shard: int) -> Iterator[Row[Any]]:
    """One chain's raw rows in order."""
    query = select(journal).where(journal.c.shard == shard).order_by(journal.c.seq)
    yield from conn.execute(query, execution_options={"yield_per": 1_000})


def heads(conn: Connection) -> dict[int, tuple[int, str]]:
    """Length and newest hash of every chain."""
    return {
        row.shard: (row.seq, row.hash)
        for row in conn.execute(select(journal_heads).order_by(journal_heads.c.shard))
    }


def _entry(vault: Vault, row: Row[Any]) -> Entry:
    try:
        body = vault.open_json(LABEL, row.body_sealed)
    except Erased:
        body = None
    return Entry(
        pos=row.pos,
        shard=row.shard,
        seq=row.seq,
        at=row.at,
        customer_id=row.customer_id,
        decision_id=row.decision_id,
        kind=row.kind,
        epoch=row.epoch,
        body=body,
        prev_hash=row.prev_hash,
        hash=row.hash,
    )
