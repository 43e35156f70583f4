"""Who left a cart, and what a goal would start from: found in journeys, named by our own ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from agent.chat.windows import Window
from customers.merge import survivor
from store.schema import customers, identifiers, journeys
from store.sealing import Erased, Vault

GOAL = "recover_cart"
#: More journeys than this are not looked through; the answer asks for a shorter span.
AT_MOST = 2_000
_FIELDS = {"user_id": "userId", "email": "email", "phone": "phone", "anonymous_id": "anonymousId"}


class TooMany(Exception):
    """More carts than are looked through at once."""


@dataclass(frozen=True, slots=True)
class Target:
    """One person and, where there is one, the journey whose subject is meant."""

    customer_id: str
    journey_id: str | None
    value_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Carts that fit. `unpriced`: left out because their value, or its currency, is not known."""

    targets: tuple[Target, ...]
    unpriced: int


def left_in(
    conn: Connection,
    vault: Vault,
    window: Window,
    *,
    limit_minor: int | None,
    over: bool,
    currency: str,
) -> Found:
    """Open cart journeys that began in this span, one a person: the newest. Raises `TooMany`."""
    rows = conn.execute(
        select(journeys)
        .where(
            journeys.c.goal == GOAL,
            journeys.c.status == "open",
            journeys.c.opened_at >= window.since,
            journeys.c.opened_at < window.until,
        )
        .order_by(journeys.c.id.desc())
        .limit(AT_MOST + 1)
    ).all()
    if len(rows) > AT_MOST:
        raise TooMany
    found: dict[str, Target] = {}
    unpriced = 0
    for row in rows:
        try:
            cart = vault.open_json("journeys.context", row.context_sealed).get("cart")
        except Erased:
            continue
        value = _value(cart, currency)
        if limit_minor is not None:
            if value is None:
                unpriced += 1
                continue
            if (value < limit_minor) if over else (value >= limit_minor):
                continue
        found.setdefault(row.customer_id, Target(row.customer_id, row.id, value))
    return Found(tuple(found.values()), unpriced)


def newest_open(conn: Connection, customer_id: str, goal: str) -> Target:
    """What a goal would start from for one person: their newest open journey of it."""
    row = conn.execute(
        select(journeys.c.id)
        .where(
            journeys.c.customer_id == customer_id,
            journeys.c.goal == goal,
            journeys.c.status == "open",
        )
        .order_by(journeys.c.id.desc())
        .limit(1)
    ).first()
    return Target(customer_id, None if row is None else str(row.id))


def context_of(conn: Connection, vault: Vault, target: Target) -> dict[str, Any]:
    """What the journey is about, as it stands now; nothing where there is none."""
    row = conn.execute(
        select(journeys.c.context_sealed).where(journeys.c.id == (target.journey_id or ""))
    ).first()
    if row is None:
        return {}
    context: dict[str, Any] = vault.open_json("journeys.context", row.context_sealed)
    return context


def still_meant(conn: Connection, target: Target) -> str | None:
    """Who is meant now: whoever they were merged into; None where erased, or the journey ended."""
    customer_id = survivor(conn, target.customer_id)
    person = conn.execute(
        select(customers.c.erased_at).where(customers.c.id == customer_id)
    ).first()
    if person is None or person.erased_at is not None:
        return None
    if target.journey_id is not None:
        status = select(journeys.c.status).where(journeys.c.id == target.journey_id)
        if conn.execute(status).scalar() != "open":
            return None
    return customer_id


def identifier_of(conn: Connection, vault: Vault, customer_id: str) -> dict[str, str]:
    """One identifier of a person, the surest there is, as a trigger takes it."""
    known = {
        row.kind: row.value_sealed
        for row in conn.execute(
            select(identifiers.c.kind, identifiers.c.value_sealed)
            .where(identifiers.c.customer_id == customer_id)
            .order_by(identifiers.c.first_seen_at)
        )
    }
    for kind, field in _FIELDS.items():
        if kind in known:
            return {field: vault.open("identifiers.value", known[kind]).decode()}
    return {}


def _value(cart: object, currency: str) -> int | None:
    """A cart's value in this currency; None where either is unknown: nothing is converted."""
    if not isinstance(cart, dict) or cart.get("currency") != currency:
        return None
    value = cart.get("value_minor")
    if type(value) is int:
        return value
    lines = cart.get("items") or []
    priced = [
        item["price_minor"] * item.get("quantity", 1)
        for item in lines
        if isinstance(item, dict)
        and type(item.get("price_minor")) is int
        and type(item.get("quantity", 1)) is int
    ]
    return sum(priced) if lines and len(priced) == len(lines) else None
