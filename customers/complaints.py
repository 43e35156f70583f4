"""Complaints: open until they are closed; first they are answered, then anything is sold."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select, update

from store.schema import complaints
from store.upsert import insert_or_ignore


def open_one(conn: Connection, *, customer_id: str, event_id: str, at: int) -> None:
    """Open a complaint; its event's id names it, so it opens once."""
    insert_or_ignore(conn, complaints, id=event_id, customer_id=customer_id, at=at, closed_at=None)


def close_all(conn: Connection, *, customer_id: str, at: int) -> int:
    """Close the person's complaints that were opened by then."""
    return conn.execute(
        update(complaints)
        .where(
            complaints.c.customer_id == customer_id,
            complaints.c.closed_at.is_(None),
            complaints.c.at <= at,
        )
        .values(closed_at=at)
    ).rowcount


_OPEN = (
    select(complaints.c.id)
    .where(complaints.c.customer_id == bindparam("customer"), complaints.c.closed_at.is_(None))
    .limit(1)
)


def open_complaint(conn: Connection, customer_id: str) -> bool:
    """Whether any complaint of this person is open."""
    return conn.execute(_OPEN, {"customer": customer_id}).first() is not None
