"""Proving that nothing of an erased person is left: every row and every file is searched (P10).

Whoever asks brings the identifier, because after an erasure nobody here knows it any more. It is
neither written down nor logged, and is not in the answer: that tells places and counts. Clean
means: erased, no key, no row, nothing found, and nothing that could not be searched.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from agent import told
from agent.errors import Invalid, NotFound
from agent.file_search import OUTBOX, FilesSearched, search_files
from agent.forgetting import Forgetting
from customers import merge, proof
from customers.proof import MOST_LISTED, Needle, TableSearched, TooShort
from customers.resolve import possible
from store.clock import Clock
from store.database import Database
from store.schema import customers, identifiers, subject_keys, tombstones
from store.sealing import Erased, Vault
from tools.channels.outbox import NotInOutbox, Outbox

OUR_ID = "our id"
_GIVE_IT = (
    "Our id was given, and nobody here knows any more what this person is called: to search for an "
    "identifier, give the identifier itself."
)
_NOT_ERASED = "This person is not erased; what was found is theirs."
_SERVER = "The files of the database server cannot be reached from here; its rows were searched."
_ELSEWHERE = "Backups, and whatever lies outside the data folder, were not searched."
_HIDDEN = "What is compressed, or encrypted by somebody else, is searched as it lies there."


@dataclass(frozen=True, slots=True)
class _Whom:
    kind: str
    everyone: tuple[str, ...]
    erased: bool
    tombstones: int


@dataclass(frozen=True, slots=True)
class _Letters:
    """Messages in the outbox: opened, noise, damaged, and where anything stands in them."""

    opened: int
    unreadable: int
    damaged: int
    count: int
    found: tuple[dict[str, Any], ...]


class Proving:
    """Searches a deployment for a person, one search at a time. `folder` is the data folder."""

    def __init__(self, db: Database, clock: Clock, forgetting: Forgetting, folder: Path) -> None:
        self._db = db
        self._clock = clock
        self._forgetting = forgetting
        self._folder = folder
        self._one_at_a_time = asyncio.Lock()

    async def prove(self, reference: str) -> dict[str, Any]:
        """Whether anything of somebody is left; where it was searched, and what was found.

        `reference` is any identifier of theirs, or our id. Raises `NotFound` where nobody is or was
        known by it, and `Invalid` where it is too short to be searched for.
        """
        async with self._one_at_a_time:
            whom = await self._db.read(_whom, self._db.vault, reference)
            if whom is None:
                raise NotFound(
                    "nobody is known by this reference, erased or not, so that a search for it "
                    "would prove nothing; check how it is written"
                )
            needles = _needles(reference, whom.kind)
            await self._forgetting.idle()
            return await self._search(whom, needles)

    async def _search(self, whom: _Whom, needles: Sequence[Needle]) -> dict[str, Any]:
        everyone = list(whom.everyone)
        erased = everyone if whom.erased else []
        keys = await self._keys_left(everyone)
        tables, left = await asyncio.to_thread(
            self._db.read_now, _rows, self._db.vault, needles, everyone, erased
        )
        outbox = Outbox(self._folder / "outbox", self._db.vault)
        letters = await asyncio.to_thread(_letters, outbox, needles)
        files = await search_files(self._folder, needles, ids=erased)
        found = [*_row_places(tables), *letters.found, *files.found]
        total = sum(table.count for table in tables) + letters.count
        total += sum(tally.found for tally in files.stores.values())
        systems = await self._db.read(told.of_erasure, everyone[0])
        unsearched = [*files.unread, *_damaged(tables, letters)]
        clean = whom.erased and not (total or keys or left or unsearched)
        return {
            "reference_kind": whom.kind,
            "at": self._clock.now_us(),
            "erased": whom.erased,
            "clean": clean,
            "searched": [*_tables_told(tables), *_files_told(files, letters)],
            "found": found,
            "found_total": total,
            "keys_left": keys,
            "rows_left": left,
            "tombstones": whom.tombstones,
            "unsearched": unsearched,
            "systems": systems,
            "limits": [*self._limits(whom), *_still_to_be_told(systems)],
        }

    async def _keys_left(self, everyone: Sequence[str]) -> int:
        """Asked of the table itself, not of what this process remembers of it."""
        if self._db.dialect == "sqlite":
            return await asyncio.to_thread(_keys_in_file, self._db.folder / "keys.db", everyone)
        return await self._db.read(_keys_in_database, everyone)

    def _limits(self, whom: _Whom) -> list[str]:
        said = [] if whom.erased else [_NOT_ERASED]
        said += [_GIVE_IT] if whom.kind == OUR_ID else []
        said += [_SERVER] if self._db.dialect != "sqlite" else []
        return [*said, _ELSEWHERE, _HIDDEN]


def _still_to_be_told(systems: list[dict[str, Any]]) -> list[str]:
    names = told.not_acknowledged(systems)
    if not names:
        return []
    return [
        f"{', '.join(names)} {'have' if len(names) > 1 else 'has'} not acknowledged the erasure: "
        "until then its delivery holds, sealed, what is needed to find this person there."
    ]


def _needles(reference: str, kind: str) -> tuple[Needle, ...]:
    if kind == OUR_ID:
        return ()
    spelled = [reference.strip(), *(identifier.value for identifier in possible(reference))]
    try:
        return proof.needles_of(dict.fromkeys(spelled))
    except TooShort as short:
        raise Invalid(str(short)) from None


def _whom(conn: Connection, vault: Vault, reference: str) -> _Whom | None:
    kind, customer_id = OUR_ID, None
    if reference.startswith("cus_"):
        customer_id = conn.execute(
            select(customers.c.id).where(customers.c.id == reference)
        ).scalar()
    for identifier in () if customer_id is not None else possible(reference):
        hashed = identifier.hashed(vault)
        for owner, named in (
            (identifiers.c.customer_id, identifiers.c.value_hash),
            (tombstones.c.customer_id, tombstones.c.identifier_hash),
        ):
            if customer_id is None:
                customer_id = conn.execute(select(owner).where(named == hashed)).scalar()
                kind = identifier.kind
    if customer_id is None:
        return None
    survivor = merge.survivor(conn, str(customer_id))
    everyone = (survivor, *merge.merged_into(conn, survivor))
    erased_at = conn.execute(
        select(customers.c.erased_at).where(customers.c.id == survivor)
    ).scalar()
    buried = conn.execute(
        select(func.count()).select_from(tombstones).where(tombstones.c.customer_id.in_(everyone))
    ).scalar_one()
    return _Whom(kind, everyone, erased_at is not None, int(buried))


def _rows(
    conn: Connection,
    vault: Vault,
    needles: Sequence[Needle],
    everyone: Sequence[str],
    erased: Sequence[str],
) -> tuple[list[TableSearched], dict[str, int]]:
    """Both on one snapshot."""
    left = proof.rows_left(conn, everyone)
    return proof.search_rows(conn, vault, needles, erased=frozenset(erased)), left


def _keys_in_file(path: Path, everyone: Sequence[str]) -> int:
    marks = ",".join("?" * len(everyone))
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as file:
        [count] = file.execute(
            f"SELECT count(*) FROM subject_keys WHERE subject IN ({marks})", list(everyone)
        ).fetchone()
    return int(count)


def _keys_in_database(conn: Connection, everyone: Sequence[str]) -> int:
    counting = select(func.count()).select_from(subject_keys)
    return int(conn.execute(counting.where(subject_keys.c.subject.in_(everyone))).scalar_one())


def _letters(outbox: Outbox, needles: Sequence[Needle]) -> _Letters:
    """Search inside every message whose person's key is left: others' letters may name somebody."""
    opened, unreadable, damaged, count = 0, 0, 0, 0
    found: list[dict[str, Any]] = []
    for effect_id in outbox.ids():
        try:
            letter = outbox.open(effect_id)
        except Erased:
            unreadable += 1
            continue
        except NotInOutbox:
            damaged += (outbox.folder / f"{effect_id}.sealed").exists()
            continue
        opened += 1
        texts = [letter.to.encode(), letter.sender.encode(), letter.raw, *_parts(letter.raw)]
        encodings = dict.fromkeys(e for text in texts for e in proof.encodings_in(text, needles))
        count += len(encodings)
        found += [
            {"where": OUTBOX, "file": f"outbox/{effect_id}", "offset": None, "encoding": encoding}
            for encoding in encodings
        ][: max(0, MOST_LISTED - len(found))]
    return _Letters(opened, unreadable, damaged, count, tuple(found))


def _parts(raw: bytes) -> list[bytes]:
    """The parts of a letter without their transfer encoding."""
    decoded = [part.get_payload(decode=True) for part in message_from_bytes(raw).walk()]
    return [part for part in decoded if isinstance(part, bytes)]


def _row_places(tables: Sequence[TableSearched]) -> list[dict[str, Any]]:
    return [
        {"where": hit.table, "column": hit.column, "row": hit.row, "encoding": hit.encoding}
        for table in tables
        for hit in table.found
    ]


def _damaged(tables: Sequence[TableSearched], letters: _Letters) -> list[str]:
    places = [(table.table, table.damaged) for table in tables] + [(OUTBOX, letters.damaged)]
    return [
        f"{name}: {n:,} sealed values are damaged and could not be opened, though their key is left"
        for name, n in places
        if n
    ]


def _tables_told(tables: Sequence[TableSearched]) -> list[dict[str, Any]]:
    return [
        {
            "store": table.table,
            "rows": table.rows,
            "sealed_opened": table.opened,
            "sealed_unreadable": table.unreadable,
            "found": table.count,
        }
        for table in tables
    ]


def _files_told(files: FilesSearched, letters: _Letters) -> list[dict[str, Any]]:
    return [
        {
            "store": name,
            "files": tally.files,
            "bytes": tally.bytes,
            "sealed_opened": letters.opened if name == OUTBOX else 0,
            "sealed_unreadable": letters.unreadable if name == OUTBOX else 0,
            "found": tally.found + (letters.count if name == OUTBOX else 0),
        }
        for name, tally in files.stores.items()
    ]
