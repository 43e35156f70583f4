"""Every table of the one database, as SQLAlchemy Core metadata.

Columns are integers, text and bytes only, so that SQLite's STRICT tables and PostgreSQL hold the same
rows. Instants are UTC microseconds, money is minor units, percent is basis points, flags are 0 or 1.
A column whose name ends in ``_sealed`` holds ciphertext under one person's key (`store.sealing`); a
column whose name ends in ``_hash`` holds a keyed look-up hash of something personal. Nothing else in
these tables may hold what a person said, is called, or can be reached at.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

Int = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits on both databases; STRICT tables know the word INTEGER only."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _int(name: str, **kw: Any) -> Column[int]:
    return Column(name, Int, nullable=kw.pop("nullable", False), **kw)


def _text(name: str, **kw: Any) -> Column[str]:
    return Column(name, Text, nullable=kw.pop("nullable", False), **kw)


def _bytes(name: str, **kw: Any) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=kw.pop("nullable", False), **kw)


def _one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{v}'" for v in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def _table(name: str, *parts: Any) -> Table:
    return Table(name, metadata, *parts, sqlite_strict=True)


# -- the deployment ---------------------------------------------------------------------------------

meta = _table("meta", _text("key"), _text("value"), PrimaryKeyConstraint("key"))

clock = _table(
    "clock",
    _int("id"),
    _int("now_us"),
    PrimaryKeyConstraint("id"),
    CheckConstraint("id = 1", name="one_row"),
)
"""One row when business time is simulated; none when it is the machine's."""

principals = _table(
    "principals",
    _text("id"),
    _text("name"),
    _text("role"),
    _text("key_sha256"),
    _int("created_at"),
    _int("disabled_at", nullable=True),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("name"),
    UniqueConstraint("key_sha256"),
    _one_of("role", "ingest", "viewer", "operator", "approver", "admin"),
)

documents = _table(
    "documents",
    _text("kind"),
    _text("name"),
    _int("version"),
    _text("sha256"),
    _text("text"),
    _text("author"),
    _int("created_at"),
    PrimaryKeyConstraint("kind", "name", "version"),
    _one_of("kind", "policy", "agent", "rules", "message", "brand"),
)
"""Versions of everything people write that governs decisions. Never updated, never deleted."""

live_documents = _table(
    "live_documents",
    _text("kind"),
    _text("name"),
    _int("version"),
    _int("since"),
    PrimaryKeyConstraint("kind", "name"),
    ForeignKeyConstraint(
        ["kind", "name", "version"], ["documents.kind", "documents.name", "documents.version"]
    ),
)

replies = _table(
    "replies",
    _text("principal_id"),
    _text("key_hash"),
    _text("request_sha256"),
    _int("status"),
    _bytes("body_sealed"),
    _int("created_at"),
    PrimaryKeyConstraint("principal_id", "key_hash"),
)
"""Answers kept 24 hours for `Idempotency-Key`."""

# -- keys (in `keys.db` when the database is SQLite) -------------------------------------------------

key_metadata = MetaData(naming_convention=metadata.naming_convention)

subject_keys = Table(
    "subject_keys",
    key_metadata,
    _text("id"),
    _text("subject"),
    _bytes("wrapped"),
    _int("created_at"),
    PrimaryKeyConstraint("id"),
    sqlite_strict=True,
)
Index("ix_subject_keys_subject", subject_keys.c.subject)

# -- what comes in -----------------------------------------------------------------------------------

inbox = _table(
    "inbox",
    _int("seq", autoincrement=True),
    _text("event_id"),
    _text("source"),
    _text("message_hash"),
    _text("kind"),
    _int("urgent"),
    _int("historical"),
    _bytes("payload_sealed", nullable=True),
    _int("received_at"),
    _text("status"),
    _int("attempts"),
    _text("reason", nullable=True),
    PrimaryKeyConstraint("seq"),
    UniqueConstraint("event_id"),
    UniqueConstraint("source", "message_hash"),
    _one_of("status", "accepted", "resolved", "dead"),
)
Index(
    "ix_inbox_open",
    inbox.c.seq,
    sqlite_where=inbox.c.status == "accepted",
    postgresql_where=inbox.c.status == "accepted",
)

