"""Which words name somebody: whoever is known, was merged or is erased, and nobody else (P5)."""

from __future__ import annotations

from customers import erasure
from customers.naming import naming
from tests.customers.people import NOW, Town, identify

WORDS = ["tell", "me", "of", "ada", "Ada@Example.com", "bob", "device-1", "\ud800"]


def named(town: Town, *more: str) -> frozenset[str]:
    return town.db.read_now(naming, town.vault, [*WORDS, *more])


def test_p5_words_name_whoever_is_known_by_exactly_them(any_town: Town) -> None:
    assert named(any_town) == frozenset()
    ada = any_town.who(identify("ada", anonymous="device-1", email="ada@example.com"))
    assert named(any_town, ada) == {"ada", "Ada@Example.com", "device-1", ada}


def test_p5_the_erased_are_still_named(any_town: Town) -> None:
    ada = any_town.who(identify("ada", email="ada@example.com"))
    any_town.run(erasure.prepare, ada, now_us=NOW)
    assert named(any_town) >= {"ada", "Ada@Example.com"}
