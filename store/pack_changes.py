"""Changes of packs: proposed, agreed to, refused; who, when and why. Rows only move forward.

Where four eyes are asked for, the database itself refuses that an author publishes (P9).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, select, update

from store.schema import pack_changes, pack_uses

Kind = Literal["put", "rollback"]


@dataclass(frozen=True, slots=True)
class Change:
    """One change. Waiting it has no `decided_at`; published without four eyes, no `decided_by`."""

    id: str
    name: str
    kind: str
    version: int
    sha256: str
    text: str
    base_sha256: str | None
    author: str
    reason: str
    at: int
    four_eyes: bool
    status: str = "waiting"
    decided_by: str | None = None
    decided_reason: str | None = None
    decided_at: int | None = None
    took_us: int | None = None
    committed_us: int | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """A pack that a change brought into force; the first decision under it, by real time."""

    change_id: str
    name: str
    build_sha256: str
    first_used_us: int | None
    first_used_by: str | None


def add(conn: Connection, change: Change) -> None:
    """Write a change down as it stands."""
    conn.execute(
        pack_changes.insert().values(
            **{column.name: getattr(change, column.name) for column in pack_changes.c}
            | {"four_eyes": int(change.four_eyes)}
        )
    )


def get(conn: Connection, change_id: str) -> Change | None:
    """One change."""
    row = conn.execute(select(pack_changes).where(pack_changes.c.id == change_id)).first()
    return None if row is None else _change(row)


def of_pack(conn: Connection, name: str, *, status: str | None = None) -> list[Change]:
    """The changes of a pack, newest first."""
    query = select(pack_changes).where(pack_changes.c.name == name)
    if status is not None:
        query = query.where(pack_changes.c.status == status)
    newest = query.order_by(pack_changes.c.at.desc(), pack_changes.c.id.desc())
    return [_change(row) for row in conn.execute(newest)]


def waiting(conn: Connection) -> dict[str, int]:
    """How many changes wait, by pack."""
    counted = (
        select(pack_changes.c.name, func.count())
        .where(pack_changes.c.status == "waiting")
        .group_by(pack_changes.c.name)
    )
    return {str(name): int(n) for name, n in conn.execute(counted)}


def decide(
    conn: Connection, change_id: str, *, to: str, by: str | None, reason: str, at: int
) -> bool:
    """Move a waiting change on, once; False where it waits no more."""
    moved = conn.execute(
        update(pack_changes)
        .where(pack_changes.c.id == change_id, pack_changes.c.status == "waiting")
        .values(status=to, decided_by=by, decided_reason=reason, decided_at=at)
    )
    return moved.rowcount == 1


def brought(conn: Connection, change_id: str, *, name: str, build_sha256: str) -> None:
    """Note that a change brought this build of a pack into force."""
    conn.execute(
        pack_uses.insert().values(change_id=change_id, name=name, build_sha256=build_sha256)
    )


def took(conn: Connection, change_id: str, *, took_us: int, committed_us: int) -> None:
    """Note how long it took from the wish to the commit, and when that was by the machine."""
    conn.execute(
        update(pack_changes)
        .where(pack_changes.c.id == change_id)
        .values(took_us=took_us, committed_us=committed_us)
    )


def note_use(conn: Connection, build_sha256: str, *, decision_id: str, at_us: int) -> None:
    """Note a decision under this build, unless there was one since it came into force."""
    latest = (
        select(func.max(pack_uses.c.id))
        .where(pack_uses.c.build_sha256 == build_sha256)
        .scalar_subquery()
    )
    conn.execute(
        update(pack_uses)
        .where(pack_uses.c.id == latest, pack_uses.c.first_used_us.is_(None))
        .values(first_used_us=at_us, first_used_by=decision_id)
    )


def uses(conn: Connection, name: str) -> list[Use]:
    """Every time a pack came into force, the latest first."""
    rows = conn.execute(
        select(pack_uses).where(pack_uses.c.name == name).order_by(pack_uses.c.id.desc())
    )
    return [
        Use(r.change_id, r.name, r.build_sha256, r.first_used_us, r.first_used_by) for r in rows
    ]


def _change(row: Row[Any]) -> Change:
    values = dict(row._mapping)
    return Change(**values | {"four_eyes": bool(values["four_eyes"])})
