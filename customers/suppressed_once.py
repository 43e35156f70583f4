"""A suppression that is asked for again says nothing new: it is written once while it holds.

Receipts repeat what they say: a bounce of each letter, a STOP and then the complaint. So the same
receipts, in whatever order, leave the same suppressions.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from customers import suppression
from store.schema import suppressions
from store.sealing import Vault


def suppress_once(
    conn: Connection,
    vault: Vault,
    *,
    suppression_id: str,
    customer_id: str,
    scope: str,
    reason: str,
    now_us: int,
    channel: str | None = None,
    address_hash: str | None = None,
) -> None:
    """Write what a person asked for, for good; nothing where the same is in force already."""
    for row in suppression.in_force(conn, customer_id, now_us):
        same = row.scope == scope and row.channel == channel and row.until is None
        if scope == "purpose":
            same = same and row.purpose == suppression.MARKETING
        elif scope == "address":
            same = same and address_hash is not None and row.address_hash == address_hash
        if same:
            return
    suppression.suppress(
        conn,
        vault,
        suppression_id=suppression_id,
        customer_id=customer_id,
        scope=scope,
        channel=channel,
        address_hash=address_hash,
        by="customer",
        reason=reason,
        now_us=now_us,
    )


def stands_for_nobody(
    conn: Connection, identifier_hash: str, *, scope: str, channel: str | None, now_us: int
) -> bool:
    """Whether the same is in force for an identifier of nobody we know."""
    left = select(suppressions).where(
        suppressions.c.customer_id.is_(None), suppressions.c.identifier_hash == identifier_hash
    )
    return any(
        row.scope == scope
        and row.channel == channel
        and row.until is None
        and suppression.holds(row, now_us)
        for row in conn.execute(left)
    )
