"""What customers are worth: each try to estimate it, what was found, or why nothing was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "lifetime_fits",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("people", INT, nullable=False),
        sa.Column("purchases", sa.Text(), nullable=True),
        sa.Column("spend", sa.Text(), nullable=True),
        sa.Column("segments", sa.Text(), nullable=True),
        sa.Column("why_not", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(why_not IS NULL) = (currency IS NOT NULL AND purchases IS NOT NULL"
            " AND spend IS NOT NULL AND segments IS NOT NULL)",
            name=op.f("ck_lifetime_fits_found_or_why_not"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lifetime_fits")),
        sqlite_strict=True,
    )
    op.create_index("ix_lifetime_fits_at", "lifetime_fits", ["at"], unique=False)
