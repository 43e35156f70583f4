"""What every table is made of: whole numbers, words and bytes, and constraints with names."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

Int = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits on both databases; STRICT tables know the word INTEGER only."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def integer(name: str, **kw: Any) -> Column[int]:
    """A whole number of 64 bits; not null unless said."""
    return Column(name, Int, nullable=kw.pop("nullable", False), **kw)


def words(name: str, **kw: Any) -> Column[str]:
    """Text; not null unless said."""
    return Column(name, Text, nullable=kw.pop("nullable", False), **kw)


def binary(name: str, **kw: Any) -> Column[bytes]:
    """Bytes; not null unless said."""
    return Column(name, LargeBinary, nullable=kw.pop("nullable", False), **kw)


def one_of(column: str, *values: str) -> CheckConstraint:
    """The column holds one of these words and no other."""
    listed = ", ".join(f"'{v}'" for v in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def table(name: str, *parts: Any) -> Table:
    """A table of the one database; STRICT on SQLite."""
    return Table(name, metadata, *parts, sqlite_strict=True)
