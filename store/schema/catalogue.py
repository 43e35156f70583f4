"""What the shop sells."""

from __future__ import annotations

from sqlalchemy import PrimaryKeyConstraint

from store.schema.columns import integer, table, words

products = table(
    "products",
    words("sku"),
    words("name"),
    integer("price_minor", nullable=True),
    integer("cost_minor", nullable=True),
    words("currency"),
    integer("stock", nullable=True),
    integer("tax_bp"),
    words("category", nullable=True),
    integer("fetched_at"),
    PrimaryKeyConstraint("sku"),
)
