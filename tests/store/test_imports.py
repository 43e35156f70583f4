"""The place an import has reached is kept, and never goes backwards."""

from store import imports
from store.database import Database
from store.imports import ImportState


def test_an_import_begins_once_and_then_stands_where_it_stood(any_database: Database) -> None:
    assert any_database.write_now(imports.begin, "a", 1) == ImportState(0, 0, None)
    any_database.write_now(imports.advance, "a", 500, [(3, "no total"), (9, "no time")])
    assert any_database.write_now(imports.begin, "a", 2) == ImportState(500, 2, None)
    assert any_database.write_now(imports.begin, "b", 3) == ImportState(0, 0, None)


def test_a_batch_recorded_twice_or_late_changes_nothing(any_database: Database) -> None:
    any_database.write_now(imports.begin, "a", 1)
    any_database.write_now(imports.advance, "a", 1_000, [(3, "no total")])
    any_database.write_now(imports.advance, "a", 500, [(3, "no total")])
    assert any_database.write_now(imports.begin, "a", 2) == ImportState(1_000, 1, None)


def test_the_first_end_stays(any_database: Database) -> None:
    any_database.write_now(imports.begin, "a", 1)
    any_database.write_now(imports.finish, "a", 5)
    any_database.write_now(imports.finish, "a", 9)
    assert any_database.write_now(imports.begin, "a", 10).finished_at == 5


def test_rows_set_aside_are_listed_in_the_order_of_the_file(any_database: Database) -> None:
    any_database.write_now(imports.begin, "a", 1)
    any_database.write_now(imports.advance, "a", 10, [(9, "no time"), (3, "no total")])
    assert any_database.read_now(imports.rejects_of, "a") == [(3, "no total"), (9, "no time")]
    assert any_database.read_now(imports.rejects_of, "a", limit=1) == [(3, "no total")]
    assert any_database.read_now(imports.rejects_of, "b") == []
