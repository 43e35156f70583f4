"""The text of memories, sealed; vectors live elsewhere and hold no text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, select, update

from store.schema import customers, memories
from store.sealing import Vault
from store.upsert import insert_or_ignore

LABEL = "memories.text"


def remember(
    conn: Connection,
    vault: Vault,
    *,
    memory_id: str,
    customer_id: str,
    kind: str,
    text: str,
    source_event_id: str | None,
    at: int,
    purpose: str = "any",
    expires_at: int | None = None,
    weight_bp: int = 10_000,
) -> bool:
    """Keep a memory once; it is indexed later, off the decision's path."""
    return insert_or_ignore(
        conn,
        memories,
        id=memory_id,
        customer_id=customer_id,
        kind=kind,
        source_event_id=source_event_id,
        at=at,
        expires_at=expires_at,
        weight_bp=weight_bp,
        purpose=purpose,
        text_sealed=vault.seal(customer_id, LABEL, text.encode()),
        indexed=0,
    )


def of_customer(conn: Connection, customer_id: str, *, limit: int = 200) -> list[Row[Any]]:
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


def hand_over(conn: Connection, *, to: str, of: str) -> int:
    """Give somebody's memories to whom they were merged into, to be indexed anew under that key."""
    return conn.execute(
        update(memories).where(memories.c.customer_id == of).values(customer_id=to, indexed=0)
    ).rowcount
