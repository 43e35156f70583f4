"""The audit finds whatever was done to the journal behind its back (P8)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from store import anchors, audit, journal
from store.audit import Report
from store.database import Database
from tests.store.journal_of import fill, write_entry


@pytest.fixture
def ledgered(any_database: Database) -> Database:
    """A journal that was anchored, then went on."""
    people = fill(any_database, people=6, each=4)
    any_database.write_now(anchors.anchor, any_database.vault, at=10)
    for person in people:
        any_database.write_now(write_entry, any_database.vault, person, at=11)
    return any_database


def audited(db: Database) -> Report:
    return db.read_now(audit.verify, db.vault)


def run(db: Database, statement: str, **values: object) -> None:
    db.write_now(lambda conn: conn.execute(text(statement), values))


def a_row(db: Database, *, seq: int = 2) -> int:
    return int(
        db.read_now(
            lambda conn: conn.execute(
                text("SELECT min(pos) FROM journal WHERE seq = :seq"), {"seq": seq}
            ).scalar_one()
        )
    )


def rewrite(conn: Connection, db: Database, shard: int, keep: int) -> None:
    """Forge as well as one can without the signing key: new entries, right hashes, a right head."""
    rows = list(journal.chain(conn, shard))
    conn.execute(text("DELETE FROM journal WHERE shard = :s AND seq > :n"), {"s": shard, "n": keep})
    end = rows[keep - 1].hash if keep else journal.GENESIS
    conn.execute(
        text("UPDATE journal_heads SET seq = :n, hash = :h WHERE shard = :s"),
        {"n": keep, "h": end, "s": shard},
    )
    for row in rows[keep:]:
        write_entry(conn, db.vault, row.customer_id, kind="forged", at=row.at)


def longest(db: Database) -> int:
    heads = db.read_now(journal.heads)
    return max(heads, key=lambda shard: heads[shard][0])


def test_an_untouched_journal_is_intact(ledgered: Database) -> None:
    report = audited(ledgered)
    assert report.intact and report.problems == ()
    assert (report.entries, report.chains, report.anchors) == (30, journal.SHARDS, 1)
    assert (report.anchored, report.anchored_at) == (24, 10)


def test_an_empty_journal_is_intact(any_database: Database) -> None:
    report = audited(any_database)
    assert report.intact and report.entries == report.anchors == report.anchored == 0
    assert report.anchored_at is None


@pytest.mark.parametrize(
    "change",
    [
        "at = at + 1",
        "customer_id = customer_id || 'x'",
        "decision_id = NULL",
        "decision_id = 'dec_other'",
        "kind = 'other'",
        "epoch = epoch + 1",
        "prev_hash = hash",
        "hash = prev_hash",
        "shard = CASE shard WHEN 15 THEN 14 ELSE 15 END, seq = 999",
        "seq = 999",
        "pos = pos + 1000",
        "body_sealed = (SELECT body_sealed FROM journal WHERE pos = 1)",
    ],
)
def test_p8_a_change_of_any_column_is_found(ledgered: Database, change: str) -> None:
    run(ledgered, f"UPDATE journal SET {change} WHERE pos = :pos", pos=a_row(ledgered))
    report = audited(ledgered)
    assert not report.intact and "entry" in report.problems[0]


def test_p8_an_entry_taken_out_is_found(ledgered: Database) -> None:
    run(ledgered, "DELETE FROM journal WHERE pos = :pos", pos=a_row(ledgered))
    assert any("it follows entry 1" in problem for problem in audited(ledgered).problems)


def test_p8_two_entries_exchanged_are_found(ledgered: Database) -> None:
    one, two = a_row(ledgered), a_row(ledgered, seq=3)

    def exchange(conn: Connection) -> None:
        bodies = dict(
            conn.execute(
                text("SELECT pos, body_sealed FROM journal WHERE pos IN (:a, :b)"),
                {"a": one, "b": two},
            ).all()
        )
        for pos, other in ((one, two), (two, one)):
            conn.execute(
                text("UPDATE journal SET body_sealed = :b WHERE pos = :p"),
                {"b": bodies[other], "p": pos},
            )

    ledgered.write_now(exchange)
    assert not audited(ledgered).intact


def test_p8_an_end_cut_off_is_found_by_its_head(ledgered: Database) -> None:
    shard = longest(ledgered)
    run(
        ledgered,
        "DELETE FROM journal WHERE shard = :s AND seq = (SELECT max(seq) FROM journal"
        " WHERE shard = :s)",
        s=shard,
    )
    assert audited(ledgered).problems == (f"chain {shard} does not end as its head says",)


@pytest.mark.parametrize("forge", [lambda n: n, lambda n: 0], ids=["cut off", "emptied"])
def test_p8_an_end_cut_off_with_its_head_is_found_by_the_anchor(
    ledgered: Database, forge: Callable[[int], int]
) -> None:
    shard = longest(ledgered)

    def cut(conn: Connection) -> None:
        rows = list(journal.chain(conn, shard))
        keep = forge(1)
        conn.execute(
            text("DELETE FROM journal WHERE shard = :s AND seq > :n"), {"s": shard, "n": keep}
        )
        conn.execute(
            text("UPDATE journal_heads SET seq = :n, hash = :h WHERE shard = :s"),
            {"n": keep, "h": rows[0].hash if keep else journal.GENESIS, "s": shard},
        )

    ledgered.write_now(cut)
    problems = audited(ledgered).problems
    assert len(problems) == 1 and f"chain {shard} is cut off" in problems[0]


def test_p8_an_end_written_anew_with_right_hashes_is_found_by_the_anchor(
    ledgered: Database,
) -> None:
    shard = longest(ledgered)
    ledgered.write_now(rewrite, ledgered, shard, 1)
    problems = audited(ledgered).problems
    assert len(problems) == 1
    assert "an anchor was signed over another entry in its place" in problems[0]


def test_what_came_after_the_last_anchor_is_vouched_for_by_nobody(ledgered: Database) -> None:
    """The limit that is told: `anchored` says up to where an audit can be sure."""
    shard = longest(ledgered)
    whole = ledgered.read_now(journal.heads)[shard][0]
    added = sum(row.at == 11 for row in ledgered.read_now(lambda c: list(journal.chain(c, shard))))
    ledgered.write_now(rewrite, ledgered, shard, whole - added)
    report = audited(ledgered)
    assert report.intact and report.anchored == report.entries - 6
    ledgered.write_now(anchors.anchor, ledgered.vault, at=12)
    assert audited(ledgered).anchored == report.entries


def test_p10_the_chains_still_verify_after_an_erasure(ledgered: Database) -> None:
    person = ledgered.read_now(
        lambda c: c.execute(text("SELECT customer_id FROM journal")).scalar()
    )
    ledgered.vault.destroy([str(person)])
    assert audited(ledgered).intact


def test_a_chain_that_was_broken_early_is_not_told_entry_by_entry(any_database: Database) -> None:
    ada = any_database.vault.reserve(1)[0]
    for _ in range(12):
        any_database.write_now(write_entry, any_database.vault, ada)
    run(any_database, "UPDATE journal SET hash = 'x'")
    problems = audited(any_database).problems
    assert len(problems) == 5 and "more" in problems[3]


def test_the_database_refuses_a_second_entry_in_one_place(ledgered: Database) -> None:
    with pytest.raises(IntegrityError):
        run(ledgered, "UPDATE journal SET seq = 1 WHERE pos = :pos", pos=a_row(ledgered))
