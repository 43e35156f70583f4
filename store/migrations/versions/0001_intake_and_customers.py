"""What comes in, who the customers are: everything of a person sealed, from the first table on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "clock",
        sa.Column("id", INT, nullable=False),
        sa.Column("now_us", INT, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_clock_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock")),
        sqlite_strict=True,
    )
    op.create_table(
        "complaints",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("closed_at", INT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints")),
        sqlite_strict=True,
    )
    op.create_index("ix_complaints_customer_id", "complaints", ["customer_id"], unique=False)
    op.create_table(
        "consents",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("expires_at", INT, nullable=True),
        sa.Column("evidence_sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "state IN ('granted', 'denied', 'revoked')", name=op.f("ck_consents_state_known")
        ),
        sa.PrimaryKeyConstraint("customer_id", "channel", "purpose", name=op.f("pk_consents")),
        sqlite_strict=True,
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("updated_at", INT, nullable=False),
        sa.Column("merged_into", sa.Text(), nullable=True),
        sa.Column("erased_at", INT, nullable=True),
        sa.Column("legal_hold", INT, nullable=False),
        sa.Column("profile_sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sqlite_strict=True,
    )
    op.create_table(
        "documents",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", INT, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.CheckConstraint(
            "kind IN ('policy', 'agent', 'rules', 'message', 'brand')",
            name=op.f("ck_documents_kind_known"),
        ),
        sa.PrimaryKeyConstraint("kind", "name", "version", name=op.f("pk_documents")),
        sqlite_strict=True,
    )
    op.create_table(
        "erasures",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
        sqlite_strict=True,
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("seq", INT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("urgent", INT, nullable=False),
        sa.Column("occurred_at", INT, nullable=False),
        sa.Column("received_at", INT, nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("journey_id", sa.Text(), nullable=True),
        sa.Column("decision_id", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'taken', 'decided', 'recorded', 'withheld', 'dead')",
            name=op.f("ck_events_state_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("seq", name=op.f("uq_events_seq")),
        sqlite_strict=True,
    )
    op.create_index("ix_events_customer_id_seq", "events", ["customer_id", "seq"], unique=False)
    op.create_index("ix_events_decision_id", "events", ["decision_id"], unique=False)
    op.create_index(
        "ix_events_waiting",
        "events",
        ["customer_id", "seq"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "identifiers",
        sa.Column("value_hash", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("value_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("first_seen_at", INT, nullable=False),
        sa.CheckConstraint(
            "kind IN ('user_id', 'email', 'phone', 'anonymous_id')",
            name=op.f("ck_identifiers_kind_known"),
        ),
        sa.PrimaryKeyConstraint("value_hash", name=op.f("pk_identifiers")),
        sqlite_strict=True,
    )
    op.create_index("ix_identifiers_customer_id", "identifiers", ["customer_id"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("seq", INT, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("message_hash", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("urgent", INT, nullable=False),
        sa.Column("historical", INT, nullable=False),
        sa.Column("payload_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", INT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", INT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('accepted', 'resolved', 'dead')", name=op.f("ck_inbox_status_known")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_inbox")),
        sa.UniqueConstraint("event_id", name=op.f("uq_inbox_event_id")),
        sa.UniqueConstraint("source", "message_hash", name=op.f("uq_inbox_source_message_hash")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_inbox_open",
        "inbox",
        ["seq"],
        unique=False,
        sqlite_where=sa.text("status = 'accepted'"),
        postgresql_where=sa.text("status = 'accepted'"),
    )
    op.create_table(
        "lanes",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("epoch", INT, nullable=False),
        sa.Column("last_arrival_seq", INT, nullable=False),
        sa.Column("last_plan_at", INT, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_lanes")),
        sqlite_strict=True,
    )
    op.create_table(
        "memories",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_event_id", sa.Text(), nullable=True),
        sa.Column("at", INT, nullable=False),
        sa.Column("expires_at", INT, nullable=True),
        sa.Column("weight_bp", INT, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("indexed", INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memories")),
        sqlite_strict=True,
    )
    op.create_index("ix_memories_customer_id", "memories", ["customer_id"], unique=False)
    op.create_index(
        "ix_memories_unindexed",
        "memories",
        ["id"],
        unique=False,
        sqlite_where=sa.text('"indexed" = 0'),
        postgresql_where=sa.text("indexed = 0"),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
        sqlite_strict=True,
    )
    op.create_table(
        "orders",
        sa.Column("order_hash", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("order_hash", name=op.f("pk_orders")),
        sqlite_strict=True,
    )
    op.create_index("ix_orders_customer_id_at", "orders", ["customer_id", "at"], unique=False)
    op.create_table(
        "principals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("key_sha256", sa.Text(), nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("disabled_at", INT, nullable=True),
        sa.CheckConstraint(
            "role IN ('ingest', 'viewer', 'operator', 'approver', 'admin')",
            name=op.f("ck_principals_role_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_principals")),
        sa.UniqueConstraint("key_sha256", name=op.f("uq_principals_key_sha256")),
        sa.UniqueConstraint("name", name=op.f("uq_principals_name")),
        sqlite_strict=True,
    )
    op.create_table(
        "products",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("price_minor", INT, nullable=True),
        sa.Column("cost_minor", INT, nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("stock", INT, nullable=True),
        sa.Column("tax_bp", INT, nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("fetched_at", INT, nullable=False),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_products")),
        sqlite_strict=True,
    )
    op.create_table(
        "replies",
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("request_sha256", sa.Text(), nullable=False),
        sa.Column("status", INT, nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.PrimaryKeyConstraint("principal_id", "key_hash", name=op.f("pk_replies")),
        sqlite_strict=True,
    )
    op.create_table(
        "suppressions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("identifier_hash", sa.Text(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("address_hash", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("at", INT, nullable=False),
        sa.Column("until", INT, nullable=True),
        sa.Column("lifted_at", INT, nullable=True),
        sa.CheckConstraint(
            "scope IN ('all', 'purpose', 'address')", name=op.f("ck_suppressions_scope_known")
        ),
        sa.CheckConstraint(
            "customer_id IS NOT NULL OR identifier_hash IS NOT NULL",
            name=op.f("ck_suppressions_of_somebody"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
        sqlite_strict=True,
    )
    op.create_index("ix_suppressions_customer_id", "suppressions", ["customer_id"], unique=False)
    op.create_index(
        "ix_suppressions_identifier_hash", "suppressions", ["identifier_hash"], unique=False
    )
    op.create_table(
        "tombstones",
        sa.Column("identifier_hash", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.PrimaryKeyConstraint("identifier_hash", name=op.f("pk_tombstones")),
        sqlite_strict=True,
    )
    op.create_table(
        "wakeups",
        sa.Column("id", INT, autoincrement=True, nullable=False),
        sa.Column("due_at", INT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("journey_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('release', 'check_back', 'journey_expiry', 'approval_lapse', "
            "'effect_expiry', 'plan_again', 'another_look', 'approval_decided')",
            name=op.f("ck_wakeups_kind_known"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'due', 'done', 'cancelled')", name=op.f("ck_wakeups_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wakeups")),
        sa.UniqueConstraint("kind", "ref", name=op.f("uq_wakeups_kind_ref")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_wakeups_due",
        "wakeups",
        ["customer_id"],
        unique=False,
        sqlite_where=sa.text("state = 'due'"),
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_index(
        "ix_wakeups_pending",
        "wakeups",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "live_documents",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", INT, nullable=False),
        sa.Column("since", INT, nullable=False),
        sa.ForeignKeyConstraint(
            ["kind", "name", "version"],
            ["documents.kind", "documents.name", "documents.version"],
            name=op.f("fk_live_documents_kind_name_version"),
        ),
        sa.PrimaryKeyConstraint("kind", "name", name=op.f("pk_live_documents")),
        sqlite_strict=True,
    )
