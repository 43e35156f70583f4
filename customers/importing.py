"""Imports a file: rows become messages, go out in batches, and the place reached is kept.

Nothing is done twice: each message has an id of its file and line, the place is recorded after a
batch is accepted, and an interrupted import goes on from there. Rows that cannot be taken are set
aside with line and reason; the others go in. The past wakes no agent (`context.historical`).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from customers.import_cells import RowProblem
from customers.import_formats import FileFormat, Row, Table, UnreadableFile, open_table
from customers.import_rows import Converter, ImportKind, Reading, recognise
from store.imports import ImportState

BATCH = 500
_KEYS = {ImportKind.PRODUCTS: "sku", ImportKind.SUPPRESSIONS: "row"}


class Sink(Protocol):
    """Where messages, catalogue rows and entries of suppression lists go. Returned means durable.

    All answer what they refused, by `messageId`, `sku` or `row`, with a reason that repeats no
    content.
    """

    async def accept(self, messages: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
        """Take Segment messages."""
        ...

    async def put_products(self, products: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
        """Take catalogue rows."""
        ...

    async def suppress(self, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
        """Take entries of a suppression list, each `{row, entry}`."""
        ...


class Book(Protocol):
    """Where the place reached is kept."""

    async def begin(self, import_id: str) -> ImportState:
        """Where this import stands; begun if it is new."""
        ...

    async def advance(
        self, import_id: str, rows_done: int, rejects: Sequence[tuple[int, str]]
    ) -> None:
        """The first `rows_done` rows are dealt with; `rejects` of them were set aside."""
        ...

    async def finish(self, import_id: str) -> None:
        """All rows are dealt with."""
        ...


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """Rows dealt with and set aside so far; `lines` is about how many there are."""

    rows_done: int
    rows_bad: int
    lines: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. `rows_before` were dealt with by an earlier run of the same file."""

    import_id: str
    kind: ImportKind
    rows: int
    rows_before: int
    accepted: int
    rows_bad: int
    rejects: tuple[tuple[int, str], ...]


async def import_file(
    path: Path,
    *,
    sink: Sink,
    book: Book,
    reading: Reading | None = None,
    progress: Callable[[ImportProgress], None] | None = None,
) -> ImportReport:
    """Import the rest of a file that an earlier run has not done. Raises UnreadableFile.

    `rejects` in the report holds the first 100 rows that this run set aside.
    """
    table = open_table(path, encoding=reading.encoding if reading else None)
    reading = _completed(reading or Reading(), table)
    kind = reading.kind or recognise(table.columns)
    if kind is None:
        raise UnreadableFile(
            f"{path}: its columns ({', '.join(sorted(table.columns)) or 'none'}) show neither"
            " profiles, products, orders, consents nor suppressions; name the kind"
        )
    reading = replace(reading, kind=kind)
    file_sha256, lines = await asyncio.to_thread(_measure, path)
    import_id = reading.digest(file_sha256)
    state = await book.begin(import_id)
    run = _Run(Converter(import_id, kind, reading), sink, state, lines)
    if state.finished_at is None:
        rows = table.rows()
        run.skip(islice(rows, state.rows_done))
        while batch := list(islice(rows, BATCH)):
            rejects = await run.take(batch)
            await book.advance(import_id, run.done, rejects)
            if progress is not None:
                progress(ImportProgress(run.done, run.bad, lines))
        await book.finish(import_id)
    return ImportReport(
        import_id=import_id,
        kind=kind,
        rows=run.done,
        rows_before=state.rows_done,
        accepted=run.accepted,
        rows_bad=run.bad,
        rejects=tuple(run.rejects[:100]),
    )


class _Run:
    """One run over the rows of one file."""

    def __init__(self, converter: Converter, sink: Sink, state: ImportState, lines: int) -> None:
        self._converter = converter
        self._sink = sink
        self.done, self.bad, self.accepted = state.rows_done, state.rows_bad, 0
        self.lines = lines
        self.rejects: list[tuple[int, str]] = []

    def skip(self, rows: Iterator[Row]) -> None:
        """Read past rows of an earlier run, so that the numbering of equal rows goes on."""
        for row in rows:
            self._convert(row)

    async def take(self, rows: list[Row]) -> list[tuple[int, str]]:
        """Send one batch; the rows of it that were set aside."""
        converted = [(row, *self._convert(row)) for row in rows]
        good = [(row.line, made) for row, made, _ in converted if made is not None]
        refused = await self._send([made for _, made in good]) if good else {}
        key = _KEYS.get(self._converter.kind, "messageId")
        rejects = [(row.line, why) for row, _, why in converted if why is not None]
        rejects += [(line, refused[made[key]]) for line, made in good if made[key] in refused]
        self.done += len(rows)
        self.bad += len(rejects)
        self.accepted += len(rows) - len(rejects)
        self.rejects += sorted(rejects)[: max(0, 100 - len(self.rejects))]
        return rejects

    def _convert(self, row: Row) -> tuple[dict[str, Any] | None, str | None]:
        if row.values is None:
            return None, row.problem
        try:
            return self._converter.convert(row.line, row.values), None
        except RowProblem as problem:
            return None, str(problem)

    async def _send(self, made: list[dict[str, Any]]) -> Mapping[str, str]:
        if self._converter.kind is ImportKind.PRODUCTS:
            return await self._sink.put_products(made)
        if self._converter.kind is ImportKind.SUPPRESSIONS:
            return await self._sink.suppress(made)
        return await self._sink.accept(made)


def _completed(reading: Reading, table: Table) -> Reading:
    """The CDNOW file says by its form what it holds: orders in US dollars, by days."""
    if table.format is not FileFormat.CDNOW:
        return reading
    return replace(
        reading,
        kind=ImportKind.ORDERS,
        currency=reading.currency or "USD",
        zone=reading.zone or "Etc/UTC",
    )


def _measure(path: Path) -> tuple[str, int]:
    """Digest and number of lines of a file, in one pass."""
    digest, lines = hashlib.sha256(), 0
    with path.open("rb") as raw:
        while block := raw.read(1 << 20):
            digest.update(block)
            lines += block.count(b"\n")
    return digest.hexdigest(), lines
