"""The text of memories, sealed; vectors live elsewhere and hold no text.

A newer memory of the same person, kind and topic supersedes the older, whichever arrives first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from customers import memory_standing
from customers.memory_standing import ORDINARY, TOPICS
from store.schema import customers, memories
from store.sealing import Vault
from store.upsert import insert_or_ignore

LABEL = "memories.text"
#: So many a person, the newest, are kept.
MOST = 200
#: A memory that may no longer be used goes this long after it expired, with the next one.
KEPT_AFTER_EXPIRY_US = 30 * 86_400 * 1_000_000


def remember(
    conn: Connection,
    vault: Vault,
    *,
    memory_id: str,
    customer_id: str,
    kind: str,
    text: str,
    source_id: str | None,
    at: int,
    purpose: str = "any",
    expires_at: int | None = None,
    weight_bp: int = 10_000,
    sensitivity: str = ORDINARY,
    topic: str | None = None,
) -> bool:
    """Keep a memory once; it is indexed later, off the decision's path.

    `source_id`: the event, effect or approval it is of. `purpose`: what it may be recalled for.
    `sensitivity`: `ordinary`, or `sensitive`, which marketing is not told. `topic`: one of
    `memory_standing.TOPICS`, of which only the newest of this person and kind (by `at`) stands.
    Raises `ValueError` for another topic.
    """
    if topic is not None and topic not in TOPICS:
        raise ValueError(f"a memory's topic is one of {', '.join(sorted(TOPICS))}, or none")
    kept = insert_or_ignore(
        conn,
        memories,
        id=memory_id,
        customer_id=customer_id,
        kind=kind,
        source_id=source_id,
        at=at,
        expires_at=expires_at,
        weight_bp=weight_bp,
        purpose=purpose,
        text_sealed=vault.seal(customer_id, LABEL, text.encode()),
        indexed=0,
        sensitivity=sensitivity,
        topic=topic,
    )
    if kept and topic is not None:
        memory_standing.settle(conn, customer_id, kind=kind, topic=topic)
    return kept


def of_customer(conn: Connection, customer_id: str, *, limit: int = MOST) -> list[Row[Any]]:
    """The newest memories of a person, sealed."""
    return list(
        conn.execute(
            select(memories)
            .where(memories.c.customer_id == customer_id)
            .order_by(memories.c.at.desc(), memories.c.id)
            .limit(limit)
        )
    )


def text_of(vault: Vault, row: Row[Any]) -> str:
    """The words of one memory; `Erased` once its person is."""
    return vault.open(LABEL, row.text_sealed).decode()


def not_indexed(conn: Connection, *, limit: int) -> list[Row[Any]]:
    """Memories whose vectors are not stored yet, oldest first; none of anybody who is erased."""
    return list(
        conn.execute(
            select(memories)
            .join(customers, customers.c.id == memories.c.customer_id)
            .where(memories.c.indexed == 0, customers.c.erased_at.is_(None))
            .order_by(memories.c.id)
            .limit(limit)
        )
    )


def all_after(conn: Connection, memory_id: str, *, limit: int = 500) -> list[Row[Any]]:
    """Memories in the order of their ids, after one; none of anybody who is erased."""
    return list(
        conn.execute(
            select(memories)
            .join(customers, customers.c.id == memories.c.customer_id)
            .where(memories.c.id > memory_id, customers.c.erased_at.is_(None))
            .order_by(memories.c.id)
            .limit(limit)
        )
    )


def alive(conn: Connection, memory_ids: Sequence[str]) -> set[str]:
    """Which of these memories are there, of somebody who is not erased."""
    rows = conn.execute(
        select(memories.c.id)
        .join(customers, customers.c.id == memories.c.customer_id)
        .where(memories.c.id.in_(list(memory_ids)), customers.c.erased_at.is_(None))
    )
    return {str(row.id) for row in rows}


def mark_indexed(conn: Connection, stored: Mapping[str, str]) -> int:
    """The vectors of these memories are stored, each turned by the key of the customer beside it.

    A memory that has gone over to somebody else meanwhile stays unindexed: its vector is turned the
    wrong way. Returns how many were marked.
    """
    by_customer: dict[str, list[str]] = {}
    for memory_id, customer_id in stored.items():
        by_customer.setdefault(customer_id, []).append(memory_id)
    return sum(
        conn.execute(
            update(memories)
            .where(memories.c.id.in_(theirs), memories.c.customer_id == customer_id)
            .values(indexed=1)
        ).rowcount
        for customer_id, theirs in sorted(by_customer.items())
    )


def surplus(conn: Connection, customer_id: str) -> list[str]:
    """What of a person's memories is to go: beyond the newest, and what has long expired.

    The vectors go before the rows (`forget`), so that no crash in between leaves a vector behind.
    """
    rows = conn.execute(
        select(memories.c.id, memories.c.at, memories.c.expires_at)
        .where(memories.c.customer_id == customer_id)
        .order_by(memories.c.at.desc(), memories.c.id)
    ).all()
    if not rows:
        return []
    past = rows[0].at - KEPT_AFTER_EXPIRY_US
    return [
        str(row.id)
        for k, row in enumerate(rows)
        if k >= MOST or (row.expires_at is not None and row.expires_at <= past)
    ]


def forget(conn: Connection, memory_ids: Sequence[str]) -> None:
    """Delete these memories."""
    if memory_ids:
        conn.execute(delete(memories).where(memories.c.id.in_(list(memory_ids))))


def hand_over(conn: Connection, *, to: str, of: str) -> int:
    """Give somebody's memories to whom they were merged into, to be indexed anew under that key."""
    moved = conn.execute(
        update(memories).where(memories.c.customer_id == of).values(customer_id=to, indexed=0)
    ).rowcount
    if moved:
        memory_standing.settle_all(conn, to)
    return moved
