"""The journal: every entry stands where it was put, and is its person's own (P4, P8, P10)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from store import audit, journal, lanes
from store.database import Database
from store.journal import GENESIS, entry_hash
from store.lanes import StaleEpoch
from tests.store.journal_of import fill, write_entry

ENTRY = {
    "prev_hash": GENESIS,
    "shard": 3,
    "seq": 1,
    "at": 5,
    "customer_id": "cus_a",
    "decision_id": "dec_a",
    "kind": "step",
    "epoch": 2,
    "sealed": b"noise",
}


def test_p8_each_entry_names_the_one_before_it(any_database: Database) -> None:
    db = any_database
    fill(db)
    for shard in range(journal.SHARDS):
        rows = db.read_now(lambda conn, s=shard: list(journal.chain(conn, s)))
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
        assert [row.prev_hash for row in rows] == [GENESIS, *(row.hash for row in rows)][:-1]
        seq, end = db.read_now(journal.heads)[shard]
        assert (seq, end) == ((rows[-1].seq, rows[-1].hash) if rows else (0, GENESIS))


def test_a_decisions_entries_come_back_in_order_and_in_words(any_database: Database) -> None:
    db = any_database
    ada, bo = db.vault.reserve(2)
    for kind in ("opened", "step", "closed"):
        db.write_now(write_entry, db.vault, ada, decision="dec_a", kind=kind, body={"of": kind})
        db.write_now(write_entry, db.vault, bo, decision="dec_b", kind=kind)
    found = db.read_now(journal.entries_of, db.vault, "dec_a")
    assert [(e.kind, e.body) for e in found] == [
        (kind, {"of": kind}) for kind in ("opened", "step", "closed")
    ]
    assert {e.customer_id for e in found} == {ada}
    assert found[-1].prev_hash != GENESIS and found[-1].hash != found[-1].prev_hash


def test_append_returns_the_hash_that_is_stored(any_database: Database) -> None:
    db = any_database
    ada = db.vault.reserve(1)[0]
    made = db.write_now(write_entry, db.vault, ada)
    assert db.read_now(journal.entries_of, db.vault, "dec_1")[0].hash == made


def test_a_follower_reads_on_from_where_it_was(any_database: Database) -> None:
    db = any_database
    fill(db, people=3, each=4)
    read: list[int] = []
    while more := db.read_now(journal.tail, db.vault, after_pos=read[-1] if read else 0, limit=5):
        assert len(more) <= 5
        read += [entry.pos for entry in more]
    assert len(read) == 12 and read == sorted(set(read))


def test_p10_an_erased_persons_entries_stay_and_say_nothing(any_database: Database) -> None:
    db = any_database
    ada, *others = fill(db)
    before = db.read_now(journal.heads)
    db.vault.destroy([ada])
    entries = db.read_now(journal.entries_of, db.vault, f"dec_{ada}")
    assert len(entries) == 5 and all(entry.body is None for entry in entries)
    assert db.read_now(journal.heads) == before
    assert db.read_now(audit.verify, db.vault).intact
    kept = db.read_now(journal.entries_of, db.vault, f"dec_{others[0]}")
    assert [entry.body for entry in kept] == [{"n": n, "of": others[0]} for n in range(5)]


def test_p4_an_entry_of_a_lane_that_was_taken_is_refused(any_database: Database) -> None:
    db = any_database
    ada = db.vault.reserve(1)[0]
    db.write_now(write_entry, db.vault, ada)
    db.write_now(lanes.take, ada)

    def append_as_before(conn: Connection) -> None:
        journal.append(
            conn,
            db.vault,
            customer_id=ada,
            decision_id="dec_1",
            kind="late",
            body={},
            at=1,
            epoch=0,
        )

    with pytest.raises(StaleEpoch):
        db.write_now(append_as_before)
    assert len(db.read_now(journal.entries_of, db.vault, "dec_1")) == 1


def test_a_unit_that_fails_leaves_no_gap(any_database: Database) -> None:
    db = any_database
    ada = db.vault.reserve(1)[0]

    def fail(conn: Connection) -> None:
        write_entry(conn, db.vault, ada)
        raise ValueError("after the entry")

    db.write_now(write_entry, db.vault, ada)
    with pytest.raises(ValueError):
        db.write_now(fail)
    db.write_now(write_entry, db.vault, ada)
    assert [e.seq for e in db.read_now(journal.entries_of, db.vault, "dec_1")] == [1, 2]
    assert db.read_now(audit.verify, db.vault).intact


def test_p8_writers_of_one_chain_stand_in_line(any_database: Database) -> None:
    db = any_database
    people = [p for p in db.vault.reserve(400) if journal.shard_of(p) == 7][:8]
    start = threading.Barrier(len(people))

    def write(person: str) -> None:
        start.wait(60)
        for _ in range(10):
            db.write_now(write_entry, db.vault, person)

    with ThreadPoolExecutor(len(people)) as pool:
        for done in [pool.submit(write, person) for person in people]:
            done.result()
    assert db.read_now(journal.heads)[7][0] == 10 * len(people)
    report = db.read_now(audit.verify, db.vault)
    assert report.intact and report.entries == 10 * len(people)


@pytest.mark.parametrize("column", sorted(ENTRY))
def test_p8_every_column_is_in_the_hash(column: str) -> None:
    value = ENTRY[column]
    changed = value + 1 if isinstance(value, int) else value + value  # type: ignore[operator]
    assert entry_hash(**(ENTRY | {column: changed})) != entry_hash(**ENTRY)  # type: ignore[arg-type]


def test_p8_no_decision_is_not_the_same_as_an_empty_one() -> None:
    nothing = entry_hash(**(ENTRY | {"decision_id": None}))  # type: ignore[arg-type]
    assert nothing != entry_hash(**(ENTRY | {"decision_id": ""}))  # type: ignore[arg-type]
    assert nothing != entry_hash(**(ENTRY | {"decision_id": "None"}))  # type: ignore[arg-type]


words = st.text(max_size=6)


@given(st.tuples(words, words, words), st.tuples(words, words, words))
@settings(max_examples=200, deadline=None)
def test_p8_letters_cannot_wander_between_columns(
    a: tuple[str, str, str], b: tuple[str, str, str]
) -> None:
    def hashed(parts: tuple[str, str, str]) -> str:
        person, decision, kind = parts
        entry = ENTRY | {"customer_id": person, "decision_id": decision, "kind": kind}
        return entry_hash(**entry)  # type: ignore[arg-type]

    assert (hashed(a) == hashed(b)) == (a == b)


def test_customers_spread_over_all_chains() -> None:
    assert {journal.shard_of(f"cus_{n}") for n in range(500)} == set(range(journal.SHARDS))
