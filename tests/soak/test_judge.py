"""The judge of the soak fails on a doctored database or log, for every figure that it gives."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Connection,
    Engine,
    Integer,
    LargeBinary,
    NullPool,
    Table,
    create_engine,
    insert,
    update,
)
from sqlalchemy.event import listens_for

from store.schema import clock, effects, events, inbox, journal, lanes, metadata, wakeups
from tests.soak.judge import Delivered, Told, Verdict, judge, read_log
from tests.soak.outcome import Soaked, both

ADA = "ada@example.com"
TUESDAY = datetime(2026, 3, 3, 12, tzinfo=UTC)
CLEAN = Verdict(lost=0, twice=0, caps=0, after_opt_out=0, stale=0)


def quick(database: Path) -> Engine:
    """An engine that waits for no disk."""
    engine = create_engine(f"sqlite:///{database}", poolclass=NullPool)

    @listens_for(engine, "connect")
    def _without_waiting(connection: Any, _: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    return engine


def micros(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def put(conn: Connection, table: Table, **given: Any) -> None:
    """One row; what is not given is zero or empty."""
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.name in given:
            row[column.name] = given[column.name]
        elif not column.nullable and column.autoincrement is not True:
            kind = column.type
            row[column.name] = (
                0 if isinstance(kind, Integer) else b"" if isinstance(kind, LargeBinary) else ""
            )
    conn.execute(insert(table).values(row))


def an_effect(conn: Connection, effect: str, at: datetime, **given: Any) -> None:
    row = {"id": effect, "idempotency_key": effect, "customer_id": "cus_ada", "via": "mail"}
    row |= {"status": "sent", "claim_epoch": 2, "settled_at": micros(at), **given}
    put(conn, effects, **row)


def letter(effect: str, at: datetime = TUESDAY, *, begun_ns: int = 100) -> Delivered:
    return Delivered(f"<{effect}@shop.example>", ADA, at, begun_ns)


def went_well(conn: Connection) -> None:
    """Two events and one letter."""
    metadata.create_all(conn, [clock, effects, events, inbox, journal, lanes, wakeups])
    put(conn, clock, id=1, now_us=micros(TUESDAY))
    put(conn, lanes, customer_id="cus_ada", epoch=3)
    for n, state in ((1, "decided"), (2, "recorded")):
        key = f"evt_{n}"
        put(conn, inbox, seq=n, event_id=key, message_hash=key, status="resolved")
        put(conn, events, id=key, seq=n, state=state)
        put(conn, journal, pos=n, seq=n, customer_id="cus_ada", epoch=n)
    an_effect(conn, "eff_1", TUESDAY)
    due = micros(TUESDAY) + 1
    put(conn, wakeups, kind="release", ref="eff_1", state="pending", due_at=due)


class Case:
    """A soak that went well, with an opt-out after the letter. To be doctored."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.engine = quick(database)
        self.letters = [letter("eff_1")]
        self.told = Told(answered=2, zones={ADA: "Asia/Tokyo"}, opted_out={ADA: 200})

    def verdict(self) -> Verdict:
        return judge(self.database, self.letters, self.told)

    def change(self, statement: Any) -> None:
        with self.engine.begin() as conn:
            conn.execute(statement)

    def send(self, effect: str, at: datetime) -> None:
        """One letter more, by the book."""
        with self.engine.begin() as conn:
            an_effect(conn, effect, at)
        self.letters.append(letter(effect))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("soak") / "usher.db"
    with quick(database).begin() as conn:
        went_well(conn)
    return database


@pytest.fixture
def case(tmp_path: Path, template: Path) -> Case:
    return Case(Path(shutil.copy(template, tmp_path)))


def test_what_went_well_is_clean(case: Case) -> None:
    case.send("eff_2", TUESDAY + timedelta(hours=3))  # the next day in Tokyo
    case.send("eff_3", TUESDAY + timedelta(days=2))
    case.send("eff_4", TUESDAY + timedelta(days=7))
    assert case.verdict() == CLEAN and CLEAN.clean


def _gone(case: Case) -> None:
    case.told = replace(case.told, answered=3)


def _another_effect(case: Case, status: str) -> None:
    with case.engine.begin() as conn:
        an_effect(conn, "eff_2", TUESDAY + timedelta(days=1), status=status)


