"""The proof of absence: what an identifier may lie about as, and a search for it everywhere (P10).

A needle is one spelling of one identifier in one encoding. Text is found in any case of its
letters; what is sealed is opened where its key is left, and searched inside, whoever's it is.
Nothing that was searched for is in what is answered: places are told, never what stands there.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from sqlalchemy import Connection, Row, Table, func, or_, select

from customers.erasure import DELETED
from store.schema import merges, metadata
from store.sealing import Erased, Vault

SHORTEST = 5
#: So many places of a file or of a table are listed; beyond that they are counted only.
MOST_LISTED = 50
OPENS = "it opens: a key of theirs is left"
_CHUNK = 1 << 20
_ROWS_AT_ONCE = 500
#: A number of fewer digits is found by chance inside instants and hashes: it must stand alone.
_LONG_NUMBER = 9
_WORD = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGESTS = ("md5", "sha1", "sha256")
#: Columns beside `customer_id` that say whose a row is.
_OWNERS = {"customers": ("id",), "merges": ("into_id", "absorbed_id")}


class TooShort(ValueError):
    """An identifier is so short that it would be found by chance; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Needle:
    """Bytes to look for. `any_case`: ASCII letters match in either case; `data` is in lower.

    `alone`: it counts only where neither an ASCII letter nor a digit is beside it.
    """

    encoding: str
    data: bytes = field(repr=False)
    any_case: bool
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A needle that was found, so many bytes from the beginning."""

    encoding: str
    offset: int


@dataclass(frozen=True, slots=True)
class Searched:
    """A file, searched: its bytes, how often anything was found, and the first places."""

    size: int
    count: int
    found: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class RowHit:
    """A needle that was found in a column of a row; `row` is its primary key."""

    table: str
    column: str
    row: str
    encoding: str


@dataclass(frozen=True, slots=True)
class TableSearched:
    """A table, searched. Sealed values are opened, unreadable (no key), or damaged (no sense)."""

    table: str
    rows: int
    opened: int
    unreadable: int
    damaged: int
    count: int
    found: tuple[RowHit, ...]


# -- needles ---------------------------------------------------------------------------------------


def needles_of(identifiers: Iterable[str]) -> tuple[Needle, ...]:
    """Every identifier in every encoding it might lie about in. Raises `TooShort`."""
    found: dict[tuple[bytes, bool], Needle] = {}
    for value in identifiers:
        if len(value.encode()) < SHORTEST:
            raise TooShort(
                f"an identifier of fewer than {SHORTEST} bytes is found by chance, so that a search"
                " for it proves nothing; give a longer one of this person, or our id (cus_…)"
            )
        for needle in _of(value):
            if len(needle.data) >= SHORTEST:
                found.setdefault((needle.data, needle.any_case), needle)
    return tuple(found.values())


def _of(value: str) -> Iterator[Needle]:
    spelled = {"": value, ", casefolded": value.casefold()}
    spelled |= {", in lower case": value.lower(), ", in upper case": value.upper()}
    if value.startswith("+") and value[1:].isdecimal():
        spelled[", without its plus"] = value[1:]
    for how, text in spelled.items():
        yield from _texts(text, how)
        data = text.encode()
        for k, core in enumerate(_base64_cores(data)):
            yield Needle(f"base64 at offset {k}{how}", core, False)
            url_safe = core.translate(bytes.maketrans(b"+/", b"-_"))
            yield Needle(f"base64 for URLs at offset {k}{how}", url_safe, False)
        for name in _DIGESTS:
            digest = hashlib.new(name, data, usedforsecurity=False)
            yield Needle(f"{name} in hex{how}", digest.hexdigest().encode(), True)
            yield Needle(f"{name}{how}", digest.digest(), False)


def _texts(text: str, how: str) -> Iterator[Needle]:
    """Encodings in which a letter's case may have changed on the way."""
    shapes = {
        "UTF-8": text.encode(),
        "UTF-16-LE": text.encode("utf-16-le"),
        "UTF-16-BE": text.encode("utf-16-be"),
        "JSON-escaped": json.dumps(text)[1:-1].encode(),
        "JSON-escaped, UTF-8": json.dumps(text, ensure_ascii=False)[1:-1].encode(),
        "URL-encoded": quote(text, safe="").encode(),
        "URL-encoded, with its @": quote(text, safe="@").encode(),
        "URL-encoded, as a form": quote_plus(text).encode(),
        "hex": text.encode().hex().encode(),
    }
    few_digits = text.isascii() and text.isdecimal() and len(text) < _LONG_NUMBER
    for name, data in shapes.items():
        alone = few_digits and data == text.encode()
        yield Needle(f"{name}{how}", data.lower(), True, alone)


