"""Anchors: signed, in line, and only where there is something new to sign (P8)."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.exceptions import InvalidSignature
from sqlalchemy import Connection, text

from store import anchors, audit, journal
from store.anchors import Anchor
from store.database import Database
from tests.store.journal_of import fill, write_entry


def anchored(db: Database, *, at: int) -> Anchor:
    made = db.write_now(anchors.anchor, db.vault, at=at)
    assert made is not None
    return made


def grow(db: Database) -> None:
    db.write_now(write_entry, db.vault, db.vault.reserve(1)[0])


def test_p8_an_anchor_is_the_signed_heads_of_all_chains(any_database: Database) -> None:
    db = any_database
    fill(db)
    made = anchored(db, at=7)
    said = anchors.read(made.text)
    assert said.heads == db.read_now(journal.heads)
    assert (said.number, said.at, said.previous) == (1, 7, journal.GENESIS)
    public = db.vault.signing_key().public_key()
    public.verify(bytes.fromhex(made.signature), made.text.encode())
    with pytest.raises(InvalidSignature):
        public.verify(bytes.fromhex(made.signature), made.text.replace('"at":7', '"at":8').encode())
    assert db.read_now(anchors.newest) == made


def test_nothing_new_is_not_anchored_again(any_database: Database) -> None:
    db = any_database
    fill(db, people=2, each=1)
    anchored(db, at=1)
    assert db.write_now(anchors.anchor, db.vault, at=2) is None
    grow(db)
    anchored(db, at=3)
    assert [anchors.read(a.text).at for a in db.read_now(anchors.listing)] == [1, 3]


def test_p8_each_anchor_names_the_one_before_it(any_database: Database) -> None:
    db = any_database
    made = []
    for at in range(3):
        grow(db)
        made.append(anchored(db, at=at))
    said = [anchors.read(one.text) for one in db.read_now(anchors.listing)]
    assert [s.previous for s in said] == [journal.GENESIS, made[0].digest, made[1].digest]
    assert db.read_now(audit.verify, db.vault).anchors == 3


@pytest.mark.parametrize("gone", [0, 1])
def test_p8_an_anchor_taken_out_is_found(any_database: Database, gone: int) -> None:
    db = any_database
    made = []
    for at in range(3):
        grow(db)
        made.append(anchored(db, at=at))

    def take_out(conn: Connection) -> None:
        conn.execute(text("DELETE FROM anchors WHERE id = :id"), {"id": made[gone].id})

    db.write_now(take_out)
    report = db.read_now(audit.verify, db.vault)
    assert report.problems == (
        f"anchor {made[gone + 1].id} does not follow the one before it: one is missing",
    )


def test_p8_an_altered_anchor_is_found(any_database: Database) -> None:
    db = any_database
    grow(db)
    made = anchored(db, at=1)
    forged = json.loads(made.text) | {"at": 2}

    def alter(conn: Connection) -> None:
        conn.execute(text("UPDATE anchors SET heads = :heads"), {"heads": json.dumps(forged)})

    db.write_now(alter)
    report = db.read_now(audit.verify, db.vault)
    assert not report.intact and "is not signed by this deployment" in report.problems[0]
    assert report.anchored == 0


@pytest.mark.parametrize("nonsense", ["", "[]", "{}", '{"heads": 1}', '{"heads": {"a": [1]}}'])
def test_what_is_no_anchor_is_told_so(nonsense: str) -> None:
    with pytest.raises(ValueError, match="not the text of an anchor"):
        anchors.read(nonsense)


def test_several_who_anchor_at_once_stand_in_line(any_database: Database) -> None:
    db = any_database

    def both(at: int) -> None:
        grow(db)
        db.write_now(anchors.anchor, db.vault, at=at)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(both, range(24)))
    report = db.read_now(audit.verify, db.vault)
    assert report.intact and report.anchored == 24
