"""Orders: counted once, money as the shop stated it, a redeemed code charged to its budget.

An order id names one order of the shop. Where two people state the same one it is a purchase of
both, and its money and its code count once, with whoever came first. A refund may arrive before
its order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select, update

from customers.money import MoneyError, exponent, to_minor
from store import counters
from store.schema import offers, orders
from store.sealing import Vault
from store.upsert import insert_or_ignore

LABEL = "orders.body"
_MOST_MINOR = 10**15


@dataclass(frozen=True, slots=True)
class Order:
    """One order. `problem` names what was malformed; its amount is then unknown, not nothing."""

    id: str
    at: int
    total_minor: int | None
    currency: str | None
    coupon: str | None
    problem: str | None = None


class Counted(StrEnum):
    """What became of a stated order."""

    NEW = "new"
    SHARED = "shared"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Recorded:
    """`early`: the refund that had come before it, if one had. `redeemed`: the code it used."""

    counted: Counted
    order_hash: str
    early: Refund | None = None
    redeemed: Redeemed | None = None


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A code of ours that was used, and whose it was."""

    customer_id: str
    discount_bp: int


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back for one order; `minor` None: all of it. `cancelled`: there is no order."""

    order_id: str
    minor: int | None
    currency: str | None
    cancelled: bool


@dataclass(frozen=True, slots=True)
class Refunded:
    """What a refund took off a recorded order. `minor` None: its amount was never known."""

    minor: int | None
    currency: str | None
    cancelled: bool


def read_order(properties: Mapping[str, Any], *, event_id: str, at: int) -> Order:
    """An order from the properties of `Order Completed`; without an order id, the event is it."""
    currency = _currency(properties)
    coupon = properties.get("coupon")
    total: int | None = None
    problem = None
    try:
        total = _amount(properties, currency)
        if total is None:
            problem = "no total"
    except MoneyError as error:
        problem = str(error)
    return Order(
        id=order_id_of(properties) or event_id,
        at=at,
        total_minor=total,
        currency=None if total is None else currency,
        coupon=coupon.strip() if isinstance(coupon, str) and coupon.strip() else None,
        problem=problem,
    )


def read_refund(properties: Mapping[str, Any], *, cancelled: bool) -> Refund | None:
    """A refund; None where it does not say of which order. An unclear amount is the whole order."""
    order_id = order_id_of(properties)
    if order_id is None:
        return None
    minor, currency = None, _currency(properties)
    if not cancelled:
        try:
            minor = _amount(properties, currency)
        except MoneyError:
            minor = None
    return Refund(order_id, minor, None if minor is None else currency, cancelled)


def order_id_of(properties: Mapping[str, Any]) -> str | None:
    """The shop's id of the order, if the event names one."""
    for name in ("order_id", "orderId"):
        value = properties.get(name)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return None


def record_order(conn: Connection, vault: Vault, *, customer_id: str, order: Order) -> Recorded:
    """Keep an order once. A redeemed code charges its budget, whoever redeems it."""
    order_hash = vault.lookup("order", order.id)
    if _insert(conn, vault, order_hash, customer_id, order.at, _body(order)):
        return Recorded(Counted.NEW, order_hash, redeemed=_charge(conn, vault, order))
    row = _row(conn, order_hash)
    stub = vault.open_json(LABEL, row.body_sealed)
    if "early" in stub:
        _write(conn, vault, order_hash, customer_id, _body(order), at=order.at)
        early = Refund(order.id, **stub["early"])
        return Recorded(Counted.NEW, order_hash, early, _charge(conn, vault, order))
    if row.customer_id == customer_id:
        return Recorded(Counted.KNOWN, order_hash)
    theirs = vault.lookup("order", f"{order.id}\x00{customer_id}")
    if _insert(conn, vault, theirs, customer_id, order.at, {"id": order.id, "shared": True}):
        return Recorded(Counted.SHARED, order_hash)
    return Recorded(Counted.KNOWN, order_hash)


def record_refund(
    conn: Connection, vault: Vault, *, customer_id: str, refund: Refund, at: int
) -> Refunded | None:
    """Take a refund off its order, never more than is left of it; None where that takes nothing."""
    order_hash = vault.lookup("order", refund.order_id)
    early = {"minor": refund.minor, "currency": refund.currency, "cancelled": refund.cancelled}
    stub = {"id": refund.order_id, "early": early}
    if _insert(conn, vault, order_hash, customer_id, at, stub):
        return None
    row = _row(conn, order_hash)
    body = vault.open_json(LABEL, row.body_sealed)
    if row.customer_id != customer_id or body.get("cancelled"):
        return None
    if "early" in body:
        _write(conn, vault, order_hash, customer_id, {**body, "early": _both(body, refund)})
        return None
    total, given_back = body["total_minor"], body.get("refunded_minor", 0)
    if total is None:
        taken, given_back = None, 0
    else:
        left = total - given_back
        clear = refund.minor is not None and refund.currency == body["currency"]
        taken = min(left, refund.minor or 0) if clear else left
        given_back += taken
    body |= {"refunded_minor": given_back, "cancelled": refund.cancelled}
    _write(conn, vault, order_hash, customer_id, body)
    if not refund.cancelled and not taken:
        return None
    return Refunded(taken, body["currency"], refund.cancelled)


