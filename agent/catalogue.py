"""The catalogue as the shop sends it: products put in, each with the instant it was fetched."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, update

from agent.errors import Invalid
from agent.messages import ProductIn
from store.schema import products
from store.upsert import insert_or_ignore


def check_currency(rows: Sequence[ProductIn], currency: str) -> None:
    """Refuse a price in another currency than the pack's: nothing is converted."""
    for k, row in enumerate(rows):
        if row.currency != currency:
            raise Invalid(
                f"product {k} ({row.sku}): its currency is not {currency}, the currency of the "
                "policy pack in force; nothing is converted"
            )


def put_products(conn: Connection, rows: Sequence[ProductIn], *, now_us: int) -> int:
    """Write products, all or none; a known sku is replaced. Returns how many."""
    for row in rows:
        values = {**row.model_dump(exclude={"sku"}), "fetched_at": now_us}
        if not insert_or_ignore(conn, products, sku=row.sku, **values):
            conn.execute(update(products).where(products.c.sku == row.sku).values(**values))
    return len(rows)
