"""The loop: journeys, decisions, and the journal with the heads of its chains."""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, UniqueConstraint

from store.schema.columns import binary, integer, one_of, table, words

journeys = table(
    "journeys",
    words("id"),
    words("customer_id"),
    words("goal"),
    words("subject_hash"),
    words("agent"),
    words("arm"),
    words("status"),
    words("reason", nullable=True),
    integer("opened_at"),
    integer("expires_at"),
    integer("closed_at", nullable=True),
    binary("context_sealed"),
    words("seen_events"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("customer_id", "goal", "subject_hash"),
    one_of("status", "open", "reached", "expired", "closed"),
    one_of("arm", "agent", "rules", "nothing"),
)
"""`seen_events` is a JSON list of keyed hashes of the event names this journey has met."""

decisions = table(
    "decisions",
    words("id"),
    words("journey_id"),
    words("customer_id"),
    words("goal"),
    words("agent"),
    integer("agent_version"),
    words("arm"),
    words("mode"),
    words("status"),
    integer("opened_at"),
    integer("closed_at", nullable=True),
    integer("epoch"),
    PrimaryKeyConstraint("id"),
    one_of(
        "status",
        "running",
        "awaiting_approval",
        "scheduled",
        "completed",
        "no_action",
        "withheld",
        "failed",
    ),
)
Index("ix_decisions_customer_id_id", decisions.c.customer_id, decisions.c.id)
Index("ix_decisions_journey_id", decisions.c.journey_id)
Index(
    "ix_decisions_unfinished",
    decisions.c.customer_id,
    sqlite_where=decisions.c.status == "running",
    postgresql_where=decisions.c.status == "running",
)

journal = table(
    "journal",
    integer("pos", autoincrement=True),
    integer("shard"),
    integer("seq"),
    integer("at"),
    words("customer_id"),
    words("decision_id", nullable=True),
    words("kind"),
    integer("epoch"),
    binary("body_sealed"),
    words("prev_hash"),
    words("hash"),
    PrimaryKeyConstraint("pos"),
    UniqueConstraint("shard", "seq"),
)
Index("ix_journal_decision_id", journal.c.decision_id)

journal_heads = table(
    "journal_heads",
    integer("shard"),
    integer("seq"),
    words("hash"),
    PrimaryKeyConstraint("shard"),
)

anchors = table(
    "anchors",
    integer("id", autoincrement=True),
    integer("at"),
    words("heads"),
    words("signature"),
    PrimaryKeyConstraint("id"),
)
