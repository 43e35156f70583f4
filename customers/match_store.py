"""Records that can be compared, found by keyed hashes of their blocking keys; sealed a person.

A block of more than `BLOCK_CAP` records tells nobody apart: it is left out whole, never truncated.
How often arrivals are somebody known is learned from the arrivals themselves. Written in the
resolver's transaction, so that a unit that runs again counts once.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Connection,
    bindparam,
    delete,
    literal,
    select,
    union_all,
    update,
)

from customers.comparable import Comparable
from customers.match_keys import match_keys
from store.schema import match_keys as keys_table
from store.schema import match_records, match_totals
from store.sealing import Erased, Vault
from store.upsert import insert_or_ignore

LABEL = "match_records.fields"
BLOCK_CAP = 100
#: So many candidates are opened and weighed, those who share the most keys.
MOST_OPENED = 16
#: A Beta prior on the share of arrivals that are somebody known: an even start, worth so many.
_EVEN, _WORTH = 0.5, 20
#: However many were known lately, the next may be new.
_HIGHEST_PRIOR = 0.95
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Totals:
    """How many records there are; how likely the next arrival is somebody known."""

    records: int
    prior_match: float


# Built once: building a statement costs several times what running it does.
@cache
def _blocks(n: int) -> CompoundSelect[Any]:
    """The blocks of `n` keys in one question, each cut off where it is known to be too large."""
    parts = (
        select(literal(k).label("block"), keys_table.c.customer_id)
        .where(keys_table.c.key_hash == bindparam(f"key_{k}"))
        .limit(BLOCK_CAP + 1)
        .subquery()
        for k in range(n)
    )
    return union_all(*(select(part) for part in parts))


_RECORD = select(match_records.c.fields_sealed).where(
    match_records.c.customer_id == bindparam("customer")
)
_RECORDS = select(match_records).where(
    match_records.c.customer_id.in_(bindparam("ids", expanding=True))
)
_TOTALS = select(match_totals)
_MORE = update(match_totals).values(
    records=match_totals.c.records + bindparam("more_records"),
    arrivals=match_totals.c.arrivals + bindparam("more_arrivals"),
    known_ppm=match_totals.c.known_ppm + bindparam("more_known"),
)


def record_of(conn: Connection, vault: Vault, customer_id: str) -> Comparable | None:
    """What of this person is compared; None where there is nothing."""
    sealed = conn.execute(_RECORD, {"customer": customer_id}).scalar()
    return None if sealed is None else Comparable(**vault.open_json(LABEL, sealed))


def put(conn: Connection, vault: Vault, customer_id: str, record: Comparable) -> bool:
    """Write what of this person is compared, in place of what was; whether it is the first."""
    hashes = sorted(key_hashes(vault, record))
    if not hashes:
        remove(conn, [customer_id])
        return False
    fields = {name: value for name, value in asdict(record).items() if value is not None}
    sealed = vault.seal_json(customer_id, LABEL, fields)
    first = insert_or_ignore(conn, match_records, customer_id=customer_id, fields_sealed=sealed)
    if not first:
        conn.execute(
            update(match_records)
            .where(match_records.c.customer_id == customer_id)
            .values(fields_sealed=sealed)
        )
        conn.execute(delete(keys_table).where(keys_table.c.customer_id == customer_id))
    conn.execute(keys_table.insert(), [{"key_hash": h, "customer_id": customer_id} for h in hashes])
    if first:
        _count(conn, records=1)
    return first


def remove(conn: Connection, customer_ids: Iterable[str]) -> int:
    """These people are compared with nobody any more. Returns how many records there were."""
    ids = sorted(customer_ids)
    conn.execute(delete(keys_table).where(keys_table.c.customer_id.in_(ids)))
    gone = conn.execute(delete(match_records).where(match_records.c.customer_id.in_(ids)))
    if gone.rowcount:
        _count(conn, records=-gone.rowcount)
    return gone.rowcount


def candidates(
    conn: Connection, vault: Vault, record: Comparable, *, without: str
) -> dict[str, Comparable]:
    """Those who share the most blocking keys with this record, `MOST_OPENED` of them at the most.

    Keys are counted without opening anybody: of two records of one person nearly all share several,
    and opening the hundreds who share just one would cost ten times as much. `without` is left out.
    """
    hashes = sorted(key_hashes(vault, record))
    if not hashes:
        return {}
    blocks: dict[int, list[str]] = {}
    asked = {f"key_{k}": key_hash for k, key_hash in enumerate(hashes)}
    for block, one in conn.execute(_blocks(len(hashes)), asked):
        blocks.setdefault(block, []).append(one)
    shared: Counter[str] = Counter()
    for ids_of_block in blocks.values():
        if len(ids_of_block) <= BLOCK_CAP:
            shared.update(ids_of_block)
    del shared[without]
    ids = heapq.nsmallest(MOST_OPENED, shared, key=lambda one: (-shared[one], one))
    found: dict[str, Comparable] = {}
    if ids:
        rows = conn.execute(_RECORDS, {"ids": sorted(ids)}).all()
        vault.fetch_keys(row.fields_sealed for row in rows)
        for row in rows:
            try:
                found[str(row.customer_id)] = Comparable(
                    **vault.open_json(LABEL, row.fields_sealed)
                )
            except Erased:
                continue  # its rows go in a moment
    return found


def totals(conn: Connection) -> Totals:
    """The odds before looking."""
    row: Any = conn.execute(_TOTALS).first()
    records, arrivals, known = (row.records, row.arrivals, row.known_ppm) if row else (0, 0, 0)
    share = (known / _MILLION + _EVEN * _WORTH) / (arrivals + _WORTH)
    return Totals(records, min(share, _HIGHEST_PRIOR))


def arrived(conn: Connection, *, anybody: float) -> None:
    """One more arrival, which was somebody known with this probability."""
    _count(conn, arrivals=1, known_ppm=round(anybody * _MILLION))


def key_hashes(vault: Vault, record: Comparable) -> set[str]:
    """The keyed hashes by which this record is found."""
    return {vault.lookup("match", key) for key in match_keys(record)}


def _count(conn: Connection, *, records: int = 0, arrivals: int = 0, known_ppm: int = 0) -> None:
    more = {"more_records": records, "more_arrivals": arrivals, "more_known": known_ppm}
    if conn.execute(_MORE, more).rowcount == 0:
        insert_or_ignore(conn, match_totals, id=1, records=0, arrivals=0, known_ppm=0)
        conn.execute(_MORE, more)
