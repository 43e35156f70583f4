"""Identifiers in quarantine, what was not taken, and who may be one person by what they say."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.add_column("identifiers", sa.Column("quarantined_at", INT, nullable=True))
    op.create_table(
        "identifier_claims",
        sa.Column("value_hash", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.PrimaryKeyConstraint("value_hash", "customer_id", name=op.f("pk_identifier_claims")),
        sqlite_strict=True,
    )
    op.create_table(
        "identity_notes",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("n", INT, nullable=False),
        sa.Column("first_at", INT, nullable=False),
        sa.Column("last_at", INT, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "code", "kind", name=op.f("pk_identity_notes")),
        sqlite_strict=True,
    )
    op.create_table(
        "match_records",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("fields_sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_match_records")),
        sqlite_strict=True,
    )
    op.create_table(
        "match_keys",
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", "customer_id", name=op.f("pk_match_keys")),
        sqlite_strict=True,
    )
    op.create_index("ix_match_keys_customer_id", "match_keys", ["customer_id"], unique=False)
    op.create_table(
        "match_totals",
        sa.Column("id", INT, nullable=False),
        sa.Column("records", INT, nullable=False),
        sa.Column("arrivals", INT, nullable=False),
        sa.Column("known_ppm", INT, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_match_totals_one_row")),
        sa.CheckConstraint("records >= 0", name=op.f("ck_match_totals_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_totals")),
        sqlite_strict=True,
    )
    op.create_table(
        "soft_links",
        sa.Column("one_id", sa.Text(), nullable=False),
        sa.Column("other_id", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("posterior_bp", INT, nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", INT, nullable=True),
        sa.CheckConstraint("one_id < other_id", name=op.f("ck_soft_links_in_order")),
        sa.CheckConstraint(
            "state IN ('open', 'joined', 'dismissed')", name=op.f("ck_soft_links_state_known")
        ),
        sa.PrimaryKeyConstraint("one_id", "other_id", name=op.f("pk_soft_links")),
        sqlite_strict=True,
    )
    op.create_index("ix_soft_links_other_id", "soft_links", ["other_id"], unique=False)
