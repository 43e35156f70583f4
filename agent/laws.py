"""The file of jurisdictions as a document in force: packs that apply it are read with it.

A deployment's own `jurisdictions.yaml` lies over the shipped one. One that is broken, that would
break a pack in force, or that would change one which two people must change, replaces nothing.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from agent.pack_writing import SHIPPED, write_build
from policies.jurisdictions import FILE, NAME, read_jurisdictions
from policies.pack import PolicyError
from store import documents
from tools.pack_set import PackSet
from tools.packs import PackShelf


def read_laws(folder: Path) -> str | None:
    """The file's text, where a folder has one. Raises `OSError` and `UnicodeDecodeError`."""
    path = folder / FILE
    return path.read_text(encoding="utf-8") if path.is_file() else None


def seed_laws(conn: Connection, text: str, *, author: str, at: int, shelf: PackShelf) -> list[str]:
    """Put the text in force where it is new. Returns what is wrong with it."""
    live = documents.live(conn, kind="policy", name=NAME)
    before = documents.of_sha256(conn, kind="policy", sha256=documents.digest(text))
    overruled = author == SHIPPED and live is not None and live.author != SHIPPED
    if before is not None or overruled:
        return []
    try:
        read_jurisdictions(text)
    except PolicyError as broken:
        return [str(problem) for problem in broken.problems]
    now = shelf.in_force(conn)
    then = PackSet({**now.texts, NAME: text}, shelf.compiled)
    lost = [name for name in then.broken if name not in now.broken]
    if lost:
        return [f"{FILE}:1:1: the packs {', '.join(sorted(lost))} could not be used with this text"]
    guarded = [name for name in _applying(now) if now.asks_for_two(name)]
    if guarded:
        return [
            f"{FILE}:1:1: two people change the packs {', '.join(guarded)}, so a file alone does "
            "not change what they apply; the text before stays in force"
        ]
    documents.put(conn, kind="policy", name=NAME, text=text, author=author, at=at)
    for name in _applying(then):
        write_build(conn, then.pack(name), at)
    return []


def _applying(packs: PackSet) -> list[str]:
    """The packs that can be used and apply jurisdictions."""
    return [
        name for name in packs.names if name not in packs.broken and packs.pack(name).jurisdictions
    ]
