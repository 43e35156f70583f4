"""How sensitive a memory is, what it is about, and by which newer one it is superseded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply. What is there is ordinary, about nothing in particular, and stands."""
    with op.batch_alter_table(
        "memories", copy_from=_memories(), table_kwargs={"sqlite_strict": True}
    ) as batch:
        batch.add_column(
            sa.Column("sensitivity", sa.Text(), nullable=False, server_default="ordinary")
        )
        batch.add_column(sa.Column("topic", sa.Text(), nullable=True))
        batch.add_column(sa.Column("superseded_by", sa.Text(), nullable=True))
        batch.create_check_constraint(
            op.f("ck_memories_sensitivity_known"), "sensitivity IN ('ordinary', 'sensitive')"
        )
        batch.create_check_constraint(
            op.f("ck_memories_superseded_by_another"),
            "superseded_by IS NULL OR superseded_by <> id",
        )


def _memories() -> sa.Table:
    """The table as it stands; SQLite makes it anew, since it cannot add a CHECK."""
    made = sa.Table(
        "memories",
        sa.MetaData(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("at", INT, nullable=False),
        sa.Column("expires_at", INT, nullable=True),
        sa.Column("weight_bp", INT, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("indexed", INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_memories"),
        sqlite_strict=True,
    )
    sa.Index("ix_memories_customer_id", made.c.customer_id)
    waiting = made.c.indexed == 0
    sa.Index("ix_memories_unindexed", made.c.id, sqlite_where=waiting, postgresql_where=waiting)
    return made
