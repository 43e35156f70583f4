"""What a pack was made of stays known by its digest, whatever is in force later."""

from __future__ import annotations

from store import documents, pack_builds
from store.database import Database
from store.pack_builds import Part


def put(db: Database, name: str, text: str, version: int) -> None:
    db.write_now(
        documents.put, kind="policy", name=name, text=text, author="a", at=1, version=version
    )


def test_a_build_is_its_texts_in_order_and_stays_so(any_database: Database) -> None:
    db = any_database
    put(db, "organisation", "below", 3)
    put(db, "shop", "above", 1)
    parts = [Part("policy", "organisation", 3), Part("policy", "shop", 1)]
    for again in (parts, parts[:1]):
        db.write_now(pack_builds.put, sha256="aa", name="shop", version=1, parts=again, at=5)
    put(db, "organisation", "below, changed", 4)
    found = db.read_now(pack_builds.texts, "aa")
    assert found is not None
    assert [(d.name, d.version, d.text) for d in found] == [
        ("organisation", 3, "below"),
        ("shop", 1, "above"),
    ]
    assert db.read_now(pack_builds.texts, "bb") is None


def test_the_key_of_what_is_in_force_names_every_text(any_database: Database) -> None:
    db = any_database
    put(db, "shop", "one", 1)
    put(db, "organisation", "two", 7)
    put(db, "shop", "three", 2)
    assert db.read_now(documents.live_key, "policy") == (
        ("organisation", 7, documents.digest("two")),
        ("shop", 2, documents.digest("three")),
    )
    assert db.read_now(documents.live_key, "agent") == ()
