"""What goes to, and comes from, other systems; and what one effect takes back of another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KIND_KNOWN = "ck_wakeups_kind_known"
_STATE_KNOWN = "ck_wakeups_state_known"
_LIVE = "status NOT IN ('failed', 'cancelled', 'expired', 'preempted')"


def upgrade() -> None:
    """Apply."""
    op.add_column("effects", sa.Column("undoes", sa.Text(), nullable=True))
    op.create_index(
        "uq_effects_undoes",
        "effects",
        ["undoes"],
        unique=True,
        sqlite_where=sa.text(_LIVE),
        postgresql_where=sa.text(_LIVE),
    )
    op.create_index(
        "ix_effects_unknown",
        "effects",
        ["claimed_at"],
        unique=False,
        sqlite_where=sa.text("status = 'unknown'"),
        postgresql_where=sa.text("status = 'unknown'"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", INT, nullable=False),
        sa.Column("made_at", INT, nullable=False),
        sa.Column("due_at", INT, nullable=False),
        sa.Column("settled_at", INT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_deliveries_attempts_not_negative")),
        sa.CheckConstraint(
            "kind IN ('subscription', 'sync', 'alert')", name=op.f("ck_deliveries_kind_known")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'done', 'dead', 'void')", name=op.f("ck_deliveries_state_known")
        ),
        sa.UniqueConstraint("target", "dedupe_key", name=op.f("uq_deliveries_target_dedupe_key")),
        sqlite_strict=True,
    )
    op.create_index("ix_deliveries_customer_id", "deliveries", ["customer_id"], unique=False)
    op.create_index("ix_deliveries_target", "deliveries", ["target", "made_at"], unique=False)
    op.create_index(
        "ix_deliveries_waiting",
        "deliveries",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("topics", sa.Text(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("removed_by", sa.Text(), nullable=True),
        sa.Column("removed_at", INT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sqlite_strict=True,
    )
    op.create_table(
        "systems",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("connected_at", INT, nullable=False),
        sa.Column("disconnected_at", INT, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_systems")),
        sqlite_strict=True,
    )
    op.create_table(
        "receipts",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_event_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("effect_id", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("machine", INT, nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_receipts")),
        sa.UniqueConstraint(
            "provider", "provider_event_id", name=op.f("uq_receipts_provider_provider_event_id")
        ),
        sa.CheckConstraint(
            "kind IN ('accepted', 'delivered', 'opened', 'clicked', 'bounced', 'deferred', "
            "'dropped', 'complained', 'unsubscribed', 'replied')",
            name=op.f("ck_receipts_kind_known"),
        ),
        sa.CheckConstraint("machine IN (0, 1)", name=op.f("ck_receipts_machine_flag")),
        sqlite_strict=True,
    )
    op.create_index("ix_receipts_customer_id", "receipts", ["customer_id", "at"], unique=False)
    op.create_index("ix_receipts_effect_id", "receipts", ["effect_id"], unique=False)
    op.create_table(
        "alerts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("n", INT, nullable=False),
        sa.Column("first_at", INT, nullable=False),
        sa.Column("last_at", INT, nullable=False),
        sa.Column("told_at", INT, nullable=True),
        sa.Column("closed_at", INT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.CheckConstraint("n > 0", name=op.f("ck_alerts_n_positive")),
        sa.CheckConstraint(
            "severity IN ('notice', 'warning', 'critical')", name=op.f("ck_alerts_severity_known")
        ),
        sqlite_strict=True,
    )
    op.create_index(
        "uq_alerts_open",
        "alerts",
        ["kind", "subject"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "offer_codes",
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("discount_bp", INT, nullable=False),
        sa.Column("code_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", INT, nullable=False),
        sa.Column("expires_at", INT, nullable=True),
        sa.Column("effect_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_offer_codes")),
        sa.CheckConstraint(
            "discount_bp BETWEEN 1 AND 10000", name=op.f("ck_offer_codes_discount_share")
        ),
        sa.UniqueConstraint("effect_id", name=op.f("uq_offer_codes_effect_id")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_offer_codes_free",
        "offer_codes",
        ["pool", "discount_bp"],
        unique=False,
        sqlite_where=sa.text("effect_id IS NULL"),
        postgresql_where=sa.text("effect_id IS NULL"),
    )
    _dead_letters()


def _dead_letters() -> None:
    """A wake-up can be set aside as dead, with why; what is dead or overdue has an index."""
    with op.batch_alter_table(
        "wakeups", copy_from=_wakeups(), table_kwargs={"sqlite_strict": True}
    ) as batch:
        batch.add_column(sa.Column("reason", sa.Text(), nullable=True))
        batch.drop_constraint(op.f(_STATE_KNOWN), type_="check")
        batch.create_check_constraint(
            op.f(_STATE_KNOWN), "state IN ('pending', 'due', 'done', 'cancelled', 'dead')"
        )
        batch.drop_constraint(op.f(_KIND_KNOWN), type_="check")
        batch.create_check_constraint(op.f(_KIND_KNOWN), _kind_in("detect", "regate"))
    for name, table, column, where in (
        ("ix_events_dead", "events", "received_at", "state = 'dead'"),
        ("ix_inbox_dead", "inbox", "received_at", "status = 'dead'"),
        ("ix_wakeups_dead", "wakeups", "due_at", "state = 'dead'"),
        ("ix_effects_scheduled", "effects", "not_before", "status = 'scheduled'"),
        ("ix_reservations_counter", "reservations", "counter", "state = 'reserved'"),
    ):
        op.create_index(
            name,
            table,
            [column],
            unique=False,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )


def _kind_in(*more: str) -> str:
    kinds = (
        "release",
        "check_back",
        "journey_expiry",
        "approval_lapse",
        "effect_expiry",
        "plan_again",
        "another_look",
        "approval_decided",
        "question_stopped",
        "held_back",
        "lease_expiry",
    )
    return f"kind IN ({', '.join(repr(kind) for kind in (*kinds, *more))})"


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
        sa.CheckConstraint(_kind_in(), name=op.f(_KIND_KNOWN)),
        sa.CheckConstraint(
            "state IN ('pending', 'due', 'done', 'cancelled')", name=op.f(_STATE_KNOWN)
        ),
        sa.PrimaryKeyConstraint("id", name="pk_wakeups"),
        sa.UniqueConstraint("kind", "ref", name="uq_wakeups_kind_ref"),
        sqlite_strict=True,
    )
    for state, column in (("pending", made.c.due_at), ("due", made.c.customer_id)):
        where = made.c.state == state
        sa.Index(f"ix_wakeups_{state}", column, sqlite_where=where, postgresql_where=where)
    return made
