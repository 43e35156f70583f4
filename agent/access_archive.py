"""The access archive: everything that is kept of one person, in a file that they can read.

A zip of `README.html`, in plain words, and `data.json`, which holds every row of theirs in every
table, sealed values opened, every event and every decision with its steps. Both are written from
one snapshot, row by row, so that memory holds a page of rows and what is packed already. Tables are
not named one by one: a table that comes to hold something of people is in the archive with it.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlalchemy import ColumnElement, Connection, Row, Table, or_, select

from agent.accepting import LABEL
from agent.access_page import page
from agent.errors import Gone
from agent.explain import summary_of
from agent.projection import project
from customers import merge, merge_log, profile
from customers.identifiers import identifiers_of, previous_of
from store import journal
from store.clock import Clock
from store.database import Database
from store.schema import (
    customers,
    decisions,
    effects,
    erasures,
    events,
    identifiers,
    inbox,
    lanes,
    merges,
    metadata,
    suppressions,
    tombstones,
    wakeups,
)
from store.schema import journal as journal_table
from store.sealing import Erased, Vault
from tools.channels.outbox import NotInOutbox, Outbox
from tools.instants import instant

README, DATA = "README.html", "data.json"
_ROWS_AT_ONCE = 500
#: Turn-taking, alarms, and what is kept of people who were erased: nothing known of anybody.
LEFT_OUT = frozenset(table.name for table in (lanes, wakeups, tombstones, erasures))
#: Sealed values that are text; the others are JSON.
_TEXT = frozenset({"value", "reason", "code", "text", "undone_reason"})
_IN_ORDER_OF = ("seq", "at", "claimed_at", "opened_at", "requested_at", "created_at")
_ABOUT = (
    "Everything that is kept of one person. Instants are microseconds since 1970-01-01T00:00Z, "
    "amounts the smallest coin of their currency, shares hundredths of a percent (bp). "
    "'unreadable' names what can no longer be opened, because its key was destroyed with somebody's"
    " who had been taken for the same person."
)


class AccessArchive:
    """Makes archives. `find` says whose a reference is; `folder` holds the outbox's folder."""

    def __init__(
        self, db: Database, clock: Clock, folder: Path, *, find: Callable[[str], Awaitable[str]]
    ) -> None:
        self._db = db
        self._clock = clock
        self._folder = folder
        self._find = find

    async def archive(self, reference: str) -> bytes:
        """The zip of whoever this is. Raises `NotFound`, and `Gone` for somebody erased."""
        customer_id = await self._find(reference)
        outbox = Outbox(self._folder / "outbox", self._db.vault)
        packed = await asyncio.to_thread(
            self._db.read_now,
            _archive,
            self._db.vault,
            outbox,
            customer_id,
            now_us=self._clock.now_us(),
        )
        # Whoever was erased meanwhile is not handed out in parts.
        await self._find(reference)
        return packed


