"""The table of personal keys: a file of its own where the database is SQLite."""

from __future__ import annotations

from sqlalchemy import Index, MetaData, PrimaryKeyConstraint, Table

from store.schema.columns import binary, integer, metadata, words

key_metadata = MetaData(naming_convention=metadata.naming_convention)

subject_keys = Table(
    "subject_keys",
    key_metadata,
    words("id"),
    words("subject"),
    binary("wrapped"),
    integer("created_at"),
    PrimaryKeyConstraint("id"),
    sqlite_strict=True,
)
Index("ix_subject_keys_subject", subject_keys.c.subject)
