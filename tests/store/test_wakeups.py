"""Due times: each is kept through anything, comes in order, and is handed out once (P7)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select

from store import wakeups
from store.database import Database
from store.schema import wakeups as table
from tests.databases import Place
from tests.store.waiting import until_somebody_waits


def schedule(db: Database, ref: str, due_at: int, *, kind: str = "release") -> None:
    db.write_now(wakeups.schedule, kind=kind, ref=ref, due_at=due_at, customer_id="cus_a")


def states(db: Database) -> dict[str, str]:
    rows = db.read_now(lambda conn: conn.execute(select(table.c.ref, table.c.state)).all())
    return {row.ref: row.state for row in rows}


def due(db: Database, customer_id: str = "cus_a") -> list[str]:
    return [row.ref for row in db.write_now(wakeups.due_of, customer_id)]


def test_p7_what_is_due_is_released_in_order_and_once(any_database: Database) -> None:
    db = any_database
    for ref, at in [("c", 30), ("a", 10), ("late", 31), ("b", 20), ("a2", 10)]:
        schedule(db, ref, at)
    assert db.read_now(wakeups.next_due) == 10
    assert [r.ref for r in db.write_now(wakeups.release, 30)] == ["a", "a2", "b", "c"]
    assert db.write_now(wakeups.release, 30) == []
    assert db.read_now(wakeups.next_due) == 31
    assert due(db) == ["a", "a2", "b", "c"] and due(db, "cus_b") == []


def test_p7_due_times_outlive_the_process(any_place: Place) -> None:
    first = any_place.open()
    schedule(first, "a", 10)
    schedule(first, "b", 20)
    first.write_now(wakeups.release, 10)
    first.close()
    second = any_place.open()
    assert due(second) == ["a"] and second.read_now(wakeups.next_due) == 20
    second.close()


def test_more_than_a_batch_is_released_batch_by_batch(any_database: Database) -> None:
    db = any_database
    for n in range(7):
        schedule(db, f"w{n}", n)
    sizes = []
    while rows := db.write_now(wakeups.release, 10, limit=3):
        sizes.append(len(rows))
    assert sizes == [3, 3, 1]


def test_p7_of_many_who_release_at_once_each_row_comes_to_one(any_place: Place) -> None:
    here, there = any_place.open(), any_place.open()
    for n in range(60):
        schedule(here, f"w{n}", n)

    def release(db: Database) -> list[str]:
        got: list[str] = []
        while rows := db.write_now(wakeups.release, 100, limit=7):
            got += [row.ref for row in rows]
        return got

    with ThreadPoolExecutor(4) as pool:
        got = [ref for part in pool.map(release, [here, there] * 2) for ref in part]
    assert sorted(got) == sorted(f"w{n}" for n in range(60))
    here.close()
    there.close()


def test_scheduling_again_moves_it(any_database: Database) -> None:
    db = any_database
    schedule(db, "a", 10)
    schedule(db, "a", 50)
    schedule(db, "a", 5, kind="check_back")
    assert [r.due_at for r in db.write_now(wakeups.release, 20)] == [5]
    assert db.read_now(wakeups.next_due) == 50


def test_p7_one_that_was_done_or_called_off_wakes_again_when_scheduled_again(
    any_database: Database,
) -> None:
    db = any_database
    schedule(db, "a", 10)
    row = db.write_now(wakeups.release, 10)[0]
    db.write_now(wakeups.done, row.id)
    assert states(db) == {"a": "done"}
    schedule(db, "a", 20)
    assert db.write_now(wakeups.cancel, "release", "a")
    schedule(db, "a", 30)
    assert [r.due_at for r in db.write_now(wakeups.release, 30)] == [30]


def test_p7_one_that_was_put_off_while_it_was_taken_up_is_not_lost(
    any_database: Database,
) -> None:
    db = any_database
    schedule(db, "a", 10)
    row = db.write_now(wakeups.release, 10)[0]

    def take_up(conn: Connection) -> None:
        wakeups.schedule(conn, kind="release", ref="a", due_at=90, customer_id="cus_a")
        wakeups.done(conn, row.id)

    db.write_now(take_up)
    assert states(db) == {"a": "pending"} and db.read_now(wakeups.next_due) == 90


def test_p7_one_that_is_called_for_while_it_is_taken_up_is_not_lost(
    postgresql_db: Database,
) -> None:
    db = postgresql_db
    db.write_now(wakeups.schedule_due, kind="plan_again", ref="a", at=1, customer_id="cus_a")
    read, asked = threading.Event(), threading.Event()

    def take_up(conn: Connection) -> None:
        rows = wakeups.due_of(conn, "cus_a")
        read.set()
        until_somebody_waits(db, unless=asked.is_set)
        for row in rows:
            wakeups.done(conn, row.id)

    def call() -> None:
        kind = "plan_again"
        db.write_now(wakeups.schedule_due, kind=kind, ref="a", at=2, customer_id="cus_a")
        asked.set()

    with ThreadPoolExecutor(2) as pool:
        taking = pool.submit(db.write_now, take_up)
        assert read.wait(60)
        pool.submit(call).result()
        taking.result()
    assert states(db) == {"a": "due"}


def test_only_what_waits_can_be_called_off(any_database: Database) -> None:
    db = any_database
    schedule(db, "a", 10)
    schedule(db, "b", 10)
    first, _ = db.write_now(wakeups.release, 10)
    db.write_now(wakeups.done, first.id)
    assert not db.write_now(wakeups.cancel, "release", "a")
    assert db.write_now(wakeups.cancel, "release", "b")
    assert not db.write_now(wakeups.cancel, "release", "b")
    assert not db.write_now(wakeups.cancel, "check_back", "a")
    assert due(db) == []


def test_what_is_due_at_once_waits_for_no_clock(any_database: Database) -> None:
    db = any_database
    db.write_now(
        wakeups.schedule_due, kind="approval_decided", ref="apr_1", at=7, customer_id="cus_a"
    )
    assert due(db) == ["apr_1"] and db.read_now(wakeups.next_due) is None


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 20)), max_size=20))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_p7_stepping_from_due_time_to_due_time_meets_each_once_in_order(
    db: Database, moments: list[tuple[int, int]]
) -> None:
    db.write_now(lambda conn: conn.execute(delete(table)))
    last = {f"w{ref}": at for ref, at in moments}
    for ref, at in moments:
        schedule(db, f"w{ref}", at)
    met: list[tuple[int, str]] = []
    while (now := db.read_now(wakeups.next_due)) is not None:
        met += [(now, row.ref) for row in db.write_now(wakeups.release, now)]
    assert [at for at, _ in met] == sorted(at for at, _ in met)
    assert {ref: at for at, ref in met} == last and len(met) == len(last)
