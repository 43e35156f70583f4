"""Files as rows: CSV, JSON Lines, Parquet, and the CDNOW master file. Not what a row means.

Rows come one at a time with the line they begin on. A row that cannot be read comes as its line and
the reason, and the rows after it still come; a file that cannot be read raises `UnreadableFile`.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

CDNOW_COLUMNS = ("customer_id", "date", "number_of_cds", "dollar_value")
LONGEST_LINE = 1_000_000
_UNREADABLE = "\N{REPLACEMENT CHARACTER}"


class UnreadableFile(Exception):
    """The file as a whole cannot be imported; the text says what to do about it."""


class FileFormat(StrEnum):
    """How rows are written down."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"
    CDNOW = "cdnow"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: either `values` by column name (lower case, underscores), or why there are none."""

    line: int
    values: dict[str, Any] | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A file that was opened: its columns, and its rows each time they are asked for."""

    format: FileFormat
    columns: frozenset[str]
    rows: Callable[[], Iterator[Row]]


def open_table(path: Path, *, encoding: str | None = None) -> Table:
    """Recognise the format by its content and read the columns.

    Text is UTF-8 unless a byte-order mark or `encoding` says otherwise. Raises UnreadableFile.
    """
    if not path.is_file():
        raise UnreadableFile(f"{path}: there is no such file")
    with path.open("rb") as raw:
        start = raw.read(65_536)
    if not start.strip():
        raise UnreadableFile(f"{path}: the file is empty")
    if start[:4] == b"PAR1":
        return _parquet(path)
    named = _known_encoding(path, encoding or _marked_encoding(start))
    first = start.decode(named, errors="replace").lstrip().split("\n", 1)[0].strip()
    if first.startswith("{"):
        return _json_lines(path, named)
    if first.startswith("["):
        raise UnreadableFile(f"{path}: a JSON array; write one object a line (JSON Lines) instead")
    if tuple(first.split()) == CDNOW_COLUMNS:
        return Table(FileFormat.CDNOW, frozenset(CDNOW_COLUMNS), lambda: _cdnow_rows(path, named))
    return _csv(path, named)


def column_name(name: str) -> str:
    """`firstName`, `First Name` and `first-name` are all `first_name`."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^0-9a-z]+", "_", snake.lower()).strip("_")


def _marked_encoding(start: bytes) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig"


def _known_encoding(path: Path, name: str) -> str:
    try:
        return "utf-8-sig" if codecs.lookup(name).name == "utf-8" else name
    except LookupError:
        raise UnreadableFile(f"{path}: there is no encoding named {name!r}") from None


def _garbled(encoding: str) -> str:
    shown = encoding.removesuffix("-sig")
    return f"not readable as {shown}; save the file as UTF-8 or name its encoding"


# -- CSV ------------------------------------------------------------------------------------------


def _csv(path: Path, encoding: str) -> Table:
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        head = text.readline(LONGEST_LINE)
        delimiter = max(",;\t|", key=head.count)
        names = [column_name(name) for name in next(csv.reader([head], delimiter=delimiter))]
    if "" in names:
        raise UnreadableFile(f"{path}: column {names.index('') + 1} of the first line has no name")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UnreadableFile(f"{path}: more than one column is named {', '.join(twice)}")
    return Table(
        FileFormat.CSV,
        frozenset(names),
        lambda: _csv_rows(path, encoding, delimiter, names),
    )


def _csv_rows(path: Path, encoding: str, delimiter: str, names: list[str]) -> Iterator[Row]:
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        reader = csv.reader(text, delimiter=delimiter)
        next(reader)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(line, None, f"not readable as CSV: {error}")
                continue
            if any(cell.strip() for cell in cells):
                yield _csv_row(line, cells, names, encoding)


def _csv_row(line: int, cells: list[str], names: list[str], encoding: str) -> Row:
    if len(cells) != len(names):
        return Row(line, None, f"{len(cells)} cells where the first line has {len(names)} columns")
    if any(_UNREADABLE in cell for cell in cells):
        return Row(line, None, _garbled(encoding))
    return Row(line, dict(zip(names, cells, strict=True)))


# -- JSON Lines -----------------------------------------------------------------------------------


def _json_lines(path: Path, encoding: str) -> Table:
    columns = next(
        (frozenset(row.values) for row in _json_rows(path, encoding) if row.values),
        frozenset[str](),
    )
    return Table(FileFormat.JSON_LINES, columns, lambda: _json_rows(path, encoding))


def _json_rows(path: Path, encoding: str) -> Iterator[Row]:
    with path.open(encoding=encoding, errors="replace") as text:
        for line, content in enumerate(text, 1):
            if content.strip():
                yield _json_row(line, content, encoding)


def _json_row(line: int, content: str, encoding: str) -> Row:
    if len(content) > LONGEST_LINE:
        return Row(line, None, f"longer than {LONGEST_LINE:,} characters")
    if _UNREADABLE in content:
        return Row(line, None, _garbled(encoding))
    try:
        value = json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        at = f" at column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        return Row(line, None, f"not JSON{at}")
    if not isinstance(value, dict):
        return Row(line, None, "not a JSON object")
    return Row(line, {column_name(name): cell for name, cell in value.items()})


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


# -- the CDNOW master file ------------------------------------------------------------------------


def _cdnow_rows(path: Path, encoding: str) -> Iterator[Row]:
    with path.open(encoding=encoding, errors="replace") as text:
        next(text)
        for line, content in enumerate(text, 2):
            cells = content.split()
            if not cells:
                continue
            if len(cells) == len(CDNOW_COLUMNS):
                values = dict(zip(CDNOW_COLUMNS, cells, strict=True))
                yield Row(line, values | {"customer_id": f"cdnow-{values['customer_id']}"})
            else:
                yield Row(line, None, f"{len(cells)} figures where four belong")


# -- Parquet --------------------------------------------------------------------------------------


def _parquet(path: Path) -> Table:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise UnreadableFile(
            f"{path}: reading Parquet needs pyarrow; install it with: pip install 'usher[parquet]'"
        ) from None
    try:
        names = [column_name(name) for name in parquet.read_schema(path).names]
    except (ArrowException, OSError) as error:
        raise UnreadableFile(f"{path}: not readable as Parquet: {error}") from None

    def rows() -> Iterator[Row]:
        line = 0
        with parquet.ParquetFile(path) as opened:
            for batch in opened.iter_batches(batch_size=1_000):
                for values in batch.to_pylist():
                    line += 1
                    yield Row(
                        line, {column_name(name): _plain(cell) for name, cell in values.items()}
                    )

    return Table(FileFormat.PARQUET, frozenset(names), rows)


def _plain(cell: Any) -> Any:
    """Parquet's own types as JSON has them: instants and days as ISO text, decimals as text."""
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return str(cell) if isinstance(cell, Decimal | bytes) else cell
