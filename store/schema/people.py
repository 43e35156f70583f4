"""Who the customers are, and what they have allowed."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, PrimaryKeyConstraint

from store.schema.columns import binary, integer, one_of, table, words

customers = table(
    "customers",
    words("id"),
    integer("created_at"),
    integer("updated_at"),
    words("merged_into", nullable=True),
    integer("erased_at", nullable=True),
    integer("legal_hold"),
    binary("profile_sealed", nullable=True),
    PrimaryKeyConstraint("id"),
)

identifiers = table(
    "identifiers",
    words("value_hash"),
    words("kind"),
    words("customer_id"),
    binary("value_sealed"),
    integer("first_seen_at"),
    integer("quarantined_at", nullable=True),
    PrimaryKeyConstraint("value_hash"),
    one_of("kind", "user_id", "email", "phone", "anonymous_id"),
)
Index("ix_identifiers_customer_id", identifiers.c.customer_id)

consents = table(
    "consents",
    words("customer_id"),
    words("channel"),
    words("purpose"),
    words("state"),
    integer("at"),
    integer("expires_at", nullable=True),
    binary("evidence_sealed"),
    PrimaryKeyConstraint("customer_id", "channel", "purpose"),
    one_of("state", "granted", "pending", "denied", "revoked"),
)
"""`pending`: asked for, and not confirmed by the person yet; it allows nothing."""

suppressions = table(
    "suppressions",
    words("id"),
    words("customer_id", nullable=True),
    words("identifier_hash", nullable=True),
    words("scope"),
    words("purpose", nullable=True),
    words("channel", nullable=True),
    words("address_hash", nullable=True),
    words("by"),
    binary("reason_sealed", nullable=True),
    integer("at"),
    integer("until", nullable=True),
    integer("lifted_at", nullable=True),
    PrimaryKeyConstraint("id"),
    one_of("scope", "all", "purpose", "address"),
    CheckConstraint("customer_id IS NOT NULL OR identifier_hash IS NOT NULL", name="of_somebody"),
)
Index("ix_suppressions_customer_id", suppressions.c.customer_id)
Index("ix_suppressions_identifier_hash", suppressions.c.identifier_hash)

orders = table(
    "orders",
    words("order_hash"),
    words("customer_id"),
    integer("at"),
    binary("body_sealed"),
    PrimaryKeyConstraint("order_hash"),
)
Index("ix_orders_customer_id_at", orders.c.customer_id, orders.c.at)

complaints = table(
    "complaints",
    words("id"),
    words("customer_id"),
    integer("at"),
    integer("closed_at", nullable=True),
    PrimaryKeyConstraint("id"),
)
Index("ix_complaints_customer_id", complaints.c.customer_id)

memories = table(
    "memories",
    words("id"),
    words("customer_id"),
    words("kind"),
    words("source_id", nullable=True),
    integer("at"),
    integer("expires_at", nullable=True),
    integer("weight_bp"),
    words("purpose"),
    binary("text_sealed"),
    integer("indexed"),
    words("sensitivity", server_default="ordinary"),
    words("topic", nullable=True),
    words("superseded_by", nullable=True),
    PrimaryKeyConstraint("id"),
    one_of("sensitivity", "ordinary", "sensitive"),
    CheckConstraint("superseded_by IS NULL OR superseded_by <> id", name="superseded_by_another"),
)
"""`source_id`: the event, the effect or the approval that it is a memory of. `superseded_by`: a
newer one of this person, kind and topic; it may have gone since, so nothing refers to it."""
Index("ix_memories_customer_id", memories.c.customer_id)
Index(
    "ix_memories_unindexed",
    memories.c.id,
    sqlite_where=memories.c.indexed == 0,
    postgresql_where=memories.c.indexed == 0,
)

tombstones = table(
    "tombstones",
    words("identifier_hash"),
    words("customer_id"),
    integer("at"),
    PrimaryKeyConstraint("identifier_hash"),
)
"""Identifiers of erased people: what arrives under them ends withheld until they consent anew."""

erasures = table(
    "erasures",
    words("id"),
    words("customer_id"),
    integer("at"),
    words("by"),
    words("receipt"),
    PrimaryKeyConstraint("id"),
)

merges = table(
    "merges",
    words("id"),
    words("into_id"),
    words("absorbed_id"),
    words("why"),
    integer("at"),
    integer("at_seq"),
    words("by"),
    binary("evidence_sealed"),
    binary("into_before_sealed"),
    binary("absorbed_before_sealed"),
    integer("undone_at", nullable=True),
    words("undone_by", nullable=True),
    binary("undone_reason_sealed", nullable=True),
    PrimaryKeyConstraint("id"),
    one_of("why", "identifier", "alias", "probable", "person"),
    CheckConstraint("into_id <> absorbed_id", name="of_two"),
    CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone_by_somebody"),
)
"""Why two records are one, and what each was before; sealed under whom each column speaks of.

