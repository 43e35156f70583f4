"""Group commit: one writer, many units, each on its own; a result means that it is on the disk."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from store.database import Database
from store.engines import sqlite_engine
from store.writer import DatabaseClosed, Writer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "notes.db"
    with sqlite3.connect(path) as conn:
        conn.execute("CREATE TABLE note (name TEXT PRIMARY KEY) STRICT")
        conn.execute(
            "CREATE TABLE leaf (note TEXT REFERENCES note (name) DEFERRABLE INITIALLY DEFERRED)"
        )
    conn.close()
    return path


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    engine = sqlite_engine(path, begin="BEGIN IMMEDIATE")
    writer = Writer(engine)
    yield writer
    writer.close()
    engine.dispose()


class Gate:
    """A unit that holds the writer up, so that what comes after it becomes one group."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def unit(self, conn: Connection) -> str:
        self.reached.set()
        assert self.opened.wait(60)
        return "gate"


def seen(path: Path) -> set[str]:
    """What a connection of somebody else sees."""
    conn = sqlite3.connect(path)
    rows = {row[0] for row in conn.execute("SELECT name FROM note")}
    conn.close()
    return rows


def add(conn: Connection, name: str) -> str:
    conn.execute(text("INSERT INTO note VALUES (:name)"), {"name": name})
    return f"added {name}"


def add_and_fail(conn: Connection, name: str) -> None:
    add(conn, name)
    raise ValueError(name)


def spoil_the_commit(conn: Connection) -> None:
    conn.execute(text("INSERT INTO leaf VALUES ('of no note')"))


def kill_the_transaction(conn: Connection) -> None:
    conn.exec_driver_sql("ROLLBACK")
    raise ValueError("gone")


async def in_one_group(writer: Writer, *units: Callable[[Connection], object]) -> list[object]:
    """Run units as one group and gather what became of each."""
    gate = Gate()
    first = asyncio.create_task(writer.submit_async(gate.unit, (), {}))
    await asyncio.to_thread(gate.reached.wait)
    others = [asyncio.create_task(writer.submit_async(unit, (), {})) for unit in units]
    await asyncio.sleep(0)
    gate.opened.set()
    await first
    return await asyncio.gather(*others, return_exceptions=True)


def counted(runs: list[str], name: str) -> Callable[[Connection], str]:
    def unit(conn: Connection) -> str:
        runs.append(name)
        return add(conn, name)

    return unit


async def test_a_failing_unit_takes_back_only_itself(writer: Writer, path: Path) -> None:
    runs: list[str] = []
    results = await in_one_group(
        writer,
        counted(runs, "a"),
        lambda conn: add_and_fail(conn, "b"),
        counted(runs, "c"),
    )
    assert results[0] == "added a" and results[2] == "added c"
    assert isinstance(results[1], ValueError)
    assert runs == ["a", "c"], "the group was committed at once"
    assert seen(path) == {"a", "c"}


@pytest.mark.parametrize("killer", [spoil_the_commit, kill_the_transaction])
async def test_when_the_groups_commit_dies_each_unit_runs_again_alone(
    writer: Writer, path: Path, killer: Callable[[Connection], None]
) -> None:
    runs: list[str] = []
    results = await in_one_group(writer, counted(runs, "a"), killer, counted(runs, "c"))
    assert results[0] == "added a" and results[2] == "added c"
    assert isinstance(results[1], Exception)
    assert runs.count("a") == 2 and runs.count("c") >= 1
    assert seen(path) == {"a", "c"}
    assert writer.submit(add, ("later",), {}) == "added later"


async def test_p7_no_result_leaves_before_its_group_is_committed(
    writer: Writer, path: Path
) -> None:
    hold, group = Gate(), Gate()
    first = asyncio.create_task(writer.submit_async(hold.unit, (), {}))
    await asyncio.to_thread(hold.reached.wait)
    added = asyncio.create_task(writer.submit_async(add, ("a",), {}))
    last = asyncio.create_task(writer.submit_async(group.unit, (), {}))
    await asyncio.sleep(0)
    hold.opened.set()
    await first
    await asyncio.to_thread(group.reached.wait)
    # `a` has run, in the same group as what still holds up.
    for _ in range(10):
        await asyncio.sleep(0)
    assert not added.done() and seen(path) == set()
    group.opened.set()
    assert await added == "added a"
    assert seen(path) == {"a"}
    await last


async def test_what_waits_at_closing_time_is_finished_and_nothing_new_is_taken(
    writer: Writer, path: Path
) -> None:
    gate = Gate()
    first = asyncio.create_task(writer.submit_async(gate.unit, (), {}))
    await asyncio.to_thread(gate.reached.wait)
    waiting = [asyncio.create_task(writer.submit_async(add, (n,), {})) for n in "abc"]
    await asyncio.sleep(0)
    closing = asyncio.create_task(asyncio.to_thread(writer.close))
    while not writer.is_closing:
        await asyncio.sleep(0)
    with pytest.raises(DatabaseClosed):
        await writer.submit_async(add, ("late",), {})
    with pytest.raises(DatabaseClosed):
        writer.submit(add, ("late",), {})
    gate.opened.set()
    await closing
    assert await asyncio.gather(first, *waiting) == ["gate", "added a", "added b", "added c"]
    assert seen(path) == {"a", "b", "c"}
    writer.close()


async def test_a_cancelled_waiter_does_not_undo_its_unit(writer: Writer, path: Path) -> None:
    gate = Gate()
    first = asyncio.create_task(writer.submit_async(gate.unit, (), {}))
    await asyncio.to_thread(gate.reached.wait)
    waiting = asyncio.create_task(writer.submit_async(add, ("a",), {}))
    await asyncio.sleep(0)
    waiting.cancel()
    gate.opened.set()
    await first
    assert await writer.submit_async(add, ("b",), {}) == "added b"
    assert waiting.cancelled() and seen(path) == {"a", "b"}


def test_a_loop_that_ends_early_does_not_stop_the_writer(writer: Writer, path: Path) -> None:
    gate = Gate()

    async def leave() -> None:
        asyncio.ensure_future(writer.submit_async(gate.unit, (), {}))
        asyncio.ensure_future(writer.submit_async(add, ("a",), {}))
        await asyncio.sleep(0)

    asyncio.run(leave())
    gate.opened.set()
    assert writer.submit(add, ("b",), {}) == "added b"
    assert seen(path) == {"a", "b"}


async def test_more_units_than_a_group_holds_are_all_committed(writer: Writer, path: Path) -> None:
    names = [f"n{i}" for i in range(200)]
    results = await asyncio.gather(*(writer.submit_async(add, (n,), {}) for n in names))
    assert results == [f"added {n}" for n in names]
    assert seen(path) == set(names)


def test_a_value_of_the_wrong_kind_is_the_units_own_error(db: Database) -> None:
    def wrong(conn: Connection) -> None:
        conn.execute(text("INSERT INTO clock (id, now_us) VALUES (1, 'noon')"))

    with pytest.raises(Exception, match="cannot store TEXT value"):
        db.write_now(wrong)
