"""Stock that messages promise: not everybody is reminded of the last item.

What there is of a product is what the shop last told us. A message holds what its cart names from
its claim on until it is of no use any more (its effect's expiry), until it is cancelled, refused or
pre-empted, or until its person has bought. It is a promise, not a sale: nothing is ever counted as
sold here, because the shop's own figure falls when it sells. A new figure counts from the next
claim on; where it is below what is promised already, nothing more is promised.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from store import counters
from store.schema import counters as counted
from store.schema import effects, products, reservations

_GONE = select(counted.c.key, counted.c.reserved + counted.c.committed).where(
    counted.c.key.in_(bindparam("keys", expanding=True))
)
_QUEUED: Select[Any] = (
    select(effects.c.id, effects.c.customer_id, effects.c.journey_id)
    .join(reservations, reservations.c.effect_id == effects.c.id)
    .where(
        reservations.c.counter.in_(bindparam("keys", expanding=True)),
        reservations.c.state == "reserved",
        effects.c.status == "scheduled",
    )
)
_AT_ONCE = 500


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


def queued_for(conn: Connection, skus: Iterable[str]) -> list[Row[Any]]:
    """The queued contacts that hold one of these articles: effect `id`, `customer_id` and journey.

    Found by what they hold, in one statement and without looking at anybody else.
    """
    found: dict[str, Row[Any]] = {}
    listed = sorted(_key(sku) for sku in skus)
    for start in range(0, len(listed), _AT_ONCE):
        for row in conn.execute(_QUEUED, {"keys": listed[start : start + _AT_ONCE]}):
            found[row.id] = row
    return [found[effect_id] for effect_id in sorted(found)]


def let_go(conn: Connection, effect_id: str) -> None:
    """What a message promised has been bought: nothing is held for it any more."""
    counters.release(conn, effect_id, prefix=_key(""))


def _key(sku: str) -> str:
    return f"stock:{sku}"
