"""The stuck-work detector: each kind by its oldest due item, and by an index (P7)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, text
from sqlalchemy.dialects import sqlite

from agent import stuck
from agent.assembly import Parts
from agent.dispatcher import FIRST_REST_S, LONGEST_REST_S, MOST_TRIES
from agent.stuck import KINDS
from store.database import Database
from store.schema import approvals, deliveries, effects, events, inbox, wakeups
from tests.agent.deployment import deployment

S = 1_000_000
NOW = 1_000_000 * S
_N = itertools.count(1)


def row(table: Table, **values: Any) -> Callable[[Connection], None]:
    """A row with these values; whatever else it must have is made up."""
    n = next(_N)
    made: dict[str, Any] = {}
    for column in table.c:
        if column.nullable:
            continue
        kind = column.type.python_type
        made[column.name] = n if kind is int else f"x{n}" if kind is str else b"sealed"
    made |= values

    def put(conn: Connection) -> None:
        conn.execute(table.insert().values(**made))

    return put


def effect(**values: Any) -> Callable[[Connection], None]:
    """An effect; not in a state, or at a time, of its own."""
    return row(effects, **values)


LATE: dict[str, Callable[[int], Callable[[Connection], None]]] = {
    "inbox": lambda at: row(inbox, status="accepted", received_at=at),
    "events": lambda at: row(events, state="waiting", received_at=at),
    "wake_ups": lambda at: row(wakeups, state="pending", kind="release", due_at=at),
    "claims": lambda at: effect(status="claimed", claimed_at=at),
    "scheduled": lambda at: effect(status="scheduled", not_before=at),
    "approvals": lambda at: row(approvals, status="pending", outcome="review", due_at=at),
    "deliveries": lambda at: row(
        deliveries, state="waiting", kind="sync", made_at=at, due_at=at, attempts=0
    ),
}


def standing(db: Database, now_us: int = NOW) -> dict[str, stuck.Oldest]:
    found = db.read_now(stuck.standing, now_us=now_us, machine_us=now_us)
    return {kind.name: kind for kind in found.kinds}


def test_nothing_is_stuck_where_nothing_waits(any_database: Database) -> None:
    found = standing(any_database)
    assert set(found) == set(LATE) == {kind.name for kind in KINDS}
    assert {(kind.n, kind.age_s, kind.oldest_at, kind.stuck) for kind in found.values()} == {
        (0, 0, None, False)
    }


def test_p7_of_every_kind_the_oldest_due_item_is_found_and_stuck_beyond_its_threshold(
    any_database: Database,
) -> None:
    for kind in KINDS:
        oldest = NOW - kind.threshold_s * S
        for at in (oldest + 5 * S, oldest, oldest + 7 * S):
            any_database.write_now(LATE[kind.name](at))
    for name, found in standing(any_database).items():
        assert (found.n, found.age_s) == (3, found.threshold_s), name
        assert not found.stuck
    later = standing(any_database, NOW + S)
    assert all(found.stuck and found.as_json()["what_to_do"] for found in later.values())


def test_what_is_done_or_not_due_yet_does_not_count(any_database: Database) -> None:
    for put in (
        row(inbox, status="resolved", received_at=0),
        row(inbox, status="dead", received_at=0),
        row(events, state="decided", received_at=0),
        row(wakeups, state="pending", kind="release", due_at=NOW + S),
        row(wakeups, state="done", kind="release", due_at=0),
        row(wakeups, state="dead", kind="release", due_at=0),
        effect(status="scheduled", not_before=NOW + S),
        effect(status="sent", claimed_at=0, not_before=0),
        row(approvals, status="pending", outcome="review", due_at=NOW + S),
        row(deliveries, state="waiting", kind="sync", made_at=0, due_at=NOW + S, attempts=1),
        row(deliveries, state="done", kind="sync", made_at=0, due_at=0, attempts=1),
    ):
        any_database.write_now(put)
    assert {kind.n for kind in standing(any_database).values()} == {0}


def test_every_question_is_answered_by_an_index(db: Database) -> None:
    for kind in KINDS:
        asked = kind.due(NOW).compile(
            dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}
        )
        steps = db.read_now(_plan, str(asked))
        tables = [step for step in steps if "ix_" in step]
        assert tables, (kind.name, steps)
        assert not [step for step in steps if step.startswith("SCAN") and "INDEX" not in step
                    and "parts" not in step and "anon" not in step], (kind.name, steps)  # fmt: skip


def _plan(conn: Connection, asked: str) -> list[str]:
    return [step.detail for step in conn.execute(text(f"EXPLAIN QUERY PLAN {asked}"))]


class Unwell(Database):
    """A database whose writes fail while it is told to."""

    ill = False

    async def write(self, unit: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.ill and unit.__name__ == "take":
            raise OSError("the disk has a bad day")
        return await super().write(unit, *args, **kwargs)


class Time:
    """Monotonic time that a test moves."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def no_waiting(seconds: float) -> None:
    """Retries wait for nothing."""


async def test_p7_a_lane_that_was_given_up_is_counted_rests_and_is_tried_again(
    tmp_path: Path,
) -> None:
    time = Time()
    parts = Parts(database=Unwell, sleep=no_waiting, monotonic=time)
    async with deployment(tmp_path, parts=parts) as d:
        await d.person()
        dispatcher, db = d.runs.dispatcher, d.runs.db
        assert isinstance(db, Unwell)
        db.ill = True
        await d.track("Product Viewed")
        for rest in (FIRST_REST_S, 2 * FIRST_REST_S, 4 * FIRST_REST_S):
            await d.runs.caught_up()
            await dispatcher.idle()
            assert dispatcher.resting == 1
            time.now += rest - 1
            dispatcher.wake_rested()
            assert dispatcher.running == 0
            time.now += 1
            dispatcher.wake_rested()
            assert dispatcher.running == 1
        await dispatcher.idle()
        told = await d.runs.condition.report()
        assert told["lanes"] == {"running": 0, "given_up": 1} and not told["well"]
        assert "usher_lanes_given_up 1.0" in (await d.runs.metrics()).decode()
        db.ill = False
        time.now += LONGEST_REST_S
        dispatcher.wake_rested()
        await d.runs.idle()
        assert dispatcher.resting == 0 and MOST_TRIES > 1
        d.everything_ended()


async def test_figures_say_how_old_the_oldest_due_item_is(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        late = d.runs.clock.now_us() - 90 * S
        d.runs.db.write_now(LATE["scheduled"](late))
        told = (await d.runs.metrics()).decode()
        assert 'usher_oldest_due_seconds{kind="scheduled"} 90.0' in told
        assert 'usher_due_items{kind="scheduled"} 1.0' in told
        assert 'usher_oldest_due_seconds{kind="inbox"} 0.0' in told
