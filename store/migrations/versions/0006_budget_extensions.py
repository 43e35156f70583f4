"""By how much signatures raised budgets; which agent and message an effect is one of many of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.add_column("effects", sa.Column("agent", sa.Text(), nullable=True))
    op.add_column("effects", sa.Column("message", sa.Text(), nullable=True))
    op.create_index("ix_effects_agent_claimed_at", "effects", ["agent", "claimed_at"], unique=False)
    op.create_table(
        "budget_extensions",
        sa.Column("approval_id", sa.Text(), nullable=False),
        sa.Column("counter", sa.Text(), nullable=False),
        sa.Column("amount_minor", INT, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("effect_id", sa.Text(), nullable=True),
        sa.Column("used_minor", INT, nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_budget_extensions_amount_positive")),
        sa.CheckConstraint(
            "used_minor IS NULL OR used_minor BETWEEN 0 AND amount_minor",
            name=op.f("ck_budget_extensions_used"),
        ),
        sa.PrimaryKeyConstraint("approval_id", "counter", name=op.f("pk_budget_extensions")),
        sqlite_strict=True,
    )
    op.create_index("ix_budget_extensions_counter", "budget_extensions", ["counter"], unique=False)
