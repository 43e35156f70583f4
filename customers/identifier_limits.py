"""How much one identifier, and one person, may stand for; beyond it nothing is believed.

A profile has one user id and so many of each other kind. An identifier that several people state as
theirs is in quarantine: it names nobody and is not written to, until a person releases it. So is an
inbox that by its name is many people's, from the start. All of it is noted and shown.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, delete, func, select, update

from customers import identity_notes
from customers.identifiers import Identifier
from store.schema import identifier_claims, identifiers
from store.upsert import insert_or_ignore

#: So many of a kind has one person. Of devices the oldest makes room; of the others none is added.
LIMITS = {"user_id": 1, "email": 10, "phone": 10, "anonymous_id": 200}
#: So many others state the same identifier as theirs, and it is in quarantine.
CLAIMANTS = {"email": 3, "phone": 3, "anonymous_id": 5}
#: Names before the @ that are a function's, not a person's (most of them in RFC 2142).
SHARED = frozenset(
    ["abuse", "admin", "billing", "contact", "donotreply", "hello", "help", "hostmaster", "info"]
    + ["kontakt", "mailer-daemon", "marketing", "no-reply", "noreply", "office", "postmaster"]
    + ["sales", "security", "service", "support", "team", "webmaster"]
)

_COUNT = (
    select(func.count())
    .select_from(identifiers)
    .where(
        identifiers.c.customer_id == bindparam("customer"), identifiers.c.kind == bindparam("of")
    )
)
_OLDEST = (
    select(identifiers.c.value_hash)
    .where(
        identifiers.c.customer_id == bindparam("customer"), identifiers.c.kind == bindparam("of")
    )
    .order_by(identifiers.c.first_seen_at, identifiers.c.value_hash)
    .limit(1)
)


def is_shared(identifier: Identifier) -> bool:
    """Whether this inbox is by its name many people's."""
    return identifier.kind == "email" and identifier.value.partition("@")[0] in SHARED


def has_room(conn: Connection, customer_id: str, identifier: Identifier, *, now_us: int) -> bool:
    """Whether this person may have one more of its kind; notes where not.

    The oldest device makes room for a new one: browsers throw theirs away all the time.
    """
    had = _count(conn, customer_id, identifier.kind)
    if had < LIMITS[identifier.kind]:
        return True
    if identifier.kind != "anonymous_id":
        identity_notes.note(conn, customer_id, "over_limit", identifier.kind, now_us=now_us)
        return False
    oldest = conn.execute(_OLDEST, {"customer": customer_id, "of": identifier.kind}).scalar_one()
    conn.execute(delete(identifiers).where(identifiers.c.value_hash == oldest))
    identity_notes.note(conn, customer_id, "oldest_left", identifier.kind, now_us=now_us)
    return True


def fit_together(conn: Connection, one: str, other: str, *, now_us: int) -> bool:
    """Whether two records may be one by how many identifiers they would have; notes where not."""
    for kind in ("email", "phone"):
        if _count(conn, one, kind) + _count(conn, other, kind) > LIMITS[kind]:
            for customer_id in (one, other):
                identity_notes.note(conn, customer_id, "too_many_together", kind, now_us=now_us)
            return False
    return True


def claim(
    conn: Connection, customer_id: str, stated: Iterable[tuple[str, str]], now_us: int
) -> None:
    """This person states identifiers (hash and kind) that are somebody else's.

    Too many such people, and the identifier is in quarantine, also for whoever had it first.
    """
    for value_hash, kind in stated:
        identity_notes.note(conn, customer_id, "of_somebody_else", kind, now_us=now_us)
        fresh = insert_or_ignore(
            conn, identifier_claims, value_hash=value_hash, customer_id=customer_id, at=now_us
        )
        if not fresh or kind not in CLAIMANTS:
            continue
        others = conn.execute(
            select(func.count())
            .select_from(identifier_claims)
            .where(identifier_claims.c.value_hash == value_hash)
        ).scalar_one()
        if others >= CLAIMANTS[kind]:
            conn.execute(
                update(identifiers)
                .where(
                    identifiers.c.value_hash == value_hash, identifiers.c.quarantined_at.is_(None)
                )
                .values(quarantined_at=now_us)
            )


def release(conn: Connection, customer_id: str, value_hash: str) -> bool:
    """A person says that it is this customer's after all; who else had stated it starts anew."""
    freed = conn.execute(
        update(identifiers)
        .where(
            identifiers.c.value_hash == value_hash,
            identifiers.c.customer_id == customer_id,
            identifiers.c.quarantined_at.is_not(None),
        )
        .values(quarantined_at=None)
    )
    conn.execute(delete(identifier_claims).where(identifier_claims.c.value_hash == value_hash))
    return freed.rowcount == 1


def claimants(conn: Connection, value_hash: str) -> int:
    """How many others state it as theirs."""
    return int(
        conn.execute(
            select(func.count())
            .select_from(identifier_claims)
            .where(identifier_claims.c.value_hash == value_hash)
        ).scalar_one()
    )


def _count(conn: Connection, customer_id: str, kind: str) -> int:
    return int(conn.execute(_COUNT, {"customer": customer_id, "of": kind}).scalar_one())
