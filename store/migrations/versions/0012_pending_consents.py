"""A consent may wait for its confirmation (double opt-in)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = "ck_consents_state_known"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table(
        "consents", copy_from=_consents(), table_kwargs={"sqlite_strict": True}
    ) as batch:
        batch.drop_constraint(op.f(_NAME), type_="check")
        batch.create_check_constraint(
            op.f(_NAME), "state IN ('granted', 'pending', 'denied', 'revoked')"
        )


def _consents() -> sa.Table:
    """The table as it stands; SQLite makes it anew, since it cannot change a CHECK."""
    return sa.Table(
        "consents",
        sa.MetaData(),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("expires_at", INT, nullable=True),
        sa.Column("evidence_sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "channel", "purpose", name="pk_consents"),
        sa.CheckConstraint("state IN ('granted', 'denied', 'revoked')", name=op.f(_NAME)),
        sqlite_strict=True,
    )