class Kept:
    """What is kept of one person, on one snapshot; rows come as they are read."""

    def __init__(self, conn: Connection, vault: Vault, outbox: Outbox, customer_id: str) -> None:
        self._conn = conn
        self._vault = vault
        self._outbox = outbox
        self.id = customer_id
        self.earlier = merge.merged_into(conn, customer_id)
        self._everyone = [customer_id, *self.earlier]

    def profile(self) -> dict[str, Any]:
        """Traits with their time and source, and the figures that come from orders."""
        kept = asdict(profile.load(self._conn, self._vault, self.id))
        del kept["shared"]  # keyed hashes of orders, which are among the orders
        return kept

    def rows(self, table: Table) -> Iterator[dict[str, Any]]:
        """This person's rows of a table, the oldest first, with what is sealed opened."""
        whose: ColumnElement[bool] = table.c.customer_id.in_(self._everyone)
        if table is suppressions:
            theirs = select(identifiers.c.value_hash).where(
                identifiers.c.customer_id.in_(self._everyone)
            )
            waits = table.c.customer_id.is_(None) & table.c.identifier_hash.in_(theirs)
            whose = or_(whose, waits)
        order = [table.c[name] for name in _IN_ORDER_OF if name in table.c][:1]
        query = select(table).where(whose).order_by(*order, *table.primary_key.columns)
        for row in self._conn.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}):
            yield self._opened(table, row)

    def effects(self) -> Iterator[dict[str, Any]]:
        """What was done or was to be done; a letter also as it lies in the outbox."""
        for effect in self.rows(effects):
            yield effect | {"outbox": self._letter(effect["id"])}

    def decisions(self) -> Iterator[dict[str, Any]]:
        """Decisions with their steps, each with its journal as written, and in a sentence."""
        query = select(decisions).where(decisions.c.customer_id.in_(self._everyone))
        rows = self._conn.execute(
            query.order_by(decisions.c.id), execution_options={"yield_per": _ROWS_AT_ONCE}
        )
        for row in rows:
            entries = journal.entries_of(self._conn, self._vault, row.id)
            written = [{"kind": e.kind, "at": e.at, "body": e.body} for e in entries]
            yield _told(dict(row._mapping), entries) | {"entries": written}

    def entries(self) -> Iterator[dict[str, Any]]:
        """What the journal holds beside decisions."""
        query = select(journal_table).where(
            journal_table.c.customer_id.in_(self._everyone), journal_table.c.decision_id.is_(None)
        )
        for row in self._conn.execute(query.order_by(journal_table.c.pos)):
            yield self._opened(journal_table, row)

    def merges(self) -> Iterator[dict[str, Any]]:
        """What was joined into this person. Of one that was undone only this person's own side."""
        for row in merge_log.of_customers(self._conn, self._everyone):
            kept = self._opened(merges, row)
            if row.undone_at is not None:
                own = "into" if row.into_id in self._everyone else "absorbed"
                names = ("id", "why", "at", "by", "undone_at", "undone_by", f"{own}_before")
                kept = {name: kept[name] for name in names}
            yield kept

    def set_aside(self) -> Iterator[dict[str, Any]]:
        """Messages that name this person and could not be taken."""
        hashes = {
            str(row.value_hash)
            for row in self._conn.execute(
                select(identifiers.c.value_hash).where(
                    identifiers.c.customer_id.in_(self._everyone)
                )
            )
        }
        query = select(inbox).where(inbox.c.status == "dead", inbox.c.payload_sealed.is_not(None))
        for row in self._conn.execute(query.order_by(inbox.c.seq)):
            body = self._vault.open_json(LABEL, row.payload_sealed)
            named = [*identifiers_of(body), *previous_of(body)]
            if hashes & {identifier.hashed(self._vault) for identifier in named}:
                yield {"received_at": row.received_at, "reason": row.reason, "body": body}

    def event(self, event_id: str) -> dict[str, Any] | None:
        """The body of one event; None where it is kept no more."""
        sealed = self._conn.execute(
            select(events.c.body_sealed).where(events.c.id == event_id)
        ).scalar()
        if sealed is None:
            return None
        body: dict[str, Any] = self._vault.open_json("events.body", sealed)
        return body

    def record(self) -> dict[str, Any]:
        """Since when they are known, and whether a legal hold keeps their data. Raises `Gone`."""
        row = self._conn.execute(select(customers).where(customers.c.id == self.id)).one()
        if row.erased_at is not None:
            raise Gone("this person was erased")
        return {
            "created_at": row.created_at,
            "updated_at": row.updated_at,
            "legal_hold": bool(row.legal_hold),
        }

    def _opened(self, table: Table, row: Row[Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        unreadable: list[str] = []
        for column in table.c:
            value = row._mapping[column.name]
            name = column.name.removesuffix("_sealed")
            if column.name.endswith("_hash"):
                continue
            if name == column.name or value is None:
                kept[name] = value
                continue
            try:
                text = self._vault.open(f"{table.name}.{name}", value).decode()
                kept[name] = text if name in _TEXT else json.loads(text)
            except Erased:
                kept[name] = None
                unreadable.append(name)
        return kept | ({"unreadable": unreadable} if unreadable else {})

    def _letter(self, effect_id: str) -> dict[str, Any] | None:
        try:
            letter = self._outbox.open(effect_id)
        except (NotInOutbox, Erased):
            return None
        said: dict[str, Any] = {"channel": letter.channel, "to": letter.to, "from": letter.sender}
        try:
            return said | {"raw": letter.raw.decode()}
        except UnicodeDecodeError:
            return said | {"raw_base64": base64.b64encode(letter.raw).decode()}


def sections(kept: Kept) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    """Every list of `data.json`, by its name."""
    own = {"effects": kept.effects, "decisions": kept.decisions, "journal": kept.entries}
    for table in sorted(metadata.sorted_tables, key=lambda table: table.name):
        if "customer_id" in table.c and table.name not in LEFT_OUT:
            yield table.name, own[table.name]() if table.name in own else kept.rows(table)
    yield "merges", kept.merges()
    yield "set_aside", kept.set_aside()


def _archive(
    conn: Connection, vault: Vault, outbox: Outbox, customer_id: str, *, now_us: int
) -> bytes:
    kept = Kept(conn, vault, outbox, customer_id)
    record = kept.record()
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        with archive.open(_named(README, now_us), "w", force_zip64=True) as out:
            for text in page(kept, now_us):
                out.write(text.encode())
        with archive.open(_named(DATA, now_us), "w", force_zip64=True) as out:
            _write_data(out, kept, record, now_us)
    return packed.getvalue()


def _write_data(out: IO[bytes], kept: Kept, record: dict[str, Any], now_us: int) -> None:
    """One object; a list a section, an item a line."""
    head = {
        "about": _ABOUT,
        "at": now_us,
        "id": kept.id,
        "previous_ids": kept.earlier,
        **record,
        "profile": kept.profile(),
    }
    out.write(json.dumps(head, ensure_ascii=False)[:-1].encode())
    for name, items in sections(kept):
        out.write(f",\n{json.dumps(name)}: [".encode())
        for k, item in enumerate(items):
            out.write((",\n" if k else "\n").encode())
            out.write(json.dumps(item, ensure_ascii=False).encode())
        out.write(b"]")
    out.write(b"}\n")


def _named(name: str, now_us: int) -> ZipInfo:
    at = instant(now_us)
    info = ZipInfo(name, (max(at.year, 1980), at.month, at.day, at.hour, at.minute, at.second))
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    return info


def _told(row: dict[str, Any], entries: list[journal.Entry]) -> dict[str, Any]:
    """A decision as it is shown everywhere. What its journal does not hold is said, not made up."""
    try:
        told = project(row, entries)
        return told | {"summary": summary_of(told)}
    except Erased:
        missing = "a key it was sealed under was destroyed"
    except KeyError as error:
        missing = f"its journal does not say {error.args[0]}"
    return row | {"steps": [], "summary": f"This decision cannot be told in words: {missing}."}
