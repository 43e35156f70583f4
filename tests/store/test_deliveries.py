"""Deliveries: told once a thing, in order for one person, kept until acknowledged, then noise."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from store import deliveries
from store.database import Database
from store.schema import deliveries as table
from store.sealing import Erased

NOW = 1_700_000_000_000_000


def _add(db: Database, key: str, **over: Any) -> bool:
    target = str(over.get("target", "system:crm"))
    said: dict[str, Any] = {
        "id": deliveries.id_of(target, key),
        "target": target,
        "kind": "sync",
        "topic": "customer.suppressed",
        "dedupe_key": key,
        "customer_id": "cus_1",
        "body": {"said": key},
        "now_us": NOW,
    }
    return db.write_now(deliveries.add, db.vault, **(said | over))


def _due(db: Database, now: int = NOW, **rest: Any) -> list[str]:
    return [row.dedupe_key for row in db.read_now(deliveries.due, now, 50, **rest)]


def _keys(db: Database) -> list[str]:
    rows = db.read_now(lambda conn: conn.execute(table.select()).all())
    return [str(row.dedupe_key) for row in rows]


def _id(key: str, target: str = "system:crm") -> str:
    return deliveries.id_of(target, key)


def test_a_target_is_told_a_thing_once_and_each_target_for_itself(any_database: Database) -> None:
    db = any_database
    assert _add(db, "one")
    assert not _add(db, "one", id="dlv_other", body={"said": "else"})
    assert _add(db, "one", target="system:mail")
    assert len(_due(db)) == 2
    assert db.read_now(deliveries.targets_due, NOW) == ["system:crm", "system:mail"]


def test_for_one_person_the_first_made_is_told_first_whatever_the_clock_does(
    any_database: Database,
) -> None:
    db = any_database
    for key, now in (("first", NOW), ("second", NOW), ("third", NOW - 5_000_000)):
        _add(db, key, now_us=now)
    _add(db, "elsewhere", customer_id="cus_2")
    _add(db, "nobody a", customer_id=None)
    _add(db, "nobody b", customer_id=None)
    assert sorted(_due(db)) == ["elsewhere", "first", "nobody a", "nobody b"]
    db.write_now(deliveries.failed, _id("first"), retry_at=NOW + 9, reason="503")
    assert "second" not in _due(db)
    db.write_now(deliveries.acknowledged, _id("first"), now_us=NOW)
    assert "second" in _due(db)
    db.write_now(deliveries.dead, _id("second"), now_us=NOW, reason="410")
    assert "third" in _due(db)


def test_what_somebody_has_begun_nobody_else_begins_until_its_time_is_up(
    any_database: Database,
) -> None:
    db = any_database
    _add(db, "one")
    taken = db.write_now(deliveries.begin, db.vault, _id("one"), attempts=0, until_us=NOW + 30)
    assert taken is not None and taken.attempts == 1 and taken.body == {"said": "one"}
    other = db.write_now(deliveries.begin, db.vault, _id("one"), attempts=0, until_us=NOW + 30)
    assert other is None
    assert _due(db) == []
    assert _due(db, NOW + 30) == ["one"]
    assert db.read_now(deliveries.next_due) == NOW + 30


def test_once_acknowledged_its_body_goes_and_nothing_opens_a_copy_of_it(
    any_database: Database,
) -> None:
    db = any_database
    _add(db, "one")
    copy = bytes(db.read_now(deliveries.get, _id("one")).body_sealed)  # type: ignore[union-attr]
    assert db.write_now(deliveries.acknowledged, _id("one"), now_us=NOW)
    assert not db.write_now(deliveries.acknowledged, _id("one"), now_us=NOW)
    spent = db.read_now(deliveries.spent, 10)
    assert spent == {_id("one"): copy}
    db.vault.ensure("cus_1")
    beside = db.vault.seal("cus_1", "x", b"kept")
    assert db.vault.discard(spent.values()) == 1
    db.write_now(deliveries.emptied, list(spent))
    with pytest.raises(Erased):
        db.vault.open(deliveries.LABEL, copy)
    assert db.vault.open("x", beside) == b"kept"
    assert db.read_now(deliveries.spent, 10) == {}
    assert not _add(db, "one")


def test_only_a_person_has_a_dead_one_told_again(any_database: Database) -> None:
    db = any_database
    _add(db, "one")
    assert not db.write_now(deliveries.again, _id("one"), now_us=NOW)
    db.write_now(deliveries.begin, db.vault, _id("one"), attempts=0, until_us=NOW)
    db.write_now(deliveries.dead, _id("one"), now_us=NOW, reason="410")
    assert _due(db) == []
    assert db.write_now(deliveries.again, _id("one"), now_us=NOW + 1)
    [row] = db.read_now(deliveries.due, NOW + 1, 5)
    assert (row.attempts, row.settled_at) == (0, None)


def test_a_removed_target_is_told_nothing_more_and_cannot_be(any_database: Database) -> None:
    db = any_database
    _add(db, "one")
    _add(db, "two", customer_id=None)
    db.write_now(deliveries.dead, _id("two"), now_us=NOW, reason="410")
    ended = db.write_now(deliveries.end_target, "system:crm", now_us=NOW, reason="removed")
    assert ended == 2
    assert _due(db) == []
    assert not db.write_now(deliveries.again, _id("two"), now_us=NOW)
    assert db.read_now(deliveries.spent, 10).keys() == {_id("one"), _id("two")}


def test_an_erasure_makes_void_what_was_still_to_be_told_of_the_person(
    any_database: Database,
) -> None:
    db = any_database
    _add(db, "told")
    db.write_now(deliveries.acknowledged, _id("told"), now_us=NOW)
    _add(db, "untold")
    _add(db, "hers", customer_id="cus_2")
    _add(db, "news", kind="subscription", target="subscription:a")
    assert (
        db.write_now(deliveries.overtaken, ["cus_1"], by_topic="customer.erased", now_us=NOW) == 1
    )
    assert sorted(_due(db)) == ["hers", "news"]


def test_how_a_target_stands_is_counted_with_the_age_of_the_oldest_untold_thing(
    any_database: Database,
) -> None:
    db = any_database
    for k in range(4):
        _add(db, f"{k}", customer_id=None, now_us=NOW + k)
    db.write_now(deliveries.acknowledged, _id("0"), now_us=NOW + 7)
    db.write_now(deliveries.dead, _id("1"), now_us=NOW + 8, reason="410")
    db.write_now(deliveries.begin, db.vault, _id("2"), attempts=0, until_us=NOW)
    assert db.read_now(deliveries.tallies) == {
        "system:crm": deliveries.Tally(
            target="system:crm",
            waiting=2,
            trying_again=1,
            dead=1,
            done=1,
            oldest_untold_at=NOW + 1,
            last_acknowledged_at=NOW + 7,
        )
    }


def test_old_tellings_of_subscribers_are_swept_and_what_systems_know_of_people_stays(
    any_database: Database,
) -> None:
    db = any_database
    _add(db, "stays")
    _add(db, "goes", kind="subscription")
    for key in ("stays", "goes"):
        db.write_now(deliveries.acknowledged, _id(key), now_us=NOW)
    assert db.write_now(deliveries.sweep, before=NOW + 1) == 0
    db.write_now(deliveries.emptied, [_id("stays"), _id("goes")])
    assert db.write_now(deliveries.sweep, before=NOW) == 0
    assert db.write_now(deliveries.sweep, before=NOW + 1) == 1
    assert _keys(db) == ["stays"]


def test_whoever_delivers_is_woken_by_the_commit_and_by_no_other(any_database: Database) -> None:
    db, woken = any_database, threading.Event()
    db.on_news(woken.set)
    db.write_now(deliveries.sweep, before=NOW)
    assert not woken.is_set()
    _add(db, "one")
    assert woken.wait(30)
