"""How many effects came close to each hard limit, by day, rule and kind of action."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "near_misses",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("n_close", INT, nullable=False),
        sa.Column("n_at", INT, nullable=False),
        sa.Column("closest_bp", INT, nullable=False),
        sa.PrimaryKeyConstraint("day", "rule", "action", name=op.f("pk_near_misses")),
        sqlite_strict=True,
    )
