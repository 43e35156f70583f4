"""The deployment itself: its clock, who may do what, what people wrote, answers already given."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
)

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

agent_modes = table(
    "agent_modes",
    integer("id", autoincrement=True),
    words("agent"),
    words("mode"),
    words("by"),
    integer("at"),
    words("seen", nullable=True),
    PrimaryKeyConstraint("id"),
    one_of("mode", "shadow", "sandbox", "live"),
    CheckConstraint("mode <> 'live' OR seen IS NOT NULL", name="live_was_seen"),
)
"""Who set how far an agent may go, and what they were shown before; the newest row holds."""
Index("ix_agent_modes_agent", agent_modes.c.agent, agent_modes.c.id)

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
