"""Every table of the one database, as SQLAlchemy Core metadata.

Columns are integers, text and bytes only, so that SQLite's STRICT tables and PostgreSQL hold the
same rows. Instants are UTC microseconds, money is minor units, percent is basis points, flags are 0
or 1. A column whose name ends in ``_sealed`` holds ciphertext under one person's key
(`store.sealing`); a column whose name ends in ``_hash`` holds a keyed look-up hash of something
personal. Nothing else in these tables may hold what a person said, is called, or can be reached at.
"""

from __future__ import annotations

from store.schema.arrivals import events, import_rejects, imports, inbox, lanes, wakeups
from store.schema.catalogue import products
from store.schema.columns import metadata
from store.schema.deployment import (
    agent_modes,
    clock,
    documents,
    live_documents,
    meta,
    principals,
    replies,
)
from store.schema.key_table import key_metadata, subject_keys
from store.schema.outcomes import (
    approvals,
    budget_extensions,
    closed_counts,
    contacts,
    counters,
    effects,
    near_misses,
    offers,
    reservations,
    tickets,
)
from store.schema.outward import (
    alerts,
    deliveries,
    offer_codes,
    receipts,
    subscriptions,
    systems,
)
from store.schema.packs import pack_builds, pack_changes, pack_uses
from store.schema.people import (
    complaints,
    consents,
    customers,
    erasures,
    identifier_claims,
    identifiers,
    identity_notes,
    lifetime_fits,
    match_keys,
    match_records,
    match_totals,
    memories,
    merge_moves,
    merges,
    orders,
    separations,
    soft_links,
    suppressions,
    tombstones,
)
from store.schema.stops import brakes, chat_cards, leases
from store.schema.work import anchors, decisions, journal, journal_heads, journeys

__all__ = [
    "agent_modes",
    "alerts",
    "anchors",
    "approvals",
    "brakes",
    "budget_extensions",
    "chat_cards",
    "clock",
    "closed_counts",
    "complaints",
    "consents",
    "contacts",
    "counters",
    "customers",
    "decisions",
    "deliveries",
    "documents",
    "effects",
    "erasures",
    "events",
    "identifier_claims",
    "identifiers",
    "identity_notes",
    "import_rejects",
    "imports",
    "inbox",
    "journal",
    "journal_heads",
    "journeys",
    "key_metadata",
    "lanes",
    "leases",
    "lifetime_fits",
    "live_documents",
    "match_keys",
    "match_records",
    "match_totals",
    "memories",
    "merge_moves",
    "merges",
    "meta",
    "metadata",
    "near_misses",
    "offer_codes",
    "offers",
    "orders",
    "pack_builds",
    "pack_changes",
    "pack_uses",
    "principals",
    "products",
    "receipts",
    "replies",
    "reservations",
    "separations",
    "soft_links",
    "subject_keys",
    "subscriptions",
    "suppressions",
    "systems",
    "tickets",
    "tombstones",
    "wakeups",
]
