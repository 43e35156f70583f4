"""Waiting for another connection, by asking PostgreSQL, never by the clock."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from store.database import Database


def until_somebody_waits(
    db: Database, *, many: int = 1, unless: Callable[[], bool] = lambda: False
) -> None:
    """Until PostgreSQL says that so many wait for a lock, or there is no need to."""

    def waiting(conn: Connection) -> int:
        rows = conn.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return int(rows.scalar_one())

    while not unless() and db.read_now(waiting) < many:
        pass
