"""`resolving`: one event among very many profiles, through the database: who is it, what then.

Each arrival is the second record of somebody known, in a transaction of its own: identifiers looked
up, traits written, compared with everybody by blocking keys, joined, linked or left. The others are
generated of FEBRL's fields. Time is that inside the transaction, and that until it is committed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any

from rich.progress import track
from sqlalchemy import Connection, func, select

from agent.accepting import LABEL
from agent.resolver import resolve_rows
from customers import match_store
from customers.comparable import Comparable
from customers.linking import Mode
from evals import identity_measures as measures
from evals.data import febrl
from evals.data.febrl import Record
from store.database import Database
from store.schema import customers, inbox, lanes, match_records, match_totals
from store.schema import match_keys as keys_table
from store.sealing import Vault

NAME = "resolving"
WHAT = "one event at 200,000 profiles, through the database; DESIGN asks for a p99 below 5 ms"
_PROFILES = 200_000
_ARRIVALS = 1_000
_AT_ONCE = 2_000
_SEED = 20_080_101
_NOW = 1_767_607_200_000_000


def run(*, profiles: int = _PROFILES, arrivals: int = _ARRIVALS) -> dict[str, Any]:
    """Milliseconds an event; a text where FEBRL is not installed."""
    try:
        known, second = (febrl.read(name) for name in ("dataset4a", "dataset4b"))
    except febrl.NoFebrl as missing:
        return {"not_measured": str(missing)}
    with tempfile.TemporaryDirectory() as folder:
        db = Database.open(Path(folder))
        try:
            strangers = measures.generated(known, profiles - len(known), seed=_SEED)
            _fill(db, [record.comparable() for record in known] + strangers)
            return {
                "profiles": profiles,
                "only_linked": _measured(db, second[:arrivals], matching="link"),
                "joined_too": _measured(db, second[arrivals : 2 * arrivals], matching="merge"),
            }
        finally:
            db.close()


def _fill(db: Database, everybody: Sequence[Comparable]) -> None:
    rest = iter(everybody)
    pages: Iterator[list[Comparable]] = iter(lambda: list(islice(rest, _AT_ONCE)), [])
    for page in track(pages, "profiles", total=-(-len(everybody) // _AT_ONCE), transient=True):
        db.write_now(_put, db.vault, list(zip(db.vault.reserve(len(page)), page, strict=True)))


def _put(conn: Connection, vault: Vault, page: list[tuple[str, Comparable]]) -> None:
    standing = [
        {"id": one, "created_at": _NOW, "updated_at": _NOW, "legal_hold": 0} for one, _ in page
    ]
    conn.execute(customers.insert(), standing)
    conn.execute(
        lanes.insert(),
        [
            {"customer_id": one, "epoch": 0, "last_arrival_seq": 0, "last_plan_at": 0}
            for one, _ in page
        ],
    )
    sealed = []
    for one, record in page:
        fields = {name: value for name, value in asdict(record).items() if value is not None}
        blob = vault.seal_json(one, match_store.LABEL, fields)
        sealed.append({"customer_id": one, "fields_sealed": blob})
    conn.execute(match_records.insert(), sealed)
    conn.execute(
        keys_table.insert(),
        [
            {"key_hash": key, "customer_id": one}
            for one, record in page
            for key in match_store.key_hashes(vault, record)
        ],
    )
    before = match_store.totals(conn).records
    conn.execute(match_totals.delete())
    conn.execute(
        match_totals.insert().values(id=1, records=before + len(page), arrivals=0, known_ppm=0)
    )


def _measured(db: Database, arrivals: Sequence[Record], *, matching: Mode) -> dict[str, Any]:
    inside, cpu, committed, joined = [], [], [], 0
    for record in track(arrivals, "arrivals", transient=True):
        seq = db.write_now(_accept, db.vault, record)
        fresh = db.vault.reserve(1)
        begun = perf_counter()
        took, busy, merged = db.write_now(_resolve, db.vault, seq, fresh, matching=matching)
        committed.append(perf_counter() - begun)
        inside.append(took)
        cpu.append(busy)
        joined += merged
    return {
        "arrivals": len(arrivals),
        "joined": joined,
        "inside_the_transaction_ms": _shares(inside),
        "its_cpu_ms": _shares(cpu),
        "until_committed_ms": _shares(committed),
    }


def _accept(conn: Connection, vault: Vault, record: Record) -> int:
    """One more message in the inbox; its number there."""
    seq = int(conn.execute(select(func.coalesce(func.max(inbox.c.seq), 0))).scalar_one()) + 1
    message = {"type": "identify", "anonymousId": record.id, "traits": dict(record.traits)}
    conn.execute(
        inbox.insert().values(
            seq=seq,
            event_id=f"evt_{seq}",
            source="bench",
            message_hash=f"{seq}",
            kind="identify",
            urgent=0,
            historical=0,
            payload_sealed=vault.seal_json(vault.intake(), LABEL, message),
            received_at=_NOW + seq,
            status="accepted",
            attempts=0,
            reason=None,
        )
    )
    return seq


def _resolve(
    conn: Connection, vault: Vault, seq: int, fresh: Sequence[str], *, matching: Mode
) -> tuple[float, float, int]:
    begun, busy = perf_counter(), thread_time()
    (done,) = resolve_rows(conn, vault, [seq], fresh=fresh, now_us=_NOW + seq, matching=matching)
    return perf_counter() - begun, thread_time() - busy, len(done.merged)


def _shares(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        name: round(1_000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    }
