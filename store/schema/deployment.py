"""The deployment itself: its clock, who may do what, what people wrote, answers already given."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, PrimaryKeyConstraint, UniqueConstraint

from store.schema.columns import binary, integer, one_of, table, words

meta = table("meta", words("key"), words("value"), PrimaryKeyConstraint("key"))

clock = table(
    "clock",
    integer("id"),
    integer("now_us"),
    PrimaryKeyConstraint("id"),
    CheckConstraint("id = 1", name="one_row"),
)
"""One row when business time is simulated; none when it is the machine's."""

principals = table(
    "principals",
    words("id"),
    words("name"),
    words("role"),
    words("key_sha256"),
    integer("created_at"),
    integer("disabled_at", nullable=True),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("name"),
    UniqueConstraint("key_sha256"),
    one_of("role", "ingest", "viewer", "operator", "approver", "admin"),
)

documents = table(
    "documents",
    words("kind"),
    words("name"),
    integer("version"),
    words("sha256"),
    words("text"),
    words("author"),
    integer("created_at"),
    PrimaryKeyConstraint("kind", "name", "version"),
    one_of("kind", "policy", "agent", "rules", "message", "brand"),
)
"""Versions of everything people write that governs decisions. Never updated, never deleted."""

live_documents = table(
    "live_documents",
    words("kind"),
    words("name"),
    integer("version"),
    integer("since"),
    PrimaryKeyConstraint("kind", "name"),
    ForeignKeyConstraint(
        ["kind", "name", "version"], ["documents.kind", "documents.name", "documents.version"]
    ),
)

replies = table(
    "replies",
    words("principal_id"),
    words("key_hash"),
    words("request_sha256"),
    integer("status"),
    binary("body_sealed"),
    integer("created_at"),
    PrimaryKeyConstraint("principal_id", "key_hash"),
)
"""Answers kept 24 hours for `Idempotency-Key`."""
