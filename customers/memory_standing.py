"""Where a memory stands: what it may be used for now, what it is about, what took its place.

One answer for agents and for people who look: `why_withheld`. Of several memories of one person,
kind and topic only the newest stands, by when it was said and not by when it was heard. Topics are
a closed vocabulary of ours; what a person said never becomes one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from store.schema import memories

ORDINARY, SENSITIVE = "ordinary", "sensitive"
ANY_PURPOSE = "any"
MARKETING = "marketing"

#: What a memory may be about, so that a newer one takes the place of an older one.
TOPICS = frozenset(
    ["channel_wish", "complaint", "contact_time_wish", "delivery_address_change"]
    + ["delivery_wish", "language_wish", "size"]
)


def topic_of(stated: Any) -> str | None:
    """The topic that an event states, where it is one of ours."""
    return stated if isinstance(stated, str) and stated in TOPICS else None


def why_withheld(row: Row[Any], *, purpose: str, now_us: int) -> str | None:
    """Why a memory may not be used for this purpose now; None: it may. Never its text."""
    if row.expires_at is not None and row.expires_at <= now_us:
        return "expired"
    if row.superseded_by is not None:
        return "superseded by a newer one"
    if row.purpose not in (ANY_PURPOSE, purpose):
        return f"kept for {row.purpose}, not used for {purpose}"
    if row.sensitivity == SENSITIVE and purpose == MARKETING:
        return f"sensitive, not used for {MARKETING}"
    return None


def settle(conn: Connection, customer_id: str, *, kind: str, topic: str) -> None:
    """Let the newest memory of this person, kind and topic supersede the others.

    Also right after memories went from one person to another: the newest is superseded by none that
    is still there. One whose successor has been deleted stays superseded.
    """
    of_these = (
        memories.c.customer_id == customer_id,
        memories.c.kind == kind,
        memories.c.topic == topic,
    )
    newest = conn.execute(
        select(memories.c.id, memories.c.superseded_by)
        .where(*of_these)
        .order_by(memories.c.at.desc(), memories.c.id.desc())
        .limit(1)
    ).first()
    if newest is None:
        return
    if newest.superseded_by is not None and _is_there(conn, newest.superseded_by):
        conn.execute(update(memories).where(memories.c.id == newest.id).values(superseded_by=None))
    conn.execute(
        update(memories)
        .where(
            *of_these,
            memories.c.id != newest.id,
            or_(memories.c.superseded_by.is_(None), memories.c.superseded_by != newest.id),
        )
        .values(superseded_by=newest.id)
    )


def settle_all(conn: Connection, customer_id: str) -> None:
    """`settle` for whatever this person's memories are about; after a merge or its undoing."""
    about = conn.execute(
        select(memories.c.kind, memories.c.topic)
        .where(memories.c.customer_id == customer_id, memories.c.topic.is_not(None))
        .distinct()
        .order_by(memories.c.kind, memories.c.topic)
    ).all()
    for row in about:
        settle(conn, customer_id, kind=row.kind, topic=row.topic)


def _is_there(conn: Connection, memory_id: str) -> bool:
    found = select(memories.c.id).where(memories.c.id == memory_id)
    return conn.execute(found).first() is not None
