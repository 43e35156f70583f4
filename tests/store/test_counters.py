"""Shared amounts are never overspent: by threads, by processes, by crashes, in any order (P2)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, select

from store import counters
from store.database import Database
from store.schema import counters as counters_table
from store.schema import reservations
from tests.databases import Place
from tests.processes import finish, start
from tests.store.waiting import until_somebody_waits

KEY = "budget:commerce"


def stands(db: Database, key: str = KEY) -> tuple[int, int, int]:
    """Ceiling, reserved, committed."""

    def read(conn: Connection) -> tuple[int, int, int]:
        row = conn.execute(select(counters_table).where(counters_table.c.key == key)).one()
        return row.ceiling, row.reserved, row.committed

    return db.read_now(read)


def reserve(db: Database, effect_id: str, amount: int, key: str = KEY) -> bool:
    return db.write_now(counters.reserve, effect_id=effect_id, key=key, amount=amount)


def test_p2_what_does_not_fit_is_not_reserved(any_database: Database) -> None:
    db = any_database
    db.write_now(counters.set_ceiling, KEY, 100)
    assert reserve(db, "eff_1", 60)
    assert not reserve(db, "eff_2", 41)
    assert stands(db) == (100, 60, 0)
    assert reserve(db, "eff_2", 40)
    assert db.read_now(counters.left, KEY) == 0
    assert not reserve(db, "eff_3", 1)


def test_p2_a_counter_that_is_not_there_holds_nothing(any_database: Database) -> None:
    assert not reserve(any_database, "eff_1", 1)
    assert any_database.read_now(counters.left, KEY) is None


@pytest.mark.parametrize("amount", [0, -1])
def test_p2_nothing_and_less_cannot_be_reserved(db: Database, amount: int) -> None:
    db.write_now(counters.set_ceiling, KEY, 100)
    with pytest.raises(ValueError, match="an amount is positive"):
        reserve(db, "eff_1", amount)
    assert stands(db) == (100, 0, 0)


def test_p2_commit_and_release_move_each_amount_once(any_database: Database) -> None:
    db = any_database
    db.write_now(counters.set_ceiling, KEY, 100)
    reserve(db, "eff_1", 60)
    reserve(db, "eff_2", 30)
    assert db.write_now(counters.commit, "eff_1") == 1
    assert db.write_now(counters.commit, "eff_1") == 0
    assert db.write_now(counters.release, "eff_1") == 0
    assert stands(db) == (100, 30, 60)
    assert db.write_now(counters.release, "eff_2") == 1
    assert db.write_now(counters.release, "eff_2") == 0
    assert db.write_now(counters.commit, "eff_2") == 0
    assert stands(db) == (100, 0, 60)


def test_p2_of_many_who_settle_at_once_each_amount_is_moved_once(any_database: Database) -> None:
    db = any_database
    db.write_now(counters.set_ceiling, KEY, 100)
    reserve(db, "eff_1", 70)
    with ThreadPoolExecutor(8) as pool:
        ways = [counters.commit, counters.release] * 8
        assert sum(pool.map(lambda way: db.write_now(way, "eff_1"), ways)) == 1
    assert stands(db) in [(100, 0, 70), (100, 0, 0)]


def test_p2_two_who_both_saw_it_reserved_move_it_once(postgresql_db: Database) -> None:
    db = postgresql_db
    db.write_now(counters.set_ceiling, KEY, 100)
    reserve(db, "eff_1", 70)
    locked, let_go = threading.Event(), threading.Event()

    def hold_up(conn: Connection) -> None:
        conn.execute(select(reservations).with_for_update())
        locked.set()
        assert let_go.wait(60)

    with ThreadPoolExecutor(3) as pool:
        holding = pool.submit(db.write_now, hold_up)
        assert locked.wait(60)
        settling = [
            pool.submit(db.write_now, way, "eff_1") for way in (counters.commit, counters.release)
        ]
        until_somebody_waits(db, many=2)
        let_go.set()
        holding.result()
        assert sum(done.result() for done in settling) == 1
    assert stands(db) in [(100, 0, 70), (100, 0, 0)]


def test_an_effect_may_hold_several_and_settle_some(any_database: Database) -> None:
    db = any_database
    for key in (KEY, "stock:lamp", "stock_x"):
        db.write_now(counters.set_ceiling, key, 10)
        reserve(db, "eff_1", 2, key)
    assert db.read_now(counters.held_by, ["eff_1", "eff_2"]) == {
        KEY: 2,
        "stock:lamp": 2,
        "stock_x": 2,
    }
    assert db.write_now(counters.release, "eff_1", prefix="stock:") == 1
    assert stands(db, "stock:lamp") == (10, 0, 0)
    assert db.read_now(counters.held_by, ["eff_1"]) == {KEY: 2, "stock_x": 2}
    assert db.write_now(counters.commit, "eff_1", prefix="stock_") == 1, "a prefix is no pattern"
    assert db.write_now(counters.commit, "eff_1") == 1
    assert db.read_now(counters.held_by, []) == {}


def test_p2_a_lower_ceiling_takes_nothing_back_and_gives_nothing_more(
    any_database: Database,
) -> None:
    db = any_database
    db.write_now(counters.set_ceiling, KEY, 100)
    reserve(db, "eff_1", 80)
    db.write_now(counters.set_ceiling, KEY, 50)
    assert stands(db) == (50, 80, 0) and db.read_now(counters.left, KEY) == -30
    assert not reserve(db, "eff_2", 1)
    db.write_now(counters.release, "eff_1")
    assert reserve(db, "eff_2", 50)


def test_p2_a_reservation_goes_with_the_unit_that_failed(any_database: Database) -> None:
    db = any_database
    db.write_now(counters.set_ceiling, KEY, 100)

    def fail(conn: Connection) -> None:
        assert counters.reserve(conn, effect_id="eff_1", key=KEY, amount=60)
        raise LookupError

    with pytest.raises(LookupError):
        db.write_now(fail)
    assert stands(db) == (100, 0, 0)
    assert db.read_now(counters.held_by, ["eff_1"]) == {}


def test_p2_threads_never_pass_the_ceiling(any_database: Database) -> None:
    db = any_database
    db.write_now(counters.set_ceiling, KEY, 100)

    def spend(n: int) -> int:
        effect_id, amount = f"eff_{n}", 1 + n % 9
        if not reserve(db, effect_id, amount):
            return 0
        if n % 3 == 0:
            db.write_now(counters.release, effect_id)
            return 0
        db.write_now(counters.commit, effect_id)
        return amount

    with ThreadPoolExecutor(8) as pool:
        spent = sum(pool.map(spend, range(120)))
    assert stands(db) == (100, 0, spent) and 92 < spent <= 100


SPENDER = """
import sys
from pathlib import Path
from store import counters
from store.database import Database

