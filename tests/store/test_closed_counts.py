"""What closed the gate is counted, by day, fact and action, and none is lost (P6)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from store import closed_counts
from store.database import Database

DAY = 86_400_000_000


def count(db: Database, fact: str, at: int, *, action: str = "contact", n: int = 1) -> None:
    db.write_now(closed_counts.count, fact=fact, action=action, n=n, at=at)


def listed(db: Database) -> list[tuple[str, str, str, int]]:
    rows = db.read_now(closed_counts.listing, limit=10)
    return [(row.day, row.fact, row.action, row.n) for row in rows]


def test_p6_counts_add_up_by_day_fact_and_action(any_database: Database) -> None:
    db = any_database
    count(db, "margin_bp", 0)
    count(db, "margin_bp", DAY - 1, n=2)
    count(db, "margin_bp", DAY)
    count(db, "consent", 5)
    count(db, "margin_bp", 5, action="offer", n=9)
    assert listed(db) == [
        ("1970-01-02", "margin_bp", "contact", 1),
        ("1970-01-01", "margin_bp", "offer", 9),
        ("1970-01-01", "margin_bp", "contact", 3),
        ("1970-01-01", "consent", "contact", 1),
    ]
    assert len(db.read_now(closed_counts.listing, limit=2)) == 2


def test_p6_counting_at_once_loses_none(any_database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: count(any_database, "margin_bp", 0), range(40)))
    assert listed(any_database) == [("1970-01-01", "margin_bp", "contact", 40)]


def test_one_day_is_summed_by_fact(any_database: Database) -> None:
    count(any_database, "margin_bp", 0)
    count(any_database, "margin_bp", DAY - 1, action="offer", n=2)
    count(any_database, "margin_bp", DAY)
    assert any_database.read_now(closed_counts.of_day, 5) == {"margin_bp": 3}
