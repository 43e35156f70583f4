"""Principals: named people, services and agents on whose wish something happens, and their keys.

A key is shown once, when it is made; only its SHA-256 is kept.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, Row, select, update

from store.schema import principals
from store.upsert import insert_or_ignore

#: From the least to the most that a principal may do; `ingest` stands apart and only sends events.
ROLES = ("ingest", "viewer", "operator", "approver", "admin")


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody with a key."""

    id: str
    name: str
    role: str

    def may(self, role: str) -> bool:
        """Whether this role includes the other one."""
        if role == "ingest":
            return True
        return ROLES.index(self.role) >= ROLES.index(role) and self.role != "ingest"


def fresh_key() -> str:
    """A key of 256 random bits, recognisable in a leak by its first word."""
    return f"usher_{secrets.token_urlsafe(32)}"


def add(
    conn: Connection, *, principal_id: str, name: str, role: str, key: str, at: int
) -> Principal | None:
    """Write a principal; None where the name is taken."""
    added = insert_or_ignore(
        conn,
        principals,
        id=principal_id,
        name=name,
        role=role,
        key_sha256=_digest(key),
        created_at=at,
        disabled_at=None,
    )
    return Principal(principal_id, name, role) if added else None


def of_key(conn: Connection, key: str) -> Principal | None:
    """Whose key this is; None where it is nobody's, or disabled."""
    row = conn.execute(
        select(principals).where(
            principals.c.key_sha256 == _digest(key), principals.c.disabled_at.is_(None)
        )
    ).first()
    return None if row is None else Principal(row.id, row.name, row.role)


def of_id(conn: Connection, principal_id: str) -> Principal | None:
    """The principal of an id; None where there is none, or it is disabled."""
    row = conn.execute(
        select(principals).where(
            principals.c.id == principal_id, principals.c.disabled_at.is_(None)
        )
    ).first()
    return None if row is None else Principal(row.id, row.name, row.role)


def of_name(conn: Connection, name: str) -> Principal | None:
    """The principal of a name; None where there is none, or it is disabled."""
    row = conn.execute(
        select(principals).where(principals.c.name == name, principals.c.disabled_at.is_(None))
    ).first()
    return None if row is None else Principal(row.id, row.name, row.role)


def replace_key(conn: Connection, name: str, key: str) -> bool:
    """Give a principal another key, which is in use; the old one is nobody's from then on."""
    changed = conn.execute(
        update(principals)
        .where(principals.c.name == name)
        .values(key_sha256=_digest(key), disabled_at=None)
    )
    return changed.rowcount == 1


def disable(conn: Connection, name: str, *, at: int) -> bool:
    """Take a principal's key out of use; False where there is none of that name in use."""
    changed = conn.execute(
        update(principals)
        .where(principals.c.name == name, principals.c.disabled_at.is_(None))
        .values(disabled_at=at)
    )
    return changed.rowcount == 1


def listing(conn: Connection) -> list[Row[tuple[object, ...]]]:
    """Everybody, oldest first."""
    return list(conn.execute(select(principals).order_by(principals.c.id)))


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()
