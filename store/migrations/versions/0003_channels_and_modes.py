"""By which channel an effect was handed over, and how far each agent may go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.add_column("effects", sa.Column("via", sa.Text(), nullable=True))
    op.create_table(
        "agent_modes",
        sa.Column("id", INT, autoincrement=True, nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("seen", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "mode IN ('shadow', 'sandbox', 'live')", name=op.f("ck_agent_modes_mode_known")
        ),
        sa.CheckConstraint(
            "mode <> 'live' OR seen IS NOT NULL", name=op.f("ck_agent_modes_live_was_seen")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_modes")),
        sqlite_strict=True,
    )
    op.create_index("ix_agent_modes_agent", "agent_modes", ["agent", "id"], unique=False)
