"""The read barrier: who is out of reach for a purpose. Everything that perceives asks here (P5)."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from customers import suppression
from store.schema import customers
from store.sealing import Vault

_STANDING = select(customers.c.erased_at, customers.c.merged_into).where(
    customers.c.id == bindparam("customer")
)


def barrier(
    conn: Connection, vault: Vault, customer_id: str, *, purpose: str, now_us: int
) -> str | None:
    """`erased`, `merged`, `suppressed`, or None where this person may be looked at for it.

    Under the id of somebody merged nobody is looked at: what holds for them stands with the
    survivor.
    """
    row = conn.execute(_STANDING, {"customer": customer_id}).first()
    if row is None or row.erased_at is not None:
        return "erased"
    if row.merged_into is not None:
        return "merged"
    if suppression.stops_everything(conn, customer_id, purpose=purpose, now_us=now_us):
        return "suppressed"
    return None
