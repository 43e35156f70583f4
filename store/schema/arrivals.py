"""What comes in and what waits: inbox, events, lanes, wake-ups, imports."""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, UniqueConstraint

from store.schema.columns import binary, integer, one_of, table, words

inbox = table(
    "inbox",
    integer("seq", autoincrement=True),
    words("event_id"),
    words("source"),
    words("message_hash"),
    words("kind"),
    integer("urgent"),
    integer("historical"),
    binary("payload_sealed", nullable=True),
    integer("received_at"),
    words("status"),
    integer("attempts"),
    words("reason", nullable=True),
    PrimaryKeyConstraint("seq"),
    UniqueConstraint("event_id"),
    UniqueConstraint("source", "message_hash"),
    one_of("status", "accepted", "resolved", "dead"),
)
Index(
    "ix_inbox_open",
    inbox.c.seq,
    sqlite_where=inbox.c.status == "accepted",
    postgresql_where=inbox.c.status == "accepted",
)
Index(
    "ix_inbox_dead",
    inbox.c.received_at,
    sqlite_where=inbox.c.status == "dead",
    postgresql_where=inbox.c.status == "dead",
)

events = table(
    "events",
    words("id"),
    words("customer_id"),
    integer("seq"),
    words("kind"),
    integer("urgent"),
    integer("occurred_at"),
    integer("received_at"),
    binary("body_sealed"),
    words("state"),
    words("reason", nullable=True),
    words("journey_id", nullable=True),
    words("decision_id", nullable=True),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("seq"),
    one_of("state", "waiting", "taken", "decided", "recorded", "withheld", "dead"),
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
Index(
    "ix_events_dead",
    events.c.received_at,
    sqlite_where=events.c.state == "dead",
    postgresql_where=events.c.state == "dead",
)

lanes = table(
    "lanes",
    words("customer_id"),
    integer("epoch"),
    integer("last_arrival_seq"),
    integer("last_plan_at"),
    PrimaryKeyConstraint("customer_id"),
)
"""A customer's turn-taking. Whoever works for a customer holds the newest epoch."""

wakeups = table(
    "wakeups",
    integer("id", autoincrement=True),
    integer("due_at"),
    words("kind"),
    words("ref"),
    words("customer_id", nullable=True),
    words("journey_id", nullable=True),
    words("state"),
    words("reason", nullable=True),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("kind", "ref"),
    one_of("state", "pending", "due", "done", "cancelled", "dead"),
    one_of(
        "kind",
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
        "detect",
        "regate",
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
Index(
    "ix_wakeups_dead",
    wakeups.c.due_at,
    sqlite_where=wakeups.c.state == "dead",
    postgresql_where=wakeups.c.state == "dead",
)

imports = table(
    "imports",
    words("file_sha256"),
    integer("rows_done"),
    integer("rows_bad"),
    integer("started_at"),
    integer("finished_at", nullable=True),
    PrimaryKeyConstraint("file_sha256"),
)

import_rejects = table(
    "import_rejects",
    words("file_sha256"),
    integer("line"),
    words("reason"),
    PrimaryKeyConstraint("file_sha256", "line"),
)
"""Rows set aside by line and reason; their content stays in the user's own file."""
