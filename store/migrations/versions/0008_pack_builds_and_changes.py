"""What each pack in force was made of; who changed it, who agreed, and since when it decides."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "pack_builds",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", INT, nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_pack_builds")),
        sqlite_strict=True,
    )
    op.create_table(
        "pack_changes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", INT, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("base_sha256", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("four_eyes", INT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_reason", sa.Text(), nullable=True),
        sa.Column("decided_at", INT, nullable=True),
        sa.Column("took_us", INT, nullable=True),
        sa.Column("committed_us", INT, nullable=True),
        sa.CheckConstraint("kind IN ('put', 'rollback')", name=op.f("ck_pack_changes_kind_known")),
        sa.CheckConstraint(
            "status IN ('waiting', 'published', 'rejected', 'superseded', 'stale')",
            name=op.f("ck_pack_changes_status_known"),
        ),
        sa.CheckConstraint("four_eyes IN (0, 1)", name=op.f("ck_pack_changes_four_eyes_is_a_flag")),
        sa.CheckConstraint(
            "(status = 'waiting') = (decided_at IS NULL)",
            name=op.f("ck_pack_changes_decided_once"),
        ),
        sa.CheckConstraint(
            "status <> 'published' OR four_eyes = 0 "
            "OR (decided_by IS NOT NULL AND decided_by <> author)",
            name=op.f("ck_pack_changes_two_people"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_changes")),
        sqlite_strict=True,
    )
    op.create_index("ix_pack_changes_name", "pack_changes", ["name", "at"], unique=False)
    op.create_table(
        "pack_uses",
        sa.Column("id", INT, autoincrement=True, nullable=False),
        sa.Column("change_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("build_sha256", sa.Text(), nullable=False),
        sa.Column("first_used_us", INT, nullable=True),
        sa.Column("first_used_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["change_id"], ["pack_changes.id"], name=op.f("fk_pack_uses_change_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_uses")),
        sqlite_strict=True,
    )
    op.create_index("ix_pack_uses_build_sha256", "pack_uses", ["build_sha256"], unique=False)
    op.create_index("ix_pack_uses_change_id", "pack_uses", ["change_id"], unique=False)
