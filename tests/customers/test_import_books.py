"""The place an import has reached outlives the process when the database keeps it."""

from customers.import_books import DatabaseBook, NoBook
from store import imports
from store.clock import Clock
from store.database import Database
from store.imports import ImportState


async def test_another_book_on_the_same_database_knows_the_place(
    db: Database, clock: Clock
) -> None:
    first = DatabaseBook(db, clock)
    assert await first.begin("a") == ImportState(0, 0, None)
    await first.advance("a", 500, [(7, "has no time")])
    second = DatabaseBook(db, clock)
    assert await second.begin("a") == ImportState(500, 1, None)
    await second.finish("a")
    assert (await first.begin("a")).finished_at == clock.now_us()
    assert await db.read(imports.rejects_of, "a") == [(7, "has no time")]


async def test_no_book_begins_at_the_beginning_each_time() -> None:
    book = NoBook()
    await book.advance("a", 500, [])
    await book.finish("a")
    assert await book.begin("a") == ImportState(0, 0, None)
