"""How far each import has come, and which rows were set aside. Units of work.

An import is known by a digest of its file and of how the file was read. Rows are counted in the
order of the file, set-aside rows among them; a reason names a column and a rule, never what the row
holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select, update

from store.schema import import_rejects, imports
from store.upsert import insert_or_ignore


@dataclass(frozen=True, slots=True)
class ImportState:
    """Rows consumed so far, how many of them were set aside, when it ended (None: not yet)."""

    rows_done: int
    rows_bad: int
    finished_at: int | None


def begin(conn: Connection, file_sha256: str, at: int) -> ImportState:
    """Where this import stands; recorded as begun if it is new."""
    insert_or_ignore(
        conn,
        imports,
        file_sha256=file_sha256,
        rows_done=0,
        rows_bad=0,
        started_at=at,
        finished_at=None,
    )
    row = conn.execute(_of(file_sha256)).one()
    return ImportState(row.rows_done, row.rows_bad, row.finished_at)


def advance(
    conn: Connection, file_sha256: str, rows_done: int, rejects: Sequence[tuple[int, str]]
) -> None:
    """Record that the first `rows_done` rows are dealt with; `rejects` are (line, reason).

    Never goes backwards: doing it again, or late, changes nothing.
    """
    fresh = sum(
        insert_or_ignore(conn, import_rejects, file_sha256=file_sha256, line=line, reason=reason)
        for line, reason in rejects
    )
    conn.execute(
        update(imports)
        .where(imports.c.file_sha256 == file_sha256)
        .values(rows_bad=imports.c.rows_bad + fresh)
    )
    conn.execute(
        update(imports)
        .where(imports.c.file_sha256 == file_sha256, imports.c.rows_done < rows_done)
        .values(rows_done=rows_done)
    )


def finish(conn: Connection, file_sha256: str, at: int) -> None:
    """Record the end; the first end stays."""
    conn.execute(
        update(imports)
        .where(imports.c.file_sha256 == file_sha256, imports.c.finished_at.is_(None))
        .values(finished_at=at)
    )


def rejects_of(conn: Connection, file_sha256: str, *, limit: int = 100) -> list[tuple[int, str]]:
    """The first rows set aside, as (line, reason)."""
    rows = conn.execute(
        select(import_rejects.c.line, import_rejects.c.reason)
        .where(import_rejects.c.file_sha256 == file_sha256)
        .order_by(import_rejects.c.line)
        .limit(limit)
    )
    return [(row.line, row.reason) for row in rows]


def _of(file_sha256: str) -> Select[Any]:
    return select(imports).where(imports.c.file_sha256 == file_sha256)
