"""Engines of both databases, set up so that SQLAlchemy's `begin` means what DESIGN §5 says.

SQLite: write-ahead log, every commit synced, freed pages overwritten, foreign keys on; the writer's
transactions begin immediate, the readers' deferred. PostgreSQL: read committed, a small pool.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

_PRAGMAS = (
    "auto_vacuum=INCREMENTAL",
    "journal_mode=WAL",
    "synchronous=FULL",
    "secure_delete=ON",
    "foreign_keys=ON",
    "busy_timeout=10000",
)


def sqlite_engine(path: Path, *, begin: str, read_only: bool = False) -> Engine:
    """An engine on one file. `begin`: what opens a transaction, `BEGIN` or `BEGIN IMMEDIATE`."""
    owners_only(path)
    pragmas = (*_PRAGMAS, "query_only=ON") if read_only else _PRAGMAS
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=4,
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        conn.exec_driver_sql(begin)

    return engine


def owners_only(path: Path) -> None:
    """Make a file that only its owner reads, where there is none; SQLite's own follow it."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def postgresql_engine(url: str, *, pool_size: int) -> Engine:
    """An engine on a PostgreSQL server, through psycopg 3."""
    if url.startswith(("postgresql://", "postgres://")):
        url = "postgresql+psycopg://" + url.split("://", 1)[1]
    return create_engine(url, pool_size=pool_size, max_overflow=0, pool_pre_ping=True)