events = _table(
    "events",
    _text("id"),
    _text("customer_id"),
    _int("seq"),
    _text("kind"),
    _int("urgent"),
    _int("occurred_at"),
    _int("received_at"),
    _bytes("body_sealed"),
    _text("state"),
    _text("reason", nullable=True),
    _text("journey_id", nullable=True),
    _text("decision_id", nullable=True),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("seq"),
    _one_of("state", "waiting", "taken", "decided", "recorded", "withheld"),
)
Index("ix_events_customer_id_seq", events.c.customer_id, events.c.seq)
Index("ix_events_decision_id", events.c.decision_id)
Index(
    "ix_events_waiting",
    events.c.customer_id,
    events.c.seq,
    sqlite_where=events.c.state == "waiting",
    postgresql_where=events.c.state == "waiting",
)

lanes = _table(
    "lanes",
    _text("customer_id"),
    _int("epoch"),
    _int("last_arrival_seq"),
    _int("last_plan_at"),
    PrimaryKeyConstraint("customer_id"),
)
"""A customer's turn-taking. Whoever works for a customer holds the newest epoch."""

wakeups = _table(
    "wakeups",
    _int("id", autoincrement=True),
    _int("due_at"),
    _text("kind"),
    _text("ref"),
    _text("customer_id", nullable=True),
    _text("journey_id", nullable=True),
    _text("state"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("kind", "ref"),
    _one_of("state", "pending", "due", "done", "cancelled"),
    _one_of(
        "kind",
        "release",
        "check_back",
        "journey_expiry",
        "approval_lapse",
        "effect_expiry",
        "plan_again",
        "another_look",
        "approval_decided",
    ),
)
Index(
    "ix_wakeups_pending",
    wakeups.c.due_at,
    sqlite_where=wakeups.c.state == "pending",
    postgresql_where=wakeups.c.state == "pending",
)
Index(
    "ix_wakeups_due",
    wakeups.c.customer_id,
    sqlite_where=wakeups.c.state == "due",
    postgresql_where=wakeups.c.state == "due",
)

# -- the customer --------------------------------------------------------------------------------------

customers = _table(
    "customers",
    _text("id"),
    _int("created_at"),
    _int("updated_at"),
    _text("merged_into", nullable=True),
    _int("erased_at", nullable=True),
    _int("legal_hold"),
    _bytes("profile_sealed", nullable=True),
    PrimaryKeyConstraint("id"),
)

identifiers = _table(
    "identifiers",
    _text("value_hash"),
    _text("kind"),
    _text("customer_id"),
    _bytes("value_sealed"),
    _int("first_seen_at"),
    PrimaryKeyConstraint("value_hash"),
    _one_of("kind", "user_id", "email", "phone", "anonymous_id"),
)
Index("ix_identifiers_customer_id", identifiers.c.customer_id)

consents = _table(
    "consents",
    _text("customer_id"),
    _text("channel"),
    _text("purpose"),
    _text("state"),
    _int("at"),
    _int("expires_at", nullable=True),
    _bytes("evidence_sealed"),
    PrimaryKeyConstraint("customer_id", "channel", "purpose"),
    _one_of("state", "granted", "denied", "revoked"),
)

suppressions = _table(
    "suppressions",
    _text("id"),
    _text("customer_id", nullable=True),
    _text("identifier_hash", nullable=True),
    _text("scope"),
    _text("purpose", nullable=True),
    _text("channel", nullable=True),
    _text("address_hash", nullable=True),
    _text("by"),
    _bytes("reason_sealed", nullable=True),
    _int("at"),
    _int("until", nullable=True),
    _int("lifted_at", nullable=True),
    PrimaryKeyConstraint("id"),
    _one_of("scope", "all", "purpose", "address"),
    CheckConstraint("customer_id IS NOT NULL OR identifier_hash IS NOT NULL", name="of_somebody"),
)
Index("ix_suppressions_customer_id", suppressions.c.customer_id)
Index("ix_suppressions_identifier_hash", suppressions.c.identifier_hash)

orders = _table(
    "orders",
    _text("order_hash"),
    _text("customer_id"),
    _int("at"),
    _bytes("body_sealed"),
    PrimaryKeyConstraint("order_hash"),
)
Index("ix_orders_customer_id_at", orders.c.customer_id, orders.c.at)

complaints = _table(
    "complaints",
    _text("id"),
    _text("customer_id"),
    _int("at"),
    _int("closed_at", nullable=True),
    PrimaryKeyConstraint("id"),
)
Index("ix_complaints_customer_id", complaints.c.customer_id)

memories = _table(
    "memories",
    _text("id"),
    _text("customer_id"),
    _text("kind"),
    _text("source_event_id", nullable=True),
    _int("at"),
    _int("expires_at", nullable=True),
    _int("weight_bp"),
    _text("purpose"),
    _bytes("text_sealed"),
    _int("indexed"),
    PrimaryKeyConstraint("id"),
)
Index("ix_memories_customer_id", memories.c.customer_id)
Index(
    "ix_memories_unindexed",
    memories.c.id,
    sqlite_where=memories.c.indexed == 0,
    postgresql_where=memories.c.indexed == 0,
)

tombstones = _table(
    "tombstones",
    _text("identifier_hash"),
    _text("customer_id"),
    _int("at"),
    PrimaryKeyConstraint("identifier_hash"),
)
"""Identifiers of erased people: what arrives under them ends withheld until they consent anew."""

erasures = _table(
    "erasures",
    _text("id"),
    _text("customer_id"),
    _int("at"),
    _text("by"),
    _text("receipt"),
    PrimaryKeyConstraint("id"),
)

# -- what the shop knows -------------------------------------------------------------------------------

products = _table(
    "products",
    _text("sku"),
    _text("name"),
    _int("price_minor", nullable=True),
    _int("cost_minor", nullable=True),
    _text("currency"),
    _int("stock", nullable=True),
    _int("tax_bp"),
    _text("category", nullable=True),
    _int("fetched_at"),
    PrimaryKeyConstraint("sku"),
)

# -- the loop ------------------------------------------------------------------------------------------

journeys = _table(
    "journeys",
    _text("id"),
    _text("customer_id"),
    _text("goal"),
    _text("subject_hash"),
    _text("agent"),
    _text("arm"),
    _text("status"),
    _text("reason", nullable=True),
    _int("opened_at"),
    _int("expires_at"),
    _int("closed_at", nullable=True),
    _bytes("context_sealed"),
    _text("seen_events"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("customer_id", "goal", "subject_hash"),
    _one_of("status", "open", "reached", "expired", "closed"),
    _one_of("arm", "agent", "rules", "nothing"),
)
"""`seen_events` is a JSON list of keyed hashes of the event names this journey has met."""

decisions = _table(
    "decisions",
    _text("id"),
    _text("journey_id"),
    _text("customer_id"),
    _text("goal"),
    _text("agent"),
    _int("agent_version"),
    _text("arm"),
    _text("mode"),
    _text("status"),
    _int("opened_at"),
    _int("closed_at", nullable=True),
    _int("epoch"),
    PrimaryKeyConstraint("id"),
    _one_of(
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

journal = _table(
    "journal",
    _int("pos", autoincrement=True),
    _int("shard"),
    _int("seq"),
    _int("at"),
    _text("customer_id"),
    _text("decision_id", nullable=True),
    _text("kind"),
    _int("epoch"),
    _bytes("body_sealed"),
    _text("prev_hash"),
    _text("hash"),
    PrimaryKeyConstraint("pos"),
    UniqueConstraint("shard", "seq"),
)
Index("ix_journal_decision_id", journal.c.decision_id)

journal_heads = _table(
    "journal_heads",
    _int("shard"),
    _int("seq"),
    _text("hash"),
    PrimaryKeyConstraint("shard"),
)

anchors = _table(
    "anchors",
    _int("id", autoincrement=True),
    _int("at"),
    _text("heads"),
    _text("signature"),
    PrimaryKeyConstraint("id"),
)

# -- effects -------------------------------------------------------------------------------------------

effects = _table(
    "effects",
    _text("id"),
    _text("idempotency_key"),
    _text("decision_id"),
    _text("journey_id"),
    _text("customer_id"),
    _text("call_digest"),
    _text("tool"),
    _text("kind"),
    _text("channel"),
    _text("class"),
    _text("purpose"),
    _text("mode"),
    _text("status"),
    _text("reason", nullable=True),
    _int("score"),
    _int("amount_minor", nullable=True),
    _text("currency", nullable=True),
    _int("not_before", nullable=True),
    _int("expires_at"),
    _int("claimed_at"),
    _int("claim_epoch"),
    _int("claim_until"),
    _int("settled_at", nullable=True),
    _text("sha256", nullable=True),
    _bytes("body_sealed"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("idempotency_key"),
    _one_of(
        "status",
        "claimed",
        "sent",
        "scheduled",
        "unknown",
        "failed",
        "preempted",
        "cancelled",
        "expired",
    ),
)
Index("ix_effects_customer_id", effects.c.customer_id, effects.c.claimed_at)
Index("ix_effects_decision_id", effects.c.decision_id)
Index(
    "ix_effects_claimed",
    effects.c.claim_until,
    sqlite_where=effects.c.status == "claimed",
    postgresql_where=effects.c.status == "claimed",
)

reservations = _table(
    "reservations",
    _text("effect_id"),
    _text("counter"),
    _int("amount"),
    _text("state"),
    PrimaryKeyConstraint("effect_id", "counter"),
    _one_of("state", "reserved", "committed", "released"),
    CheckConstraint("amount > 0", name="amount_positive"),
)

counters = _table(
    "counters",
    _text("key"),
    _int("ceiling"),
    _int("reserved"),
    _int("committed"),
    PrimaryKeyConstraint("key"),
    CheckConstraint("reserved >= 0 AND committed >= 0", name="not_negative"),
)
"""Shared amounts: budgets, promised stock. `reserved + committed <= ceiling` holds by conditional update."""

contacts = _table(
    "contacts",
    _text("effect_id"),
    _text("customer_id"),
    _text("channel"),
    _text("class"),
    _text("purpose"),
    _int("at"),
    _text("local_day"),
    _text("state"),
    PrimaryKeyConstraint("effect_id"),
    _one_of("state", "reserved", "committed", "released"),
)
"""One person's contact ledger; caps count rows that are not released."""
Index("ix_contacts_customer_id_at", contacts.c.customer_id, contacts.c.at)

offers = _table(
    "offers",
    _text("id"),
    _text("effect_id"),
    _text("decision_id"),
    _text("journey_id"),
    _text("customer_id"),
    _text("code_hash"),
    _bytes("code_sealed"),
    _int("discount_bp"),
    _int("cost_minor"),
    _text("currency"),
    _int("created_at"),
    _int("expires_at"),
    _text("status"),
    _int("redeemed_at", nullable=True),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("code_hash"),
    UniqueConstraint("effect_id"),
    _one_of("status", "issued", "redeemed", "expired", "void"),
)
Index("ix_offers_customer_id", offers.c.customer_id)

tickets = _table(
    "tickets",
    _text("id"),
    _text("effect_id"),
    _text("decision_id"),
    _text("customer_id"),
    _text("queue"),
    _text("priority"),
    _int("at"),
    _text("status"),
    _bytes("body_sealed"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("effect_id"),
    _one_of("status", "open", "closed"),
)
Index("ix_tickets_customer_id", tickets.c.customer_id)

approvals = _table(
    "approvals",
    _text("id"),
    _text("decision_id"),
    _text("customer_id"),
    _text("journey_id"),
    _text("call_digest"),
    _text("outcome"),
    _text("status"),
    _text("requested_by"),
    _text("assignee", nullable=True),
    _int("requested_at"),
    _int("due_at"),
    _text("decided_by", nullable=True),
    _int("decided_at", nullable=True),
    _bytes("body_sealed"),
    PrimaryKeyConstraint("id"),
    _one_of("outcome", "review", "approval"),
    _one_of(
        "status", "pending", "approved", "rejected", "edited", "responded", "lapsed", "superseded"
    ),
    CheckConstraint("decided_by IS NULL OR decided_by <> requested_by", name="two_people"),
)
Index(
    "ix_approvals_pending",
    approvals.c.due_at,
    sqlite_where=approvals.c.status == "pending",
    postgresql_where=approvals.c.status == "pending",
)
Index("ix_approvals_decision_id", approvals.c.decision_id)

closed_counts = _table(
    "closed_counts",
    _text("day"),
    _text("fact"),
    _text("action"),
    _int("n"),
    PrimaryKeyConstraint("day", "fact", "action"),
)
"""How often a missing, stale or malformed fact closed the gate, by day (UTC)."""

imports = _table(
    "imports",
    _text("file_sha256"),
    _int("rows_done"),
    _int("rows_bad"),
    _int("started_at"),
    _int("finished_at", nullable=True),
    PrimaryKeyConstraint("file_sha256"),
)

import_rejects = _table(
    "import_rejects",
    _text("file_sha256"),
    _int("line"),
    _text("reason"),
    PrimaryKeyConstraint("file_sha256", "line"),
)
"""Rows set aside by line number and reason; never their content, which stays in the user's own file."""
