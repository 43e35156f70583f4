"""What people stop and take into their hands: brakes, leases; and the cards that chat asks with."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, PrimaryKeyConstraint

from store.schema.columns import binary, integer, one_of, table, words

brakes = table(
    "brakes",
    words("id"),
    words("scope"),
    words("in_flight"),
    words("by"),
    words("reason"),
    integer("at"),
    words("lifted_by", nullable=True),
    integer("lifted_at", nullable=True),
    PrimaryKeyConstraint("id"),
    one_of("in_flight", "hold", "drain", "cancel"),
    CheckConstraint("(lifted_by IS NULL) = (lifted_at IS NULL)", name="lifted_by_somebody"),
)
"""A reason is read by everybody who works here and holds nothing of a customer."""
Index(
    "ix_brakes_in_force",
    brakes.c.id,
    sqlite_where=brakes.c.lifted_at.is_(None),
    postgresql_where=brakes.c.lifted_at.is_(None),
)

leases = table(
    "leases",
    words("id"),
    words("customer_id"),
    words("holder"),
    binary("reason_sealed"),
    integer("at"),
    integer("until"),
    words("ended_by", nullable=True),
    integer("ended_at", nullable=True),
    PrimaryKeyConstraint("id"),
)
Index("ix_leases_customer_id", leases.c.customer_id)

chat_cards = table(
    "chat_cards",
    words("id"),
    words("kind"),
    words("body"),
    words("asked_by"),
    words("needs_role"),
    integer("at"),
    integer("expires_at"),
    words("confirmed_by", nullable=True),
    integer("confirmed_at", nullable=True),
    words("outcome", nullable=True),
    PrimaryKeyConstraint("id"),
)
"""`body` and `outcome` are JSON of our own ids and words; who was named is kept as an id only."""
