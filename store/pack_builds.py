"""What each pack was made of: the digest that a verdict names, and the texts behind it.

A pack may stand on others, which change without it. So that a decision can be explained and
replayed for as long as it is kept, every build that was ever in force is written down.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from store import documents
from store.documents import Document
from store.schema import pack_builds
from store.upsert import insert_or_ignore


@dataclass(frozen=True, slots=True)
class Part:
    """One text of a build: its kind (`policy`, or of what else a pack was read with)."""

    kind: str
    name: str
    version: int


def put(
    conn: Connection, *, sha256: str, name: str, version: int, parts: Sequence[Part], at: int
) -> None:
    """Write a build down; one that is known stays as it is. `parts`: the lowest text first."""
    insert_or_ignore(
        conn,
        pack_builds,
        sha256=sha256,
        name=name,
        version=version,
        parts=json.dumps([[part.kind, part.name, part.version] for part in parts]),
        at=at,
    )


def texts(conn: Connection, sha256: str) -> list[Document] | None:
    """The texts of a build, the lowest first; None where it was never in force."""
    said = conn.execute(select(pack_builds.c.parts).where(pack_builds.c.sha256 == sha256)).scalar()
    if said is None:
        return None
    found = (
        documents.get(conn, kind=kind, name=name, version=version)
        for kind, name, version in json.loads(said)
    )
    return [document for document in found if document is not None]
