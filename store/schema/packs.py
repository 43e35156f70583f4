"""Packs in force: what each was made of, who changed it, and since when it decides."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, PrimaryKeyConstraint

from store.schema.columns import integer, one_of, table, words

pack_builds = table(
    "pack_builds",
    words("sha256"),
    words("name"),
    integer("version"),
    words("parts"),
    integer("at"),
    PrimaryKeyConstraint("sha256"),
)
"""The texts behind a digest that verdicts name. Never updated, never deleted."""

pack_changes = table(
    "pack_changes",
    words("id"),
    words("name"),
    words("kind"),
    integer("version"),
    words("sha256"),
    words("text"),
    words("base_sha256", nullable=True),
    words("author"),
    words("reason"),
    integer("at"),
    integer("four_eyes"),
    words("status"),
    words("decided_by", nullable=True),
    words("decided_reason", nullable=True),
    integer("decided_at", nullable=True),
    integer("took_us", nullable=True),
    integer("committed_us", nullable=True),
    PrimaryKeyConstraint("id"),
    one_of("kind", "put", "rollback"),
    one_of("status", "waiting", "published", "rejected", "superseded", "stale"),
    CheckConstraint("four_eyes IN (0, 1)", name="four_eyes_is_a_flag"),
    CheckConstraint("(status = 'waiting') = (decided_at IS NULL)", name="decided_once"),
    CheckConstraint(
        "status <> 'published' OR four_eyes = 0 "
        "OR (decided_by IS NOT NULL AND decided_by <> author)",
        name="two_people",
    ),
)
"""Every change of what is in force, proposed or made: who, when, why, and who agreed.

`base_sha256` is the build that was in force when it was proposed; `took_us` how long publishing
took by a clock that never goes back, `committed_us` when it was done by the machine's clock.
"""
Index("ix_pack_changes_name", pack_changes.c.name, pack_changes.c.at)

pack_uses = table(
    "pack_uses",
    integer("id", autoincrement=True),
    words("change_id"),
    words("name"),
    words("build_sha256"),
    integer("first_used_us", nullable=True),
    words("first_used_by", nullable=True),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["change_id"], ["pack_changes.id"]),
)
"""Each pack that a change brought into force, and the first decision that was made under it."""
Index("ix_pack_uses_build_sha256", pack_uses.c.build_sha256)
Index("ix_pack_uses_change_id", pack_uses.c.change_id)