LOST: dict[str, Callable[[Case], object]] = {
    "an event that was answered for is not there": _gone,
    "an event was never resolved": lambda case: case.change(
        update(inbox).where(inbox.c.seq == 1).values(status="accepted")
    ),
    "an event has no end": lambda case: case.change(
        update(events).where(events.c.seq == 1).values(state="waiting")
    ),
    "what fell due was not done": lambda case: case.change(
        update(clock).values(now_us=micros(TUESDAY) + 2)
    ),
    "what fell due was given up": lambda case: case.change(update(wakeups).values(state="dead")),
    "the ledger says sent and nothing came": lambda case: _another_effect(case, "sent"),
    "somebody still has it in hand": lambda case: _another_effect(case, "claimed"),
    "it came and the ledger has never heard of it": lambda case: case.letters.append(
        letter("eff_2", TUESDAY + timedelta(days=1))
    ),
    "it came and the ledger says it did not": lambda case: case.change(
        update(effects).values(status="failed")
    ),
}


@pytest.mark.parametrize("doctor", LOST.values(), ids=LOST.keys())
def test_p7_what_is_lost_is_counted(case: Case, doctor: Callable[[Case], object]) -> None:
    doctor(case)
    assert case.verdict() == replace(CLEAN, lost=1)


def test_p3_a_letter_that_came_twice_is_counted(case: Case) -> None:
    case.letters.append(letter("eff_1", begun_ns=150))
    assert case.verdict() == replace(CLEAN, twice=1)


def test_an_event_that_was_taken_in_twice_is_counted(case: Case) -> None:
    case.told = replace(case.told, answered=1)
    assert case.verdict() == replace(CLEAN, twice=1)


def test_p2_a_second_letter_on_a_local_day_is_counted(case: Case) -> None:
    case.send("eff_2", TUESDAY + timedelta(hours=2, minutes=59))  # 23:59 in Tokyo
    assert case.verdict() == replace(CLEAN, caps=1)


def test_p2_a_fourth_letter_within_seven_days_is_counted(case: Case) -> None:
    for n, days in enumerate((1.5, 3, 6.99), start=2):
        case.send(f"eff_{n}", TUESDAY + timedelta(days=days))
    assert case.verdict() == replace(CLEAN, caps=1)


def test_a_letter_begun_after_an_acknowledged_opt_out_is_counted(case: Case) -> None:
    case.letters = [letter("eff_1", begun_ns=201)]
    assert case.verdict() == replace(CLEAN, after_opt_out=1)


def test_p4_an_entry_under_an_epoch_that_its_lane_had_left_is_counted(case: Case) -> None:
    case.change(update(journal).where(journal.c.pos == 1).values(epoch=3))
    assert case.verdict() == replace(CLEAN, stale=1)


def test_p4_a_claim_under_an_epoch_that_its_lane_never_had_is_counted(case: Case) -> None:
    case.change(update(effects).values(claim_epoch=4))
    assert case.verdict() == replace(CLEAN, stale=1)


def test_a_log_is_read_as_the_mail_server_writes_it(tmp_path: Path) -> None:
    log = tmp_path / "mail.jsonl"
    one = letter("eff_1")
    row = {"id": one.id, "to": ADA, "date": format_datetime(TUESDAY), "begun_ns": 100}
    log.write_text(json.dumps(row) + "\n")
    assert read_log(log) == [one]
    assert one.effect == "eff_1"


def test_a_soak_passes_only_where_letters_left_nothing_was_found_and_the_chain_holds() -> None:
    well = Soaked(60, 750, kills=3, stops=1, letters=9, verdict=CLEAN, chain=True)
    assert well.passed
    assert well.line(31.4) == (
        "soak: 60 customers, 750 events, 3 kills, 1 stops, 9 letters: 0 lost, 0 twice, "
        "0 caps exceeded, 0 after opt-out, 0 stale writes, chain valid (31 s)"
    )
    assert not replace(well, letters=0).passed
    assert not replace(well, chain=False).passed
    assert "chain BROKEN" in replace(well, chain=False).line(1)
    for figure in ("lost", "twice", "caps", "after_opt_out", "stale"):
        found = replace(CLEAN, **{figure: 1})
        worse = replace(well, verdict=found)
        assert not worse.passed, figure
        assert not both(well, worse).passed and not both(worse, well).passed, figure
    assert both(well, well).passed and both(well, well).letters == 18
    assert not both(well, replace(well, letters=0)).passed
    assert not both(well, replace(well, chain=False)).passed
