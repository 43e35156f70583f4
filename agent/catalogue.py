"""The catalogue as the shop sends it: products put in, each with the instant it was fetched.

Where a price, a cost, a name or a tax changes, or a stock falls below what messages promise, the
contacts that are queued about the article are looked at again at once, in their lanes: whatever
they say must be true when it leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from agent.errors import Invalid
from agent.messages import ProductIn
from store import wakeups
from store.database import Database
from store.schema import products
from store.upsert import insert_or_ignore
from tools import stock

#: What a message says of an article, or was allowed by.
_READ = ("name", "price_minor", "cost_minor", "currency", "tax_bp", "category")
_KNOWN = select(products).where(products.c.sku == bindparam("of"))


@dataclass(frozen=True, slots=True)
class Put:
    """How many articles were written, and whose queued contacts are to be looked at again."""

    written: int
    concerned: tuple[str, ...]


def check_currency(rows: Sequence[ProductIn], currency: str) -> None:
    """Refuse a price in another currency than the pack's: nothing is converted."""
    for k, row in enumerate(rows):
        if row.currency != currency:
            raise Invalid(
                f"product {k} ({row.sku}): its currency is not {currency}, the currency of the "
                "policy pack in force; nothing is converted"
            )


async def keep_products(
    db: Database, rows: Sequence[ProductIn], *, now_us: int, wake: Callable[[str], None]
) -> int:
    """Write products and wake the lanes that they concern. Returns how many were written."""
    put = await db.write(put_products, rows, now_us=now_us)
    for customer_id in put.concerned:
        wake(customer_id)
    return put.written


def put_products(conn: Connection, rows: Sequence[ProductIn], *, now_us: int) -> Put:
    """Write products, all or none; a known sku is replaced."""
    changed: list[str] = []
    fallen: list[str] = []
    for row in rows:
        values = {**row.model_dump(exclude={"sku"}), "fetched_at": now_us}
        if insert_or_ignore(conn, products, sku=row.sku, **values):
            continue
        known = conn.execute(_KNOWN, {"of": row.sku}).one()
        conn.execute(update(products).where(products.c.sku == row.sku).values(**values))
        if any(known._mapping[name] != values[name] for name in _READ):
            changed.append(row.sku)
        elif _fell(known, values["stock"]):
            fallen.append(row.sku)
    if fallen:
        held = stock.promised(conn, fallen)
        left = {row.sku: row.stock for row in rows}
        changed += [sku for sku in fallen if not _covers(left[sku], held.get(sku, 0))]
    queued = stock.queued_for(conn, changed) if changed else []
    for effect in queued:
        wakeups.schedule(
            conn,
            kind="regate",
            ref=effect.id,
            due_at=now_us,
            customer_id=effect.customer_id,
            journey_id=effect.journey_id,
            state="due",
        )
    concerned = dict.fromkeys(str(effect.customer_id) for effect in queued)
    return Put(len(rows), tuple(concerned))


def _covers(there_is: int | None, promised: int) -> bool:
    return there_is is not None and there_is >= promised


def _fell(known: Row[Any], stated: int | None) -> bool:
    return known.stock is not None and (stated is None or stated < known.stock)
