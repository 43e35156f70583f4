"""Stock that messages promise: not everybody is reminded of the last item.

What there is of a product is what the shop last told us. A message holds what its cart names from
its claim on until it is of no use any more (its effect's expiry), until it is cancelled, refused or
pre-empted, or until its person has bought. It is a promise, not a sale: nothing is ever counted as
sold here, because the shop's own figure falls when it sells. A new figure counts from the next
claim on; where it is below what is promised already, nothing more is promised.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select

from store import counters
from store.schema import counters as counted
from store.schema import products

_GONE = select(counted.c.key, counted.c.reserved + counted.c.committed).where(
    counted.c.key.in_(bindparam("keys", expanding=True))
)


def promised(
    conn: Connection, skus: Iterable[str], *, without: frozenset[str] = frozenset()
) -> dict[str, int]:
    """How many of each article messages hold now, those of the effects `without` left out."""
    keys = {_key(sku): sku for sku in skus}
    rows = conn.execute(_GONE, {"keys": sorted(keys)})
    own = counters.held_by(conn, without) if without else {}
    return {keys[key]: int(held) - own.get(key, 0) for key, held in rows}


def hold(conn: Connection, *, effect_id: str, sku: str, quantity: int) -> bool:
    """Hold some of an article for an effect; False where there are not so many left.

    Of an article whose stock is unknown nothing can be held; whether that matters, the gate has
    said.
    """
    stock = conn.execute(select(products.c.stock).where(products.c.sku == sku)).scalar()
    if stock is None:
        return True
    counters.set_ceiling(conn, _key(sku), int(stock))
    return counters.reserve(conn, effect_id=effect_id, key=_key(sku), amount=quantity)


def let_go(conn: Connection, effect_id: str) -> None:
    """What a message promised has been bought: nothing is held for it any more."""
    counters.release(conn, effect_id, prefix=_key(""))


def _key(sku: str) -> str:
    return f"stock:{sku}"
