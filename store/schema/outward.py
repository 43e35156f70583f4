"""What goes to other systems and comes from them: deliveries, receipts, alerts, offer codes."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, PrimaryKeyConstraint, UniqueConstraint

from store.schema.columns import binary, integer, one_of, table, words

deliveries = table(
    "deliveries",
    words("id"),
    words("target"),
    words("kind"),
    words("topic"),
    words("dedupe_key"),
    words("customer_id", nullable=True),
    words("state"),
    integer("attempts"),
    integer("made_at"),
    integer("due_at"),
    integer("settled_at", nullable=True),
    words("reason", nullable=True),
    binary("body_sealed", nullable=True),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("target", "dedupe_key"),
    one_of("kind", "subscription", "sync", "alert"),
    one_of("state", "waiting", "done", "dead", "void"),
    CheckConstraint("attempts >= 0", name="attempts_not_negative"),
)
"""What another system is told, until it has acknowledged it.

`made_at`, `due_at`, `settled_at`: the machine's time, because the other system lives by it. The
body is sealed under a key of its own, so that an erasure can still be told; that key is
destroyed, and the body removed, once it is acknowledged. `void`: nobody needs to be told any more.
"""
Index(
    "ix_deliveries_waiting",
    deliveries.c.due_at,
    sqlite_where=deliveries.c.state == "waiting",
    postgresql_where=deliveries.c.state == "waiting",
)
Index("ix_deliveries_customer_id", deliveries.c.customer_id)
Index("ix_deliveries_target", deliveries.c.target, deliveries.c.made_at)

subscriptions = table(
    "subscriptions",
    words("id"),
    words("url"),
    words("topics"),
    binary("secret_sealed"),
    words("by"),
    integer("at"),
    words("removed_by", nullable=True),
    integer("removed_at", nullable=True),
    PrimaryKeyConstraint("id"),
)
"""Who is told of decisions, effects, outcomes and suppressions. `topics`: a JSON list of words."""

systems = table(
    "systems",
    words("name"),
    words("provider"),
    integer("connected_at"),
    integer("disconnected_at", nullable=True),
    PrimaryKeyConstraint("name"),
)
"""Systems that are told of every stop and erasure, as the newest start found them in the settings.

In the database, so that whatever writes a stop knows in its own transaction whom to tell.
"""

receipts = table(
    "receipts",
    words("provider"),
    words("provider_event_id"),
    words("event_id"),
    words("effect_id", nullable=True),
    words("customer_id"),
    words("kind"),
    integer("machine"),
    integer("at"),
    words("reason", nullable=True),
    PrimaryKeyConstraint("event_id"),
    UniqueConstraint("provider", "provider_event_id"),
    one_of(
        "kind",
        "accepted",
        "delivered",
        "opened",
        "clicked",
        "bounced",
        "deferred",
        "dropped",
        "complained",
        "unsubscribed",
        "replied",
    ),
    CheckConstraint("machine IN (0, 1)", name="machine_flag"),
)
"""What a channel said became of an effect. `machine`: 1 where a scanner, not a person, did it.

`provider_event_id` is a keyed hash: some providers write numbers into their ids.
"""
Index("ix_receipts_effect_id", receipts.c.effect_id)
Index("ix_receipts_customer_id", receipts.c.customer_id, receipts.c.at)

alerts = table(
    "alerts",
    words("id"),
    words("kind"),
    words("subject"),
    words("severity"),
    words("text"),
    words("link"),
    integer("n"),
    integer("first_at"),
    integer("last_at"),
    integer("told_at", nullable=True),
    integer("closed_at", nullable=True),
    PrimaryKeyConstraint("id"),
    one_of("severity", "notice", "warning", "critical"),
    CheckConstraint("n > 0", name="n_positive"),
)
"""What people should look at. One open alert a kind and subject; nobody's data in it."""
Index(
    "uq_alerts_open",
    alerts.c.kind,
    alerts.c.subject,
    unique=True,
    sqlite_where=alerts.c.closed_at.is_(None),
    postgresql_where=alerts.c.closed_at.is_(None),
)

offer_codes = table(
    "offer_codes",
    words("code_hash"),
    words("pool"),
    integer("discount_bp"),
    binary("code_sealed"),
    integer("added_at"),
    integer("expires_at", nullable=True),
    words("effect_id", nullable=True),
    PrimaryKeyConstraint("code_hash"),
    UniqueConstraint("effect_id"),
    CheckConstraint("discount_bp BETWEEN 1 AND 10000", name="discount_share"),
)
"""The shop's own single-use codes; one with an effect has been given away."""
Index(
    "ix_offer_codes_free",
    offer_codes.c.pool,
    offer_codes.c.discount_bp,
    sqlite_where=offer_codes.c.effect_id.is_(None),
    postgresql_where=offer_codes.c.effect_id.is_(None),
)
