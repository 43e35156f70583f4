"""Brakes, leases, the cards of the chat; and the wake-ups that go with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KINDS = (
    "release",
    "check_back",
    "journey_expiry",
    "approval_lapse",
    "effect_expiry",
    "plan_again",
    "another_look",
    "approval_decided",
)
_MORE_KINDS = (*_KINDS, "question_stopped", "held_back", "lease_expiry")
_KIND_KNOWN = "ck_wakeups_kind_known"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "brakes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("in_flight", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.Column("lifted_at", INT, nullable=True),
        sa.CheckConstraint(
            "in_flight IN ('hold', 'drain', 'cancel')", name=op.f("ck_brakes_in_flight_known")
        ),
        sa.CheckConstraint(
            "(lifted_by IS NULL) = (lifted_at IS NULL)", name=op.f("ck_brakes_lifted_by_somebody")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brakes")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_brakes_in_force",
        "brakes",
        ["id"],
        unique=False,
        sqlite_where=sa.text("lifted_at IS NULL"),
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.create_table(
        "leases",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("until", INT, nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_at", INT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leases")),
        sqlite_strict=True,
    )
    op.create_index("ix_leases_customer_id", "leases", ["customer_id"], unique=False)
    op.create_table(
        "chat_cards",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("needs_role", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("expires_at", INT, nullable=False),
        sa.Column("confirmed_by", sa.Text(), nullable=True),
        sa.Column("confirmed_at", INT, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_cards")),
        sqlite_strict=True,
    )
    with op.batch_alter_table(
        "wakeups", copy_from=_wakeups(), table_kwargs={"sqlite_strict": True}
    ) as batch:
        batch.drop_constraint(op.f(_KIND_KNOWN), type_="check")
        batch.create_check_constraint(op.f(_KIND_KNOWN), _kind_in(_MORE_KINDS))


def _kind_in(kinds: tuple[str, ...]) -> str:
    return f"kind IN ({', '.join(repr(kind) for kind in kinds)})"


def _wakeups() -> sa.Table:
    """The table as it stands; SQLite makes it anew, since it cannot change a CHECK."""
    made = sa.Table(
        "wakeups",
        sa.MetaData(),
        sa.Column("id", INT, autoincrement=True, nullable=False),
        sa.Column("due_at", INT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("journey_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint(_kind_in(_KINDS), name=_KIND_KNOWN),
        sa.CheckConstraint(
            "state IN ('pending', 'due', 'done', 'cancelled')", name="ck_wakeups_state_known"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_wakeups"),
        sa.UniqueConstraint("kind", "ref", name="uq_wakeups_kind_ref"),
        sqlite_strict=True,
    )
    for state, column in (("pending", made.c.due_at), ("due", made.c.customer_id)):
        where = made.c.state == state
        sa.Index(f"ix_wakeups_{state}", column, sqlite_where=where, postgresql_where=where)
    return made
