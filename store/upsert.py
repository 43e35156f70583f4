"""`INSERT … ON CONFLICT …` in the words of whichever database is below.

Both say it alike, but SQLAlchemy keeps it in the dialects; this is the one place that chooses.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, Table, case
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert


def insert_or_ignore(conn: Connection, table: Table, **values: Any) -> bool:
    """Insert one row unless a unique constraint already holds it; True where a row was added."""
    return conn.execute(_statement(conn.dialect.name, table), values).rowcount == 1


def insert_or_add(
    conn: Connection,
    table: Table,
    *,
    add: tuple[str, ...],
    most: tuple[str, ...] = (),
    **values: Any,
) -> None:
    """Insert a row, or add to the columns `add` of the one that is there and raise those in `most`.

    The row that is there is the one with this primary key.
    """
    conn.execute(_adding(conn.dialect.name, table, add, most), values)


@cache
def _statement(dialect: str, table: Table) -> Executable:
    """Built once a table: building a statement costs more than running it."""
    insert = sqlite_insert if dialect == "sqlite" else postgresql_insert
    # Without the option SQLAlchemy does not keep what psycopg says of an INSERT, and answers -1.
    statement = insert(table).on_conflict_do_nothing()
    return statement.execution_options(preserve_rowcount=True)


@cache
def _adding(dialect: str, table: Table, add: tuple[str, ...], most: tuple[str, ...]) -> Executable:
    insert = sqlite_insert if dialect == "sqlite" else postgresql_insert
    statement = insert(table)
    new, old = statement.excluded, table.c
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={name: old[name] + new[name] for name in add}
        | {name: case((new[name] > old[name], new[name]), else_=old[name]) for name in most},
    )