`at_seq` is the newest arrival of either at that moment: what arrived later came to the one record.
"""
Index("ix_merges_into_id", merges.c.into_id)
Index("ix_merges_absorbed_id", merges.c.absorbed_id)

merge_moves = table(
    "merge_moves",
    words("merge_id"),
    words("moved"),
    words("row_key"),
    PrimaryKeyConstraint("merge_id", "moved", "row_key"),
)
"""Which rows of which table a merge moved over, so that they can go back."""

separations = table(
    "separations",
    words("one_id"),
    words("other_id"),
    integer("at"),
    words("by"),
    PrimaryKeyConstraint("one_id", "other_id"),
    CheckConstraint("one_id < other_id", name="in_order"),
)
"""Two records that a person said are two: nothing makes one of them again but an alias."""

lifetime_fits = table(
    "lifetime_fits",
    words("id"),
    integer("at"),
    words("currency", nullable=True),
    integer("people"),
    words("purchases", nullable=True),
    words("spend", nullable=True),
    words("segments", nullable=True),
    words("why_not", nullable=True),
    PrimaryKeyConstraint("id"),
    CheckConstraint(
        "(why_not IS NULL) = (currency IS NOT NULL AND purchases IS NOT NULL"
        " AND spend IS NOT NULL AND segments IS NOT NULL)",
        name="found_or_why_not",
    ),
)
"""Tries to estimate what customers are worth; parameters of all together, nothing of anybody."""
Index("ix_lifetime_fits_at", lifetime_fits.c.at)

identifier_claims = table(
    "identifier_claims",
    words("value_hash"),
    words("customer_id"),
    integer("at"),
    PrimaryKeyConstraint("value_hash", "customer_id"),
)
"""Who else stated an identifier that was somebody's already; too many, and it is in quarantine."""

identity_notes = table(
    "identity_notes",
    words("customer_id"),
    words("code"),
    words("kind"),
    integer("n"),
    integer("first_at"),
    integer("last_at"),
    PrimaryKeyConstraint("customer_id", "code", "kind"),
)
"""What of somebody's identifiers and traits was not taken, and how often; never what it said."""

match_records = table(
    "match_records",
    words("customer_id"),
    binary("fields_sealed"),
    PrimaryKeyConstraint("customer_id"),
)
"""What of a person is compared with others: names, birth date, address; sealed."""

match_keys = table(
    "match_keys",
    words("key_hash"),
    words("customer_id"),
    PrimaryKeyConstraint("key_hash", "customer_id"),
)
Index("ix_match_keys_customer_id", match_keys.c.customer_id)

match_totals = table(
    "match_totals",
    integer("id"),
    integer("records"),
    integer("arrivals"),
    integer("known_ppm"),
    PrimaryKeyConstraint("id"),
    CheckConstraint("id = 1", name="one_row"),
    CheckConstraint("records >= 0", name="not_negative"),
)
"""How many records there are to compare with, how many arrivals were probably somebody known."""

soft_links = table(
    "soft_links",
    words("one_id"),
    words("other_id"),
    integer("at"),
    integer("posterior_bp"),
    words("because"),
    words("shown"),
    words("state"),
    words("decided_by", nullable=True),
    integer("decided_at", nullable=True),
    PrimaryKeyConstraint("one_id", "other_id"),
    CheckConstraint("one_id < other_id", name="in_order"),
    one_of("state", "open", "joined", "dismissed"),
)
"""Two records that may be one person's. Nothing follows of it but that people see it.

`shown` is JSON: how each field agrees, in bits, without what it says.
"""
Index("ix_soft_links_other_id", soft_links.c.other_id)
