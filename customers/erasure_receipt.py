"""The receipt of an erasure by store: how much of a person each held, and how that went.

`at once`: noise from the moment at which the key was destroyed. `deleted`: gone when the receipt
was written. `being compacted`: out of reach, its bytes are overwritten behind the answer. Numbers
and our own words only: a receipt outlives the person and holds nothing of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from sqlalchemy import Connection, Table, func, select

from store.schema import approvals, decisions, effects, journal

Destroyed = Literal["at once", "deleted", "being compacted"]

_NOISE = "rows stay as noise, so that the journal's chain verifies"
_KEPT: tuple[tuple[str, Table, str], ...] = (
    ("journal entries", journal, _NOISE),
    ("effects", effects, f"{_NOISE}; reasons and digests are taken out"),
    ("approvals", approvals, _NOISE),
    ("decisions", decisions, "rows stay as noise: our own ids, and what came of them"),
)


@dataclass(frozen=True, slots=True)
class Counted:
    """How much there was of a person where a row does not tell any more."""

    people: int
    keys: int
    arrivals: int
    dead_letters: int
    outbox_files: int
    vectors: int


@dataclass(frozen=True, slots=True)
class Store:
    """One store: `items` is how many rows, files, keys or vectors of the person's it held."""

    store: str
    items: int
    destroyed: Destroyed
    what: str


def stores_of(
    conn: Connection, everyone: Sequence[str], counted: Counted, deleted: Mapping[str, int]
) -> list[dict[str, str | int]]:
    """Every store, keys first. `deleted` is how many rows went, by table."""
    rewritten = "rewritten behind this, so that no freed byte stays"
    files: list[Store] = []
    if conn.dialect.name == "sqlite":
        files = [
            Store("database file", 1, "being compacted", f"usher.db is {rewritten}"),
            Store("write-ahead log", 1, "being compacted", "usher.db-wal is emptied behind this"),
        ]
    else:
        said = "the server's own: freed rows go with its vacuum, its log with its checkpoints"
        files = [
            Store("database file", 0, "being compacted", said),
            Store("write-ahead log", 0, "being compacted", said),
        ]
    listed = [
        Store(
            "keys",
            counted.keys,
            "at once",
            "destroyed: whatever is sealed under them is noise, in backups too",
        ),
        Store("profile", counted.people, "deleted", "emptied; our id stays, with nothing in it"),
        *(Store(name, rows, "deleted", "rows deleted") for name, rows in sorted(deleted.items())),
        *(Store(name, _rows(conn, table, everyone), "at once", s) for name, table, s in _KEPT),
        Store(
            "inbox",
            counted.arrivals + counted.dead_letters,
            "deleted",
            "what arrived from them is emptied, dead letters too",
        ),
        Store("outbox files", counted.outbox_files, "deleted", "files deleted"),
        Store(
            "memory vectors",
            counted.vectors,
            "at once",
            "turned by the key that is destroyed; out of reach",
        ),
        *files,
        Store(
            "vector folder",
            int(counted.vectors > 0),
            "being compacted" if counted.vectors else "deleted",
            f"memory/ is {rewritten}" if counted.vectors else "nothing of theirs was in it",
        ),
    ]
    return [asdict(each) for each in listed]


def _rows(conn: Connection, table: Table, everyone: Sequence[str]) -> int:
    counting = select(func.count()).select_from(table).where(table.c.customer_id.in_(everyone))
    return int(conn.execute(counting).scalar_one())
