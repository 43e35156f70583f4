"""Units of work on both databases: what is answered is committed, what is read is one moment."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError

from store import journal, lanes
from store.database import Database
from store.keys import KeyTable
from store.master_key import MasterKeyError
from store.schema import counters, meta
from store.sealing import Vault
from tests.databases import Place
from tests.postgresql import PostgreSQLServer
from tests.processes import finish, start


def put(conn: Connection, key: str, value: str = "") -> str:
    conn.execute(insert(meta).values(key=key, value=value))
    return key


def keys(conn: Connection) -> list[str]:
    return list(conn.execute(select(meta.c.key).order_by(meta.c.key)).scalars())


async def test_what_is_written_is_read_from_threads_and_from_the_loop(
    any_database: Database,
) -> None:
    assert any_database.write_now(put, "a") == "a"
    assert await any_database.write(put, "b", value="x") == "b"
    assert any_database.read_now(keys) == ["a", "b"]
    assert await any_database.read(keys) == ["a", "b"]


async def test_a_unit_that_fails_leaves_nothing_and_raises_its_own_error(
    any_database: Database,
) -> None:
    def fail(conn: Connection) -> None:
        put(conn, "half")
        raise LookupError("as the unit said it")

    with pytest.raises(LookupError, match="as the unit said it"):
        any_database.write_now(fail)
    with pytest.raises(LookupError, match="as the unit said it"):
        await any_database.write(fail)
    assert any_database.read_now(keys) == []


async def test_what_is_answered_is_there_for_another_process(any_place: Place) -> None:
    first = any_place.open()
    await asyncio.gather(*(first.write(put, f"k{i:03d}") for i in range(100)))
    second = any_place.open()
    assert len(second.read_now(keys)) == 100
    second.close()
    first.close()


def test_a_reading_unit_cannot_write(any_database: Database) -> None:
    with pytest.raises(DBAPIError, match="read.?only"):
        any_database.read_now(put, "a")
    assert any_database.read_now(keys) == []
    any_database.write_now(put, "b")
    assert any_database.read_now(keys) == ["b"]


def test_a_reading_unit_sees_one_moment_however_long_it_reads(any_database: Database) -> None:
    any_database.write_now(put, "before")

    def twice(conn: Connection) -> tuple[list[str], list[str]]:
        first = keys(conn)
        with ThreadPoolExecutor(1) as other:
            other.submit(any_database.write_now, put, "meanwhile").result()
        return first, keys(conn)

    first, second = any_database.read_now(twice)
    assert first == second == ["before"]
    assert any_database.read_now(keys) == ["before", "meanwhile"]


def test_many_threads_that_write_at_once_all_get_through(any_database: Database) -> None:
    people = any_database.vault.reserve(40)

    def note(conn: Connection, person: str) -> None:
        lanes.open_lane(conn, person)
        body = {"of": person}
        journal.append(
            conn,
            any_database.vault,
            customer_id=person,
            decision_id=None,
            kind="note",
            body=body,
            at=1,
            epoch=0,
        )

    with ThreadPoolExecutor(24) as pool:
        for done in [pool.submit(any_database.write_now, note, person) for person in people]:
            done.result()
    heads = any_database.read_now(journal.heads)
    assert sum(length for length, _ in heads.values()) == 40


def test_units_that_meet_a_deadlock_run_again_and_both_are_done(
    postgresql_db: Database,
) -> None:
    both_hold_one = threading.Barrier(2)
    runs: list[str] = []

    def cross(conn: Connection, first: str, second: str) -> None:
        again = runs.count(first) > 0
        runs.append(first)
        for key in (first, second):
            conn.execute(
                update(counters)
                .where(counters.c.key == key)
                .values(committed=counters.c.committed + 1)
            )
            if key == first and not again:
                both_hold_one.wait(60)

    def make(conn: Connection) -> None:
        for key in ("a", "b"):
            conn.execute(insert(counters).values(key=key, ceiling=9, reserved=0, committed=0))

    postgresql_db.write_now(make)
    with ThreadPoolExecutor(2) as pool:
        crossing = [
            pool.submit(postgresql_db.write_now, cross, "a", "b"),
            pool.submit(postgresql_db.write_now, cross, "b", "a"),
        ]
        for done in crossing:
            done.result()
    assert len(runs) >= 3, "the loser runs again, and may meet the other once more"
    spent = postgresql_db.read_now(lambda conn: conn.execute(select(counters.c.committed)).all())
    assert spent == [(2,), (2,)]


def test_an_error_that_another_try_cannot_mend_is_raised_at_once(
    postgresql_db: Database,
) -> None:
    runs = 0

    def never(conn: Connection) -> None:
        nonlocal runs
        runs += 1
        conn.execute(text("SET LOCAL statement_timeout = 1"))
        conn.execute(text("SELECT pg_sleep(60)"))

    with pytest.raises(OperationalError):
        postgresql_db.write_now(never)
    assert runs == 1


def test_closing_finishes_what_waits_and_may_be_repeated(any_place: Place) -> None:
    db = any_place.open()

    async def leave() -> list[str]:
        waiting = [asyncio.ensure_future(db.write(put, f"k{i}")) for i in range(20)]
        await asyncio.sleep(0)
        await asyncio.to_thread(db.close)
        return await asyncio.gather(*waiting)

    assert len(asyncio.run(leave())) == 20
    db.close()
    again = any_place.open()
    assert len(again.read_now(keys)) == 20
    again.close()


def test_several_processes_may_start_on_a_new_postgresql_database_at_once(
    postgresql_server: PostgreSQLServer, tmp_path: Path
) -> None:
    place = Place(tmp_path, postgresql_server.empty_url())
    program = (
        "import sys; from pathlib import Path; from store.database import Database\n"
        "sys.stdin.readline()\n"
        "db = Database.open(Path(sys.argv[1]), url=sys.argv[2], master=bytes(range(32)))\n"
        "print(db.vault.lookup('email', 'ada@customer.example'), db.vault.intake()); db.close()\n"
    )
    others = [start(program, place.folder / str(n), place.url) for n in range(3)]
    assert len({finish(other) for other in others}) == 1
    db = place.open()
    assert db.read_now(lambda c: c.execute(text("SELECT count(*) FROM subject_keys")).scalar()) == 2
    assert len(db.read_now(journal.heads)) == journal.SHARDS
    db.close()


def test_another_master_key_is_refused_on_either_database(any_place: Place) -> None:
    any_place.open().close()
    with pytest.raises(MasterKeyError, match="does not fit this data"):
        Database.open(any_place.folder, url=any_place.url, master=b"x" * 32)


def test_the_vault_of_a_sqlite_database_is_a_file_of_its_own(db: Database) -> None:
    assert (db.folder / "keys.db").exists()
    names = db.read_now(
        lambda conn: set(conn.execute(text("SELECT name FROM sqlite_master")).scalars())
    )
    assert "subject_keys" not in names
    vault = Vault(KeyTable.in_file(db.folder / "keys.db"), bytes(range(32)))
    assert vault.lookup("email", "a") == db.vault.lookup("email", "a")
    vault.close()


def test_every_commit_of_sqlite_is_synced(db: Database) -> None:
    def settings(conn: Connection) -> list[object]:
        return [
            conn.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        ]

    assert db.write_now(settings) == ["wal", 2, 1, 1]


def test_deleted_rows_leave_no_bytes_after_compaction(db: Database) -> None:
    secret = "a text nobody else would write"
    db.write_now(put, "a", secret * 50)
    assert any(secret.encode() in path.read_bytes() for path in db.folder.glob("usher.db*"))

    def forget(conn: Connection) -> None:
        conn.execute(meta.delete())

    db.write_now(forget)
    asyncio.run(db.compact())
    assert not any(secret.encode() in path.read_bytes() for path in db.folder.glob("usher.db*"))
    assert (
        db.read_now(lambda conn: conn.execute(select(func.count()).select_from(meta)).scalar()) == 0
    )
