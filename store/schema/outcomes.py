"""What is done in the world, and what it holds: effects, counters, contacts, offers, approvals."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, PrimaryKeyConstraint, UniqueConstraint, text

from store.schema.columns import binary, integer, one_of, table, words

_LIVE = "status NOT IN ('failed', 'cancelled', 'expired', 'preempted')"

effects = table(
    "effects",
    words("id"),
    words("idempotency_key"),
    words("decision_id"),
    words("journey_id"),
    words("customer_id"),
    words("call_digest"),
    words("tool"),
    words("kind"),
    words("channel"),
    words("class"),
    words("purpose"),
    words("mode"),
    words("status"),
    words("reason", nullable=True),
    integer("score"),
    integer("amount_minor", nullable=True),
    words("currency", nullable=True),
    integer("not_before", nullable=True),
    integer("expires_at"),
    integer("claimed_at"),
    integer("claim_epoch"),
    integer("claim_until"),
    integer("settled_at", nullable=True),
    words("sha256", nullable=True),
    words("via", nullable=True),
    words("agent", nullable=True),
    words("message", nullable=True),
    words("undoes", nullable=True),
    binary("body_sealed"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("idempotency_key"),
    one_of(
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
"""`via`: the channel that reaches people by which it is handed over; written before that begins.
`agent` and `message` say what it is one of many of; effects older than these columns do not.
`undoes`: the effect that this one takes back.
"""
Index(
    "uq_effects_undoes",
    effects.c.undoes,
    unique=True,
    sqlite_where=text(_LIVE),
    postgresql_where=text(_LIVE),
)
Index(
    "ix_effects_unknown",
    effects.c.claimed_at,
    sqlite_where=effects.c.status == "unknown",
    postgresql_where=effects.c.status == "unknown",
)
Index(
    "ix_effects_scheduled",
    effects.c.not_before,
    sqlite_where=effects.c.status == "scheduled",
    postgresql_where=effects.c.status == "scheduled",
)
Index("ix_effects_customer_id", effects.c.customer_id, effects.c.claimed_at)
Index("ix_effects_decision_id", effects.c.decision_id)
Index("ix_effects_agent_claimed_at", effects.c.agent, effects.c.claimed_at)
Index(
    "ix_effects_claimed",
    effects.c.claim_until,
    sqlite_where=effects.c.status == "claimed",
    postgresql_where=effects.c.status == "claimed",
)

reservations = table(
    "reservations",
    words("effect_id"),
    words("counter"),
    integer("amount"),
    words("state"),
    PrimaryKeyConstraint("effect_id", "counter"),
    one_of("state", "reserved", "committed", "released"),
    CheckConstraint("amount > 0", name="amount_positive"),
)
Index(
    "ix_reservations_counter",
    reservations.c.counter,
    sqlite_where=reservations.c.state == "reserved",
    postgresql_where=reservations.c.state == "reserved",
)

counters = table(
    "counters",
    words("key"),
    integer("ceiling"),
    integer("reserved"),
    integer("committed"),
    PrimaryKeyConstraint("key"),
    CheckConstraint("reserved >= 0 AND committed >= 0", name="not_negative"),
)
"""Budgets, promised stock. A conditional update keeps `reserved + committed` within the ceiling."""

budget_extensions = table(
    "budget_extensions",
    words("approval_id"),
    words("counter"),
    integer("amount_minor"),
    words("currency"),
    words("by"),
    integer("at"),
    words("effect_id", nullable=True),
    integer("used_minor", nullable=True),
    PrimaryKeyConstraint("approval_id", "counter"),
    CheckConstraint("amount_minor > 0", name="amount_positive"),
    CheckConstraint("used_minor IS NULL OR used_minor BETWEEN 0 AND amount_minor", name="used"),
)
"""By how much a signature raised a month's budget, for one call; it counts while that holds it."""
Index("ix_budget_extensions_counter", budget_extensions.c.counter)

contacts = table(
    "contacts",
    words("effect_id"),
    words("customer_id"),
    words("channel"),
    words("class"),
    words("purpose"),
    integer("at"),
    words("local_day"),
    words("state"),
    PrimaryKeyConstraint("effect_id"),
    one_of("state", "reserved", "committed", "released"),
)
"""One person's contact ledger; caps count rows that are not released."""
Index("ix_contacts_customer_id_at", contacts.c.customer_id, contacts.c.at)

offers = table(
    "offers",
    words("id"),
    words("effect_id"),
    words("decision_id"),
    words("journey_id"),
    words("customer_id"),
    words("code_hash"),
    binary("code_sealed"),
    integer("discount_bp"),
    integer("cost_minor"),
    words("currency"),
    integer("created_at"),
    integer("expires_at"),
    words("status"),
    integer("redeemed_at", nullable=True),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("code_hash"),
    UniqueConstraint("effect_id"),
    one_of("status", "issued", "redeemed", "expired", "void"),
)
Index("ix_offers_customer_id", offers.c.customer_id)

tickets = table(
    "tickets",
    words("id"),
    words("effect_id"),
    words("decision_id"),
    words("customer_id"),
    words("queue"),
    words("priority"),
    integer("at"),
    words("status"),
    binary("body_sealed"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("effect_id"),
    one_of("status", "open", "closed"),
)
Index("ix_tickets_customer_id", tickets.c.customer_id)

approvals = table(
    "approvals",
    words("id"),
    words("decision_id"),
    words("customer_id"),
    words("journey_id"),
    words("call_digest"),
    words("outcome"),
    words("status"),
    words("requested_by"),
    words("assignee", nullable=True),
    integer("requested_at"),
    integer("due_at"),
    words("decided_by", nullable=True),
    integer("decided_at", nullable=True),
    binary("body_sealed"),
    PrimaryKeyConstraint("id"),
    one_of("outcome", "review", "approval"),
    one_of(
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

closed_counts = table(
    "closed_counts",
    words("day"),
    words("fact"),
    words("action"),
    integer("n"),
    PrimaryKeyConstraint("day", "fact", "action"),
)
"""How often a missing, stale or malformed fact closed the gate, by day (UTC)."""

near_misses = table(
    "near_misses",
    words("day"),
    words("rule"),
    words("action"),
    integer("n_close"),
    integer("n_at"),
    integer("closest_bp"),
    PrimaryKeyConstraint("day", "rule", "action"),
)
"""How many effects came close to a hard limit or stood exactly at it, by day (UTC) and rule.

`closest_bp` is how much of the limit the closest used; there is nobody's value in it.
"""
