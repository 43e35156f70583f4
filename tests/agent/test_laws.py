"""Jurisdictions in force: a broken file replaces nothing, an old verdict keeps its own hours."""

from __future__ import annotations

import pytest

from agent.documents import SHIPPED, read_files, seed, shipped_packs
from agent.laws import FILE, seed_laws
from agent.pack_writing import FILES
from policies.pack import Pack
from store import documents
from store.database import Database
from tools.packs import PackShelf

NOW = 1_772_539_200_000_000
TRAVEL = shipped_packs()["travel"]
LAWS = shipped_packs()["jurisdictions"]
LATER = LAWS.replace('from: "21:00", to: "08:00"', 'from: "20:00", to: "08:00"', 1)


@pytest.fixture
def shelf(db: Database) -> PackShelf:
    """What is shipped is in force; of its packs, travel applies the jurisdictions."""
    assert db.write_now(seed, read_files(None, None), at=NOW) == []
    assert LATER != LAWS
    return PackShelf()


def put(db: Database, shelf: PackShelf, text: str, author: str = FILES) -> list[str]:
    """What the watched folder does with the file."""
    return db.write_now(seed_laws, text, author=author, at=NOW + 1, shelf=shelf)


def in_force(db: Database) -> tuple[int, str]:
    found = db.read_now(documents.live, kind="policy", name="jurisdictions")
    assert found is not None
    return found.version, found.author


def travel(db: Database, shelf: PackShelf) -> Pack:
    return db.read_now(shelf.in_force).pack("travel")


def hours(pack: Pack) -> set[str]:
    (states,) = (law for law in pack.jurisdictions if law.id == "US")
    return {str(window) for window in states.windows}


def test_the_first_start_takes_what_is_shipped(db: Database, shelf: PackShelf) -> None:
    assert in_force(db) == (1, SHIPPED)
    assert {law.id for law in travel(db, shelf).jurisdictions} >= {"US", "US-FL"}


def test_a_deployments_own_lies_over_it_and_a_start_does_not_undo_it(
    db: Database, shelf: PackShelf
) -> None:
    assert put(db, shelf, LATER) == []
    assert in_force(db) == (2, FILES)
    assert db.write_now(seed, read_files(None, None), at=NOW + 2) == []
    newer = LATER.replace("notice: >-", "notice: >-\n  Of the next release.")
    assert put(db, shelf, newer, author=SHIPPED) == []
    assert in_force(db) == (2, FILES)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("jurisdictions: [", "jurisdictions.yaml:"),
        (LATER.replace('to: "08:00"', 'to: "25:00"', 1), "25:00"),
        (LATER.replace("zones: [America/New_York", "zones: [America/New_Yorc", 1), "New_Yorc"),
    ],
)
def test_one_that_cannot_be_read_replaces_nothing_and_says_where(
    db: Database, shelf: PackShelf, text: str, said: str
) -> None:
    problems = put(db, shelf, text)
    assert problems and all(problem.startswith(f"{FILE}:") for problem in problems)
    assert said in " ".join(problems)
    assert in_force(db) == (1, SHIPPED)


def test_a_verdict_from_before_still_finds_the_hours_that_it_was_made_under(
    db: Database, shelf: PackShelf
) -> None:
    before = travel(db, shelf)
    assert put(db, shelf, LATER) == []
    now = travel(db, shelf)
    assert now.sha256 != before.sha256 and hours(now) != hours(before)
    for look in (shelf, PackShelf()):
        for pack in (before, now):
            again = db.read_now(look.by_sha256, pack.sha256)
            assert (again.sha256, hours(again)) == (pack.sha256, hours(pack))


def test_a_file_alone_changes_no_pack_that_two_people_change(
    db: Database, shelf: PackShelf
) -> None:
    guarded = TRAVEL.replace("version: 1\n", "version: 2\nfour_eyes: true\n", 1)
    db.write_now(
        documents.put, kind="policy", name="travel", text=guarded, author="ann", at=NOW, version=2
    )
    before = travel(db, shelf)
    assert before.four_eyes
    (said,) = put(db, shelf, LATER)
    assert said.startswith(f"{FILE}:1:1: two people change the packs travel")
    assert in_force(db) == (1, SHIPPED)
    assert travel(db, shelf).sha256 == before.sha256