def owner_of(conn: Connection, order_hash: str) -> str | None:
    """With whom an order is counted."""
    return conn.execute(
        select(orders.c.customer_id).where(orders.c.order_hash == order_hash)
    ).scalar()


def hand_over(conn: Connection, vault: Vault, *, order_id: str, to: str) -> None:
    """An order is somebody else's, as a record that was two people's is taken apart."""
    row = conn.execute(
        select(orders).where(orders.c.order_hash == vault.lookup("order", order_id))
    ).first()
    if row is not None and row.customer_id != to:
        _write(conn, vault, row.order_hash, to, vault.open_json(LABEL, row.body_sealed))


def redeem(conn: Connection, vault: Vault, *, code: str, at: int) -> Redeemed | None:
    """Charge the offer behind a code, once. None where the code is not ours or was used.

    Whoever redeems it: the discount has been given, and its budget has to know.
    """
    code_hash = vault.lookup("offer", code.strip().upper())
    row = conn.execute(
        select(offers.c.id, offers.c.effect_id, offers.c.customer_id, offers.c.discount_bp).where(
            offers.c.code_hash == code_hash
        )
    ).first()
    if row is None:
        return None
    used = conn.execute(
        update(offers)
        .where(offers.c.id == row.id, offers.c.status == "issued")
        .values(status="redeemed", redeemed_at=at)
    )
    if used.rowcount != 1:
        return None
    counters.commit(conn, row.effect_id)
    return Redeemed(row.customer_id, row.discount_bp)


def _charge(conn: Connection, vault: Vault, order: Order) -> Redeemed | None:
    if order.coupon is None:
        return None
    return redeem(conn, vault, code=order.coupon, at=order.at)


def _currency(properties: Mapping[str, Any]) -> str | None:
    stated = properties.get("currency")
    return stated.strip().upper() if isinstance(stated, str) and stated.strip() else None


def _amount(properties: Mapping[str, Any], currency: str | None) -> int | None:
    """What the event says was paid, in minor units; None: nothing. `MoneyError`: unclear."""
    exponent(currency or "")
    stated = properties.get("total_minor")
    if stated is not None:
        if type(stated) is not int or not 0 <= stated < _MOST_MINOR:
            raise MoneyError("total_minor is a whole number of minor units, from 0")
        return stated
    for name in ("total", "revenue", "value"):
        if properties.get(name) is not None:
            amount = to_minor(properties[name], currency or "")
            if amount < 0:
                raise MoneyError("a total is not below zero")
            return amount
    return None


def _both(body: Mapping[str, Any], refund: Refund) -> dict[str, Any]:
    """Two refunds that came before their order, as one."""
    known = body["early"]
    minor = None
    if refund.minor is not None and known["currency"] == refund.currency:
        minor = known["minor"] + refund.minor
    return {
        "minor": minor,
        "currency": refund.currency if minor is not None else None,
        "cancelled": known["cancelled"] or refund.cancelled,
    }


def _body(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "total_minor": order.total_minor,
        "currency": order.currency,
        "coupon": order.coupon,
        "problem": order.problem,
    }


def _insert(
    conn: Connection,
    vault: Vault,
    order_hash: str,
    customer_id: str,
    at: int,
    body: dict[str, Any],
) -> bool:
    return insert_or_ignore(
        conn,
        orders,
        order_hash=order_hash,
        customer_id=customer_id,
        at=at,
        body_sealed=vault.seal_json(customer_id, LABEL, body),
    )


def _row(conn: Connection, order_hash: str) -> Row[Any]:
    return conn.execute(select(orders).where(orders.c.order_hash == order_hash)).one()


def _write(
    conn: Connection,
    vault: Vault,
    order_hash: str,
    customer_id: str,
    body: dict[str, Any],
    *,
    at: int | None = None,
) -> None:
    values: dict[str, Any] = {
        "customer_id": customer_id,
        "body_sealed": vault.seal_json(customer_id, LABEL, body),
    }
    if at is not None:
        values["at"] = at
    conn.execute(update(orders).where(orders.c.order_hash == order_hash).values(**values))