folder, url, name = sys.argv[1:]
db = Database.open(Path(folder), url=url, master=bytes(range(32)))
print("ready")
sys.stdin.readline()
spent = 0
for n in range(40):
    effect_id, amount = f"eff_{name}_{n}", 1 + n % 7
    if db.write_now(counters.reserve, effect_id=effect_id, key="budget:commerce", amount=amount):
        if n % 4 == 0:
            db.write_now(counters.release, effect_id)
        else:
            db.write_now(counters.commit, effect_id)
            spent += amount
print(spent)
db.close()
"""


def test_p2_four_processes_never_pass_the_ceiling(postgresql_place: Place) -> None:
    db = postgresql_place.open()
    db.write_now(counters.set_ceiling, KEY, 200)
    others = [
        start(SPENDER, postgresql_place.folder, postgresql_place.url, name) for name in "abcd"
    ]
    for other in others:
        assert other.stdout is not None and other.stdout.readline() == "ready\n"
    spent = [int(said) for said in (finish(other) for other in others)]
    assert stands(db) == (200, 0, sum(spent))
    assert 194 <= sum(spent) <= 200, "all of it was wanted, and no more than all of it was given"
    assert sum(s > 0 for s in spent) > 1, "more than one of them spent"
    db.close()


def test_what_others_hold_is_not_told_as_held_by_these(db: Database) -> None:
    db.write_now(counters.set_ceiling, KEY, 100)
    for effect_id, amount in (("eff_1", 1), ("eff_2", 20)):
        assert reserve(db, effect_id, amount)
    assert db.read_now(counters.held_by, ["eff_1"]) == {KEY: 1}
    assert db.read_now(counters.held_by, []) == {}
