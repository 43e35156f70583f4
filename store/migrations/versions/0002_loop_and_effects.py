"""The loop, its journal and ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "anchors",
        sa.Column("id", INT, autoincrement=True, nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("heads", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anchors")),
        sqlite_strict=True,
    )
    op.create_table(
        "approvals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("journey_id", sa.Text(), nullable=False),
        sa.Column("call_digest", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("requested_at", INT, nullable=False),
        sa.Column("due_at", INT, nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", INT, nullable=True),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('review', 'approval')", name=op.f("ck_approvals_outcome_known")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'approved', 'rejected', 'edited', 'responded', "
            "'lapsed', 'superseded')",
            name=op.f("ck_approvals_status_known"),
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> requested_by", name=op.f("ck_approvals_two_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
        sqlite_strict=True,
    )
    op.create_index("ix_approvals_decision_id", "approvals", ["decision_id"], unique=False)
    op.create_index(
        "ix_approvals_pending",
        "approvals",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_table(
        "closed_counts",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("n", INT, nullable=False),
        sa.PrimaryKeyConstraint("day", "fact", "action", name=op.f("pk_closed_counts")),
        sqlite_strict=True,
    )
    op.create_table(
        "contacts",
        sa.Column("effect_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("class", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("local_day", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('reserved', 'committed', 'released')", name=op.f("ck_contacts_state_known")
        ),
        sa.PrimaryKeyConstraint("effect_id", name=op.f("pk_contacts")),
        sqlite_strict=True,
    )
    op.create_index("ix_contacts_customer_id_at", "contacts", ["customer_id", "at"], unique=False)
    op.create_table(
        "counters",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("ceiling", INT, nullable=False),
        sa.Column("reserved", INT, nullable=False),
        sa.Column("committed", INT, nullable=False),
        sa.CheckConstraint(
            "reserved >= 0 AND committed >= 0", name=op.f("ck_counters_not_negative")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_counters")),
        sqlite_strict=True,
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("journey_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("goal", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("agent_version", INT, nullable=False),
        sa.Column("arm", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_at", INT, nullable=False),
        sa.Column("closed_at", INT, nullable=True),
        sa.Column("epoch", INT, nullable=False),
        sa.CheckConstraint(
            "status IN ('running', 'awaiting_approval', 'scheduled', 'completed', "
            "'no_action', 'withheld', 'failed')",
            name=op.f("ck_decisions_status_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sqlite_strict=True,
    )
    op.create_index("ix_decisions_customer_id_id", "decisions", ["customer_id", "id"], unique=False)
    op.create_index("ix_decisions_journey_id", "decisions", ["journey_id"], unique=False)
    op.create_index(
        "ix_decisions_unfinished",
        "decisions",
        ["customer_id"],
        unique=False,
        sqlite_where=sa.text("status = 'running'"),
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_table(
        "effects",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("journey_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("call_digest", sa.Text(), nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("class", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("score", INT, nullable=False),
        sa.Column("amount_minor", INT, nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("not_before", INT, nullable=True),
        sa.Column("expires_at", INT, nullable=False),
        sa.Column("claimed_at", INT, nullable=False),
        sa.Column("claim_epoch", INT, nullable=False),
        sa.Column("claim_until", INT, nullable=False),
        sa.Column("settled_at", INT, nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "status IN ('claimed', 'sent', 'scheduled', 'unknown', 'failed', 'preempted', "
            "'cancelled', 'expired')",
            name=op.f("ck_effects_status_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_effects")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_effects_idempotency_key")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_effects_claimed",
        "effects",
        ["claim_until"],
        unique=False,
        sqlite_where=sa.text("status = 'claimed'"),
        postgresql_where=sa.text("status = 'claimed'"),
    )
    op.create_index(
        "ix_effects_customer_id", "effects", ["customer_id", "claimed_at"], unique=False
    )
    op.create_index("ix_effects_decision_id", "effects", ["decision_id"], unique=False)
    op.create_table(
        "import_rejects",
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("line", INT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("file_sha256", "line", name=op.f("pk_import_rejects")),
        sqlite_strict=True,
    )
    op.create_table(
        "imports",
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("rows_done", INT, nullable=False),
        sa.Column("rows_bad", INT, nullable=False),
        sa.Column("started_at", INT, nullable=False),
        sa.Column("finished_at", INT, nullable=True),
        sa.PrimaryKeyConstraint("file_sha256", name=op.f("pk_imports")),
        sqlite_strict=True,
    )
    op.create_table(
        "journal",
        sa.Column("pos", INT, autoincrement=True, nullable=False),
        sa.Column("shard", INT, nullable=False),
        sa.Column("seq", INT, nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("epoch", INT, nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("prev_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_journal")),
        sa.UniqueConstraint("shard", "seq", name=op.f("uq_journal_shard_seq")),
        sqlite_strict=True,
    )
    op.create_index("ix_journal_decision_id", "journal", ["decision_id"], unique=False)
    op.create_table(
        "journal_heads",
        sa.Column("shard", INT, nullable=False),
        sa.Column("seq", INT, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shard", name=op.f("pk_journal_heads")),
        sqlite_strict=True,
    )
    op.create_table(
        "journeys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("goal", sa.Text(), nullable=False),
        sa.Column("subject_hash", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("arm", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("opened_at", INT, nullable=False),
        sa.Column("expires_at", INT, nullable=False),
        sa.Column("closed_at", INT, nullable=True),
        sa.Column("context_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("seen_events", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "arm IN ('agent', 'rules', 'nothing')", name=op.f("ck_journeys_arm_known")
        ),
        sa.CheckConstraint(
            "status IN ('open', 'reached', 'expired', 'closed')",
            name=op.f("ck_journeys_status_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journeys")),
        sa.UniqueConstraint(
            "customer_id",
            "goal",
            "subject_hash",
            name=op.f("uq_journeys_customer_id_goal_subject_hash"),
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "offers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("effect_id", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("journey_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("code_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("discount_bp", INT, nullable=False),
        sa.Column("cost_minor", INT, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("expires_at", INT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("redeemed_at", INT, nullable=True),
        sa.CheckConstraint(
            "status IN ('issued', 'redeemed', 'expired', 'void')",
            name=op.f("ck_offers_status_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_offers_code_hash")),
        sa.UniqueConstraint("effect_id", name=op.f("uq_offers_effect_id")),
        sqlite_strict=True,
    )
    op.create_index("ix_offers_customer_id", "offers", ["customer_id"], unique=False)
    op.create_table(
        "reservations",
        sa.Column("effect_id", sa.Text(), nullable=False),
        sa.Column("counter", sa.Text(), nullable=False),
        sa.Column("amount", INT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('reserved', 'committed', 'released')",
            name=op.f("ck_reservations_state_known"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_reservations_amount_positive")),
        sa.PrimaryKeyConstraint("effect_id", "counter", name=op.f("pk_reservations")),
        sqlite_strict=True,
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("effect_id", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("status IN ('open', 'closed')", name=op.f("ck_tickets_status_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("effect_id", name=op.f("uq_tickets_effect_id")),
        sqlite_strict=True,
    )
    op.create_index("ix_tickets_customer_id", "tickets", ["customer_id"], unique=False)
