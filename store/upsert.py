"""`INSERT … ON CONFLICT DO NOTHING` in the words of whichever database is below.

Both say it alike, but SQLAlchemy keeps it in the dialects; this is the one place that chooses.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert


def insert_or_ignore(conn: Connection, table: Table, **values: Any) -> bool:
    """Insert one row unless a unique constraint already holds it; True where a row was added."""
    insert = sqlite_insert if conn.dialect.name == "sqlite" else postgresql_insert
    statement = insert(table).values(**values).on_conflict_do_nothing()
    # Without the option SQLAlchemy does not keep what psycopg says of an INSERT, and answers -1.
    return conn.execute(statement.execution_options(preserve_rowcount=True)).rowcount == 1
