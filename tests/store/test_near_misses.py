"""Near misses are counted by day, rule and action, and none is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from store import closed_counts, near_misses
from store.database import Database

DAY = 86_400_000_000


def count(
    db: Database, rule: str, at: int, *, used_bp: int = 9_500, action: str = "contact"
) -> None:
    db.write_now(
        near_misses.count,
        rule=rule,
        action=action,
        exactly=used_bp == 10_000,
        used_bp=used_bp,
        at=at,
    )


def test_counts_add_up_by_day_rule_and_action_and_keep_the_closest(any_database: Database) -> None:
    db = any_database
    count(db, "weekly", 0, used_bp=9_100)
    count(db, "weekly", DAY - 1, used_bp=10_000)
    count(db, "weekly", 5, used_bp=9_300)
    count(db, "weekly", DAY)
    count(db, "money", 5, action="offer", used_bp=9_900)
    count(db, "money", 5, used_bp=9_000)
    rows = [tuple(row) for row in db.read_now(near_misses.listing, limit=10)]
    assert rows == [
        ("1970-01-02", "weekly", "contact", 1, 0, 9_500),
        ("1970-01-01", "weekly", "contact", 2, 1, 10_000),
        ("1970-01-01", "money", "contact", 1, 0, 9_000),
        ("1970-01-01", "money", "offer", 1, 0, 9_900),
    ]
    assert len(db.read_now(near_misses.listing, limit=2)) == 2


def test_the_days_since_are_summed_over_actions(any_database: Database) -> None:
    db = any_database
    count(db, "money", 0)
    count(db, "money", DAY, used_bp=10_000)
    count(db, "money", DAY, action="offer", used_bp=9_000)
    count(db, "weekly", 3 * DAY)
    found = db.read_now(near_misses.since, "1970-01-02")
    assert sorted(tuple(row) for row in found) == [
        ("1970-01-02", "money", 1, 1, 10_000),
        ("1970-01-04", "weekly", 1, 0, 9_500),
    ]


def test_counting_at_once_loses_none(any_database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: count(any_database, "weekly", 0, used_bp=9_000 + n), range(40)))
    [row] = any_database.read_now(near_misses.listing, limit=10)
    assert (row.n_close, row.n_at, row.closest_bp) == (40, 0, 9_039)


def test_p6_closed_counts_since_a_day_are_summed_over_actions(any_database: Database) -> None:
    db = any_database
    for action, at, n in (("contact", 0, 1), ("contact", DAY, 2), ("offer", DAY, 3)):
        db.write_now(closed_counts.count, fact="consent", action=action, n=n, at=at)
    found = db.read_now(closed_counts.since, "1970-01-02")
    assert [tuple(row) for row in found] == [("1970-01-02", "consent", 5)]
