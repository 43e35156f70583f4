"""Changes of packs move forward once; whoever wrote one is never the one who agrees."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from store import pack_changes
from store.database import Database
from store.pack_changes import Change

ASKED = Change("chg_1", "shop", "put", 2, "aa", "text", "bb", "ann", "why", 10, four_eyes=True)


def waiting(db: Database, change: Change = ASKED) -> Change:
    db.write_now(pack_changes.add, change)
    return change


def decide(db: Database, to: str, by: str | None) -> bool:
    return db.write_now(pack_changes.decide, ASKED.id, to=to, by=by, reason="because", at=20)


def test_a_change_is_read_as_it_was_written(any_database: Database) -> None:
    waiting(any_database)
    assert any_database.read_now(pack_changes.get, "chg_1") == ASKED
    assert any_database.read_now(pack_changes.get, "chg_2") is None
    assert any_database.read_now(pack_changes.waiting) == {"shop": 1}
    later = waiting(any_database, replace(ASKED, id="chg_2", at=11))
    assert any_database.read_now(pack_changes.of_pack, "shop") == [later, ASKED]
    assert any_database.read_now(pack_changes.of_pack, "shop", status="stale") == []


def test_p9_an_author_never_agrees_to_their_own_change(any_database: Database) -> None:
    waiting(any_database)
    for by in ("ann", None):
        with pytest.raises(IntegrityError, match="two_people"):
            decide(any_database, "published", by)
    assert decide(any_database, "published", "bob")
    found = any_database.read_now(pack_changes.get, "chg_1")
    assert found is not None and (found.status, found.decided_by) == ("published", "bob")


def test_a_change_is_decided_once(any_database: Database) -> None:
    waiting(any_database)
    assert decide(any_database, "rejected", "ann"), "one may take back what one asked for"
    assert not decide(any_database, "published", "bob")


def test_without_four_eyes_nobody_has_to_agree(any_database: Database) -> None:
    alone = replace(ASKED, four_eyes=False, status="published", decided_at=10)
    assert waiting(any_database, alone) == any_database.read_now(pack_changes.get, "chg_1")
    any_database.write_now(pack_changes.took, "chg_1", took_us=38_000, committed_us=99)
    found = any_database.read_now(pack_changes.get, "chg_1")
    assert found == replace(alone, took_us=38_000, committed_us=99)


def test_the_first_use_counts_anew_each_time_a_build_comes_into_force(
    any_database: Database,
) -> None:
    db = any_database
    for n in (1, 2):
        waiting(db, replace(ASKED, id=f"chg_{n}"))
        db.write_now(pack_changes.brought, f"chg_{n}", name="shop", build_sha256="cc")
        for decision in (f"dec_{n}", "dec_later"):
            db.write_now(pack_changes.note_use, "cc", decision_id=decision, at_us=n)
    db.write_now(pack_changes.note_use, "unknown", decision_id="dec_9", at_us=9)
    used = db.read_now(pack_changes.uses, "shop")
    assert [(u.change_id, u.first_used_us, u.first_used_by) for u in used] == [
        ("chg_2", 2, "dec_2"),
        ("chg_1", 1, "dec_1"),
    ]
