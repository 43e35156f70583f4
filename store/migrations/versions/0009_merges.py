"""Why two records are one, which rows moved, and which records a person said are two."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "merges",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("into_id", sa.Text(), nullable=False),
        sa.Column("absorbed_id", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("at_seq", INT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("evidence_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("into_before_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("absorbed_before_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("undone_at", INT, nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_reason_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "why IN ('identifier', 'alias', 'probable', 'person')",
            name=op.f("ck_merges_why_known"),
        ),
        sa.CheckConstraint("into_id <> absorbed_id", name=op.f("ck_merges_of_two")),
        sa.CheckConstraint(
            "(undone_at IS NULL) = (undone_by IS NULL)", name=op.f("ck_merges_undone_by_somebody")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
        sqlite_strict=True,
    )
    op.create_index("ix_merges_into_id", "merges", ["into_id"], unique=False)
    op.create_index("ix_merges_absorbed_id", "merges", ["absorbed_id"], unique=False)
    op.create_table(
        "merge_moves",
        sa.Column("merge_id", sa.Text(), nullable=False),
        sa.Column("moved", sa.Text(), nullable=False),
        sa.Column("row_key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("merge_id", "moved", "row_key", name=op.f("pk_merge_moves")),
        sqlite_strict=True,
    )
    op.create_table(
        "separations",
        sa.Column("one_id", sa.Text(), nullable=False),
        sa.Column("other_id", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.CheckConstraint("one_id < other_id", name=op.f("ck_separations_in_order")),
        sa.PrimaryKeyConstraint("one_id", "other_id", name=op.f("pk_separations")),
        sqlite_strict=True,
    )
