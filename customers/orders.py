"""Orders: counted once, money as stated in the shop's currency, a redeemed code charged to its budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from customers.money import MoneyError, to_minor
from store import counters
from store.schema import offers, orders
from store.sealing import Vault
from store.upsert import insert_or_ignore


@dataclass(frozen=True, slots=True)
class Order:
    """One order. `problem` names what was malformed; its amount then counts as nothing."""

    id: str
    at: int
    total_minor: int
    currency: str | None
    coupon: str | None
    problem: str | None = None


def read_order(properties: Mapping[str, Any], *, event_id: str, at: int) -> Order:
    """An order from the properties of `Order Completed`; without an order id, the event is it."""
    currency = properties.get("currency")
    coupon = properties.get("coupon")
    total, problem = 0, None
    stated = properties.get("total_minor")
    if isinstance(stated, int) and not isinstance(stated, bool):
        total = stated
    else:
        amount = next(
            (properties[k] for k in ("total", "revenue", "value") if properties.get(k) is not None),
            None,
        )
        if amount is None:
            problem = "no total"
        else:
            try:
                total = to_minor(amount, str(currency or ""))
            except MoneyError as error:
                problem = str(error)
    return Order(
        id=str(properties.get("order_id") or properties.get("orderId") or event_id),
        at=at,
        total_minor=max(0, total),
        currency=currency if isinstance(currency, str) else None,
        coupon=coupon if isinstance(coupon, str) and coupon else None,
        problem=problem,
    )


def record_order(conn: Connection, vault: Vault, *, customer_id: str, order: Order) -> bool:
    """Keep an order once; False where its id is known. A redeemed code charges its budget."""
    added = insert_or_ignore(
        conn,
        orders,
        order_hash=vault.lookup("order", order.id),
        customer_id=customer_id,
        at=order.at,
        body_sealed=vault.seal_json(
            customer_id,
            "orders.body",
            {
                "id": order.id,
                "total_minor": order.total_minor,
                "currency": order.currency,
                "coupon": order.coupon,
                "problem": order.problem,
            },
        ),
    )
    if added and order.coupon is not None:
        redeem(conn, vault, code=order.coupon, at=order.at)
    return added


def redeem(conn: Connection, vault: Vault, *, code: str, at: int) -> bool:
    """Charge the offer behind a code, once. False where the code is not ours or was used."""
    code_hash = vault.lookup("offer", code.strip().upper())
    row = conn.execute(
        select(offers.c.id, offers.c.effect_id).where(offers.c.code_hash == code_hash)
    ).first()
    if row is None:
        return False
    used = conn.execute(
        update(offers)
        .where(offers.c.id == row.id, offers.c.status == "issued")
        .values(status="redeemed", redeemed_at=at)
    )
    if used.rowcount != 1:
        return False
    counters.commit(conn, row.effect_id)
    return True
