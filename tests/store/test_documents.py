"""What people write is kept in versions that nobody changes; one of them is live."""

from __future__ import annotations

import asyncio

import pytest

from store import documents
from store.database import Database
from store.documents import Document, OldVersion


def put(db: Database, text: str, **changes: object) -> Document:
    values = {"kind": "policy", "name": "commerce", "author": "user:bo", "at": 1} | changes
    return db.write_now(documents.put, text=text, **values)  # type: ignore[arg-type]


def live(db: Database, name: str = "commerce") -> Document | None:
    return db.read_now(documents.live, kind="policy", name=name)


def test_a_new_text_is_a_new_version_and_live_at_once(any_database: Database) -> None:
    db = any_database
    first, second = put(db, "one"), put(db, "two", at=2)
    assert (first.version, second.version) == (1, 2)
    assert live(db) == second
    assert db.read_now(documents.get, kind="policy", name="commerce", version=1) == first
    assert db.read_now(documents.get, kind="policy", name="commerce", version=9) is None


def test_the_same_text_changes_nothing(any_database: Database) -> None:
    db = any_database
    first = put(db, "one")
    assert put(db, "one", author="user:cy", at=5) == first
    assert live(db) == first


def test_a_text_may_name_its_own_version_which_must_be_new(any_database: Database) -> None:
    db = any_database
    assert put(db, "one", version=7).version == 7
    with pytest.raises(OldVersion, match="write 'version: 8'"):
        put(db, "two", version=7)
    assert put(db, "three").version == 8


def test_another_version_can_be_made_live_again_and_is_not_copied(any_database: Database) -> None:
    db = any_database
    first, second = put(db, "one"), put(db, "two")
    db.write_now(documents.make_live, kind="policy", name="commerce", version=1, at=3)
    assert live(db) == first
    assert put(db, "two again").version == 3
    assert db.read_now(documents.get, kind="policy", name="commerce", version=2) == second


def test_a_version_that_is_not_there_cannot_be_made_live(any_database: Database) -> None:
    db = any_database
    first = put(db, "one")
    with pytest.raises(Exception, match="(?i)foreign key"):
        db.write_now(documents.make_live, kind="policy", name="commerce", version=2, at=3)
    assert live(db) == first


def test_kinds_and_names_are_apart(any_database: Database) -> None:
    db = any_database
    put(db, "b", name="travel")
    put(db, "a")
    put(db, "c", kind="brand")
    assert [d.name for d in db.read_now(documents.all_live, "policy")] == ["commerce", "travel"]
    assert db.read_now(documents.all_live, "agent") == []
    assert live(db, "finance") is None


def test_every_letter_is_kept(any_database: Database) -> None:
    text = "Zoë: 50 % 🛒\r\n\tend\n"
    put(any_database, text)
    found = live(any_database)
    assert found is not None and found.text == text


def test_no_version_is_ever_changed_or_lost(any_database: Database) -> None:
    db = any_database
    made = [put(db, f"text {n}", at=n) for n in range(5)]
    db.write_now(documents.make_live, kind="policy", name="commerce", version=2, at=9)
    put(db, "text 9", at=10)
    assert [
        db.read_now(documents.get, kind="policy", name="commerce", version=d.version) for d in made
    ] == made


async def test_of_texts_that_come_at_the_same_time_each_is_a_version(
    any_database: Database,
) -> None:
    db = any_database

    async def write(n: int) -> Document:
        return await db.write(
            documents.put, kind="policy", name="commerce", text=f"text {n}", author="bo", at=n
        )

    made = await asyncio.gather(*(write(n) for n in range(12)))
    assert sorted(document.version for document in made) == list(range(1, 13))
    newest = live(db)
    assert newest is not None and newest.version == 12


async def test_of_texts_that_give_themselves_one_version_one_is_told(
    any_database: Database,
) -> None:
    db = any_database

    async def write(n: int) -> Document:
        return await db.write(
            documents.put,
            kind="policy",
            name="commerce",
            text=f"text {n}",
            author="bo",
            at=n,
            version=1,
        )

    made = await asyncio.gather(*(write(n) for n in range(4)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in made) == ["Document", *["OldVersion"] * 3]
