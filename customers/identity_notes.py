"""What of somebody's identifiers and traits was not taken, how often, and in words why.

Bounded: one row a person, reason and kind. What was stated is not kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from customers.apply import traits_of
from customers.comparable import comparable_of
from customers.identifiers import unusable_of
from store.schema import identity_notes
from store.upsert import insert_or_ignore

WORDS = {
    "over_limit": "there are as many of them as one person may have; no more are taken",
    "oldest_left": "there were as many as one person may have; the oldest made room",
    "too_many_together": "another record was not joined: together there would be too many",
    "of_somebody_else": "it was somebody else's already, and stayed with them",
    "malformed": "it could not be read",
    "junk": "it is what scripts write where there was nothing",
    "birth_date": "it is no possible day of birth: in the future, not a day, or a form's default",
}
_BIRTH = ("birthday", "dateOfBirth", "date_of_birth")


def note(conn: Connection, customer_id: str, code: str, kind: str, *, now_us: int) -> None:
    """One more time that something was not taken."""
    if code not in WORDS:
        raise ValueError(f"there is no note {code}")
    if insert_or_ignore(
        conn,
        identity_notes,
        customer_id=customer_id,
        code=code,
        kind=kind,
        n=1,
        first_at=now_us,
        last_at=now_us,
    ):
        return
    conn.execute(
        update(identity_notes)
        .where(
            identity_notes.c.customer_id == customer_id,
            identity_notes.c.code == code,
            identity_notes.c.kind == kind,
        )
        .values(n=identity_notes.c.n + 1, last_at=now_us)
    )


def note_unusable(
    conn: Connection, customer_id: str, message: Mapping[str, Any], *, now_us: int
) -> None:
    """Note what this message states and nobody can use."""
    for kind, code in unusable_of(message):
        note(conn, customer_id, code, kind, now_us=now_us)
    born = {k: v for k, v in traits_of(message).items() if k in _BIRTH and v not in (None, "")}
    if born:
        today = datetime.fromtimestamp(now_us / 1e6, UTC).date()
        if comparable_of(born, today=today).birth_date is None:
            note(conn, customer_id, "birth_date", "trait", now_us=now_us)


def of_customer(conn: Connection, customer_id: str) -> list[Row[Any]]:
    """A person's notes, the newest first."""
    return list(
        conn.execute(
            select(identity_notes)
            .where(identity_notes.c.customer_id == customer_id)
            .order_by(identity_notes.c.last_at.desc(), identity_notes.c.code, identity_notes.c.kind)
        )
    )