def _base64_cores(data: bytes) -> Iterator[bytes]:
    """What is certain of the base64 of some text that holds these bytes, at each alignment."""
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + data)
        first, last = -(-before * 8 // 6), (before + len(data)) * 8 // 6
        yield coded[first:last]


# -- bytes -----------------------------------------------------------------------------------------


def search_bytes(path: Path, needles: Sequence[Needle], *, chunk: int = _CHUNK) -> Searched:
    """Search a file of any size in bounded memory: a chunk, and what may span two of them.

    Raises `OSError` where it cannot be read. Never open a SQLite file of this process with it:
    closing a file lets go of every lock that the process has on it (`agent.file_search`).
    """
    overlap = max((len(needle.data) for needle in needles), default=0) + 1
    next_from = [0] * len(needles)
    found: list[Hit] = []
    count, size, window, begins = 0, 0, b"", 0
    with path.open("rb", buffering=0) as file:
        while block := file.read(chunk):
            size += len(block)
            window += block
            ends = size >= os.fstat(file.fileno()).st_size
            start = [max(0, n - begins) for n in next_from]
            for k, at in _places(window, needles, start, begins=begins == 0, ends=ends):
                next_from[k] = begins + at + len(needles[k].data)
                count += 1
                if len(found) < MOST_LISTED:
                    found.append(Hit(needles[k].encoding, begins + at))
            kept = min(overlap, len(window))
            begins += len(window) - kept
            window = window[len(window) - kept :]
    return Searched(size, count, tuple(sorted(found, key=lambda hit: hit.offset)))


def _places(
    data: bytes,
    needles: Sequence[Needle],
    start: Sequence[int] | None = None,
    *,
    begins: bool = True,
    ends: bool = True,
) -> Iterator[tuple[int, int]]:
    """Which needle is found where in these bytes.

    `begins`, `ends`: whether nothing stands before and behind them. What must stand alone and
    touches an edge that goes on is left for the bytes that show what is beside it.
    """
    lower = data.lower()
    for k, needle in enumerate(needles):
        within, long = lower if needle.any_case else data, len(needle.data)
        at = within.find(needle.data, start[k] if start else 0)
        while at >= 0:
            if needle.alone and not _alone(data, at, at + long, begins=begins, ends=ends):
                at = within.find(needle.data, at + 1)
                continue
            yield k, at
            at = within.find(needle.data, at + long)


def _alone(data: bytes, first: int, behind: int, *, begins: bool, ends: bool) -> bool:
    before = begins if first == 0 else data[first - 1] not in _WORD
    return before and (ends if behind == len(data) else data[behind] not in _WORD)


def encodings_in(data: bytes, needles: Sequence[Needle]) -> list[str]:
    """The encodings in which anything is found in a value; MIME's line breaks hide nothing."""
    whole = data.translate(None, b"\r\n").replace(b"\\r\\n", b"").replace(b"\\n", b"")
    seen = dict.fromkeys(k for k, _ in _places(data, needles))
    if len(whole) != len(data):
        seen |= dict.fromkeys(k for k, _ in _places(whole, needles))
    return list(dict.fromkeys(needles[k].encoding for k in seen))


def masked(name: str, needles: Sequence[Needle]) -> str:
    """A name without what was searched for, where it is in there."""
    data = name.encode(errors="surrogateescape")
    covered = bytearray(len(data))
    for k, at in _places(data, needles):
        covered[at : at + len(needles[k].data)] = b"\1" * len(needles[k].data)
    kept = bytes(b for b, hidden in zip(data, covered, strict=True) if not hidden)
    text = kept.decode(errors="replace")
    return text if len(kept) == len(data) else f"{text} (what was searched for is in its name)"


# -- rows ------------------------------------------------------------------------------------------


def search_rows(
    conn: Connection,
    vault: Vault,
    needles: Sequence[Needle],
    *,
    erased: Collection[str] = (),
) -> list[TableSearched]:
    """Search every row of every table, in sealed columns inside.

    A sealed value of one of the `erased` (our ids) that still opens is found as well.
    """
    return [_search_table(conn, vault, table, needles, erased) for table in metadata.sorted_tables]


def rows_left(conn: Connection, everyone: Sequence[str]) -> dict[str, int]:
    """How many rows of these people are left in tables whose rows an erasure deletes."""
    counts = {
        table.name: conn.execute(
            select(func.count())
            .select_from(table)
            .where(or_(*(table.c[column].in_(everyone) for column in _owners_of(table))))
        ).scalar_one()
        for table in (*DELETED, merges)
    }
    return {name: n for name, n in counts.items() if n}


def _search_table(
    conn: Connection,
    vault: Vault,
    table: Table,
    needles: Sequence[Needle],
    erased: Collection[str],
) -> TableSearched:
    tally = {"rows": 0, "opened": 0, "unreadable": 0, "damaged": 0, "count": 0}
    found: list[RowHit] = []

    def hit(row: Row[Any], column: str, encodings: list[str]) -> None:
        tally["count"] += len(encodings)
        if encodings and len(found) < MOST_LISTED:
            key = _key_of(table, row, needles)
            found.extend(RowHit(table.name, column, key, each) for each in encodings)

    for row in conn.execute(select(table).execution_options(yield_per=_ROWS_AT_ONCE)):
        tally["rows"] += 1
        theirs = _is_of(table, row, erased)
        for column, value in row._mapping.items():
            if value is None:
                continue
            if str(column).endswith("_sealed"):
                label = f"{table.name}.{str(column).removesuffix('_sealed')}"
                how, data = _opened(vault, label, bytes(value))
                tally[how] += 1
                if how == "opened" and theirs:
                    hit(row, column, [OPENS])
            else:
                data = _as_bytes(value, needles)
            hit(row, column, encodings_in(data, needles))
    return TableSearched(table=table.name, **tally, found=tuple(found))


def _opened(vault: Vault, label: str, sealed: bytes) -> tuple[str, bytes]:
    """A sealed value, opened where it can be; else its bytes as they are, and why."""
    try:
        return "opened", vault.open(label, sealed)
    except Erased:
        return "unreadable", sealed
    except ValueError:
        return "damaged", sealed


def _as_bytes(value: Any, needles: Sequence[Needle]) -> bytes:
    """A plain value. A number counts as a whole: digits inside an instant are no identifier."""
    if isinstance(value, int):
        said = str(value).encode()
        return said if any(said == needle.data for needle in needles) else b""
    return value.encode(errors="surrogatepass") if isinstance(value, str) else bytes(value)


def _is_of(table: Table, row: Row[Any], people: Collection[str]) -> bool:
    return any(row._mapping[column] in people for column in _owners_of(table))


def _owners_of(table: Table) -> tuple[str, ...]:
    return _OWNERS.get(table.name, ("customer_id",) if "customer_id" in table.c else ())


def _key_of(table: Table, row: Row[Any], needles: Sequence[Needle]) -> str:
    key = " ".join(str(row._mapping[column.name]) for column in table.primary_key.columns)
    return masked(key, needles)
