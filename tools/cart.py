"""The cart of a journey, line by line, as the shop knows it.

What the event states and the catalogue does not confirm is not believed: the price is the
catalogue's, the cart's only where it is lower. A price, cost, stock or quantity that is not known
is None and closes the gate where it is needed (P6); there is no guess and no conversion of
currencies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from store.schema import products
from tools import stock

_MOST_OF_ONE = 1_000_000
_MOST_LINES = 1_000


@dataclass(frozen=True, slots=True)
class CartLine:
    """One line of the cart. What is unknown is None: price, cost, stock, a malformed quantity."""

    sku: str
    name: str
    quantity: int | None
    price_minor: int | None
    cost_minor: int | None
    currency: str | None
    tax_bp: int
    free_stock: int | None
    fetched_at: int | None


def wanted(lines: Iterable[CartLine]) -> dict[str, int]:
    """How many of each article the cart names in all of its lines together."""
    total: Counter[str] = Counter()
    for line in lines:
        total[line.sku] += line.quantity or 0
    return dict(sorted(total.items()))


def in_stock(lines: Iterable[CartLine]) -> bool | None:
    """Whether there is enough of every article; None where a quantity or a stock is not known."""
    listed = tuple(lines)
    if not listed or any(x.quantity is None or x.free_stock is None for x in listed):
        return None
    free = {line.sku: line.free_stock or 0 for line in listed}
    return all(free[sku] >= quantity for sku, quantity in wanted(listed).items())


_PRODUCTS = select(products).where(products.c.sku.in_(bindparam("skus", expanding=True)))


def cart_lines(
    conn: Connection, cart: Mapping[str, Any], *, without: frozenset[str]
) -> tuple[CartLine, ...]:
    """The cart's lines; none where there are more than anybody puts into a cart.

    `without`: effects whose own promises do not stand in their way.
    """
    listed = cart.get("items")
    listed = listed if isinstance(listed, (list, tuple)) else ()
    items = [i for i in listed if isinstance(i, Mapping) and i.get("sku")]
    if not items or len(items) > _MOST_LINES:
        return ()
    skus = sorted({sku for item in items if _storable(sku := str(item["sku"]))})
    known = {row.sku: row for row in conn.execute(_PRODUCTS, {"skus": skus})}
    promised = stock.promised(conn, skus, without=without)
    return tuple(_line(item, known.get(str(item["sku"])), promised) for item in items)


def cart_value(lines: tuple[CartLine, ...], cart: Mapping[str, Any]) -> int | None:
    """The cart's worth: the sum of its lines where all are priced, else what the event stated."""
    if lines and all(x.price_minor is not None and x.quantity is not None for x in lines):
        return sum((line.price_minor or 0) * (line.quantity or 0) for line in lines)
    stated = cart.get("value_minor")
    return stated if _is_amount(stated) else None


def cart_currency(lines: tuple[CartLine, ...], cart: Mapping[str, Any]) -> str | None:
    """The one currency of the cart and its lines; None where they differ or none is known."""
    seen = {line.currency for line in lines if line.currency}
    stated = cart.get("currency")
    if stated is not None:
        seen.add(stated if isinstance(stated, str) else "")
    return seen.pop() or None if len(seen) == 1 else None


def _line(item: Mapping[str, Any], row: Row[Any] | None, promised: Mapping[str, int]) -> CartLine:
    sku, quantity = str(item["sku"]), _quantity(item)
    if row is None:
        return CartLine(sku, sku, quantity, None, None, None, 0, None, None)
    stated, price = item.get("price_minor"), row.price_minor
    if price is not None and _is_amount(stated):
        price = min(price, stated)
    return CartLine(
        sku=sku,
        name=row.name,
        quantity=quantity,
        price_minor=price,
        cost_minor=row.cost_minor,
        currency=row.currency,
        tax_bp=row.tax_bp,
        free_stock=None if row.stock is None else row.stock - promised.get(sku, 0),
        fetched_at=row.fetched_at,
    )


def _quantity(item: Mapping[str, Any]) -> int | None:
    """How many; one where nothing is said, None where what is said is no number of things."""
    stated = item.get("quantity", 1)
    if isinstance(stated, float) and stated.is_integer():
        stated = int(stated)
    return stated if type(stated) is int and 1 <= stated <= _MOST_OF_ONE else None


def _storable(text: str) -> bool:
    """Whether a database can hold this text at all; what it cannot hold is not in the catalogue."""
    return "\x00" not in text and not any(0xD800 <= ord(char) <= 0xDFFF for char in text)


def _is_amount(value: Any) -> bool:
    return type(value) is int and value >= 0
