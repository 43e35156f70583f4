"""The table of personal keys: each wrapped by the master key, each destroyed on its own.

With SQLite it is a file of its own (`keys.db`), outside data backups, kept so that a deleted row
leaves no bytes: no write-ahead log, freed pages overwritten. With PostgreSQL it is a table beside
the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.pool import StaticPool

from store.engines import owners_only, postgresql_engine
from store.schema import key_metadata, subject_keys

#: Any number that only we use: see `store.migrate` for the other one.
_ADVISORY_LOCK = 7_220_115
# Built once: building a statement costs several times what running it does.
_BY_IDS = select(subject_keys).where(subject_keys.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """One person's key as it is stored."""

    id: str
    subject: str
    wrapped: bytes
    created_at: int


class KeyTable:
    """Rows of `subject_keys`. Every call is its own durable transaction; safe from any thread."""

    def __init__(self, engine: Engine, *, is_shared: bool) -> None:
        self._engine = engine
        self._lock = RLock()
        self.is_shared = is_shared
        with self.alone() as conn:
            key_metadata.create_all(conn)

    @classmethod
    def shared(cls, url: str) -> KeyTable:
        """The key table of a PostgreSQL deployment: other processes add and destroy keys too."""
        return cls(postgresql_engine(url, pool_size=2), is_shared=True)

    @classmethod
    def in_file(cls, path: Path) -> KeyTable:
        """The key table of a SQLite deployment."""
        owners_only(path)
        engine = create_engine(
            f"sqlite:///{path}", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )

        @event.listens_for(engine, "connect")
        def _leave_no_bytes(connection: Any, record: Any) -> None:
            for pragma in ("journal_mode=TRUNCATE", "secure_delete=ON", "synchronous=FULL"):
                connection.execute(f"PRAGMA {pragma}")

        return cls(engine, is_shared=False)

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A transaction in which no other process makes keys that must be there once only."""
        with self._lock, self._engine.begin() as conn:
            if self.is_shared:
                conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            yield conn

    def add(self, keys: Sequence[WrappedKey]) -> None:
        """Store keys, durably, all or none."""
        if not keys:
            return
        rows = [
            {"id": k.id, "subject": k.subject, "wrapped": k.wrapped, "created_at": k.created_at}
            for k in keys
        ]
        with self._lock, self._engine.begin() as conn:
            conn.execute(insert(subject_keys), rows)

    def of_subject(self, subject: str) -> WrappedKey | None:
        """The newest key of a subject."""
        query = (
            select(subject_keys)
            .where(subject_keys.c.subject == subject)
            .order_by(subject_keys.c.created_at.desc(), subject_keys.c.id.desc())
            .limit(1)
        )
        return self._one(query)

    def by_id(self, key_id: str) -> WrappedKey | None:
        """One key, or None once it is destroyed."""
        return next(iter(self.by_ids([key_id])), None)

    def by_ids(self, key_ids: Sequence[str]) -> list[WrappedKey]:
        """Those of these keys that are not destroyed, in one question."""
        with self._lock, self._engine.connect() as conn:
            rows = conn.execute(_BY_IDS, {"ids": list(key_ids)}).all()
        return [WrappedKey(row.id, row.subject, row.wrapped, row.created_at) for row in rows]

    def subjects_like(self, prefix: str) -> list[str]:
        """Subjects that start with a prefix."""
        query = select(subject_keys.c.subject).where(
            subject_keys.c.subject.startswith(prefix, autoescape=True)
        )
        with self._lock, self._engine.connect() as conn:
            return [str(row[0]) for row in conn.execute(query)]

    def destroy(self, subjects: Iterable[str]) -> int:
        """Delete all keys of these subjects. Returns how many there were."""
        with self._lock, self._engine.begin() as conn:
            return conn.execute(
                delete(subject_keys).where(subject_keys.c.subject.in_(sorted(subjects)))
            ).rowcount

    def destroy_ids(self, key_ids: Sequence[str]) -> int:
        """Delete these keys. Returns how many there were."""
        with self._lock, self._engine.begin() as conn:
            return conn.execute(delete(subject_keys).where(subject_keys.c.id.in_(key_ids))).rowcount

    def count(self) -> int:
        """How many keys there are."""
        with self._lock, self._engine.connect() as conn:
            return int(conn.execute(select(func.count()).select_from(subject_keys)).scalar_one())

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._engine.dispose()

    def _one(self, query: Any) -> WrappedKey | None:
        with self._lock, self._engine.connect() as conn:
            row = conn.execute(query).first()
        return None if row is None else WrappedKey(row.id, row.subject, row.wrapped, row.created_at)
