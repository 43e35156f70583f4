"""What people write that governs decisions: packs, agents, rules, messages, brand, in versions.

A version is never changed or deleted; which one is live is a row of its own, read by whoever
decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeAlias

from sqlalchemy import Connection, Result, bindparam, func, select, update
from sqlalchemy import text as sql

from store.schema import documents, live_documents
from store.upsert import insert_or_ignore

_ADVISORY_LOCK = 7_220_117


@dataclass(frozen=True, slots=True)
class Document:
    """One version of one text."""

    kind: str
    name: str
    version: int
    sha256: str
    text: str
    author: str
    created_at: int


class OldVersion(ValueError):
    """A text names a version that is not newer than the newest one there is."""

    @classmethod
    def of(cls, name: str, version: int, newest: int) -> OldVersion:
        """What to write instead."""
        return cls(
            f"{name} says version {version}, and there is a version {newest} already; "
            f"write 'version: {newest + 1}'"
        )


def put(
    conn: Connection,
    *,
    kind: str,
    name: str,
    text: str,
    author: str,
    at: int,
    version: int | None = None,
) -> Document:
    """Write a version and make it live. The same text as the live one changes nothing.

    `version`: the number the text gives itself, which must be new; None: the next one.
    """
    in_line(conn)
    sha = digest(text)
    current = live(conn, kind=kind, name=name)
    if current is not None and current.sha256 == sha:
        return current
    last = newest(conn, kind=kind, name=name)
    if version is None:
        version = last + 1
    elif version <= last:
        raise OldVersion.of(name, version, last)
    conn.execute(
        documents.insert().values(
            kind=kind,
            name=name,
            version=version,
            sha256=sha,
            text=text,
            author=author,
            created_at=at,
        )
    )
    make_live(conn, kind=kind, name=name, version=version, at=at)
    return Document(kind, name, version, sha, text, author, at)


def newest(conn: Connection, *, kind: str, name: str) -> int:
    """The highest version there is; 0 where there is none."""
    found = conn.execute(
        select(func.max(documents.c.version)).where(
            documents.c.kind == kind, documents.c.name == name
        )
    ).scalar()
    return int(found or 0)


def in_line(conn: Connection) -> None:
    """Whoever writes at the same time waits here, and then sees what was written before."""
    if conn.dialect.name == "postgresql":
        conn.execute(sql("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


def digest(text: str) -> str:
    """The SHA-256 by which a text is known, whatever its version."""
    return sha256(text.encode()).hexdigest()


def make_live(conn: Connection, *, kind: str, name: str, version: int, at: int) -> None:
    """Point to a version that exists, older or newer."""
    if not insert_or_ignore(conn, live_documents, kind=kind, name=name, version=version, since=at):
        conn.execute(
            update(live_documents)
            .where(live_documents.c.kind == kind, live_documents.c.name == name)
            .values(version=version, since=at)
        )


# Built once: building a statement costs several times what running it does.
_LIVE = (
    select(documents)
    .join(
        live_documents,
        (live_documents.c.kind == documents.c.kind)
        & (live_documents.c.name == documents.c.name)
        & (live_documents.c.version == documents.c.version),
    )
    .where(documents.c.kind == bindparam("of_kind"), documents.c.name == bindparam("of_name"))
)


def live(conn: Connection, *, kind: str, name: str) -> Document | None:
    """The version in force."""
    return _first(conn.execute(_LIVE, {"of_kind": kind, "of_name": name}))


Key: TypeAlias = tuple[tuple[str, int, str], ...]
"""What is in force of a kind: name, version and digest of each text, by name."""

_KEY = (
    select(documents.c.name, documents.c.version, documents.c.sha256)
    .join(
        live_documents,
        (live_documents.c.kind == documents.c.kind)
        & (live_documents.c.name == documents.c.name)
        & (live_documents.c.version == documents.c.version),
    )
    .where(documents.c.kind == bindparam("of_kind"))
    .order_by(documents.c.name)
)


def live_key(conn: Connection, kind: str) -> Key:
    """Which texts of a kind are in force, without reading any of them."""
    return tuple((row[0], row[1], row[2]) for row in conn.execute(_KEY, {"of_kind": kind}))


def get(conn: Connection, *, kind: str, name: str, version: int) -> Document | None:
    """One version."""
    found = select(documents).where(
        documents.c.kind == kind, documents.c.name == name, documents.c.version == version
    )
    return _first(conn.execute(found))


def of_sha256(conn: Connection, *, kind: str, sha256: str) -> Document | None:
    """The version that has this digest."""
    found = select(documents).where(documents.c.kind == kind, documents.c.sha256 == sha256)
    return _first(conn.execute(found))


def all_live(conn: Connection, kind: str) -> list[Document]:
    """Every text of a kind that is in force, by name."""
    names = conn.execute(
        select(live_documents.c.name)
        .where(live_documents.c.kind == kind)
        .order_by(live_documents.c.name)
    )
    found = (live(conn, kind=kind, name=str(name)) for (name,) in names.all())
    return [document for document in found if document is not None]


def _first(found: Result[Any]) -> Document | None:
    row = found.first()
    if row is None:
        return None
    m = row._mapping
    return Document(
        kind=m["kind"],
        name=m["name"],
        version=m["version"],
        sha256=m["sha256"],
        text=m["text"],
        author=m["author"],
        created_at=m["created_at"],
    )


def versions(conn: Connection, *, kind: str, name: str) -> list[Document]:
    """Every version of one text, newest first."""
    rows = conn.execute(
        select(documents)
        .where(documents.c.kind == kind, documents.c.name == name)
        .order_by(documents.c.version.desc())
    )
    return [Document(**row._mapping) for row in rows]
