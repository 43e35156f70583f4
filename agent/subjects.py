"""What a journey is about: the cart, the flight. One customer has one journey a goal and subject.

Also turns Segment's shape of a cart (products with decimal prices) into ours (items in minor
units).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from customers.money import MoneyError, to_minor


def context_of(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The journey's context in an event's properties; a cart in Segment's words becomes ours."""
    if isinstance(properties.get("cart"), Mapping):
        return dict(properties)
    items = properties.get("products")
    if not isinstance(items, list):
        return dict(properties)
    currency = properties.get("currency")
    cart: dict[str, Any] = {
        "id": properties.get("cart_id"),
        "currency": currency,
        "value_minor": _minor(properties.get("value", properties.get("total")), currency),
        "items": [_item(item, currency) for item in items if isinstance(item, Mapping)],
    }
    rest = {key: value for key, value in properties.items() if key != "products"}
    return {**rest, "cart": {key: value for key, value in cart.items() if value is not None}}


def subject_of(goal: str, context: Mapping[str, Any]) -> str:
    """What this is about, as a stable name: the cart's id, else its articles, else the goal."""
    cart = context.get("cart")
    if isinstance(cart, Mapping):
        if cart.get("id"):
            return f"cart:{cart['id']}"
        skus = sorted(
            str(item.get("sku")) for item in cart.get("items") or () if isinstance(item, Mapping)
        )
        if skus:
            return "articles:" + ",".join(skus)
    if context.get("flight") and context.get("date"):
        return f"flight:{context['flight']}:{context['date']}"
    if context.get("subject"):
        return f"subject:{context['subject']}"
    return f"goal:{goal}"


def _item(item: Mapping[str, Any], currency: Any) -> dict[str, Any]:
    made = {
        "sku": item.get("sku") or item.get("product_id"),
        "quantity": item.get("quantity"),
        "price_minor": _minor(item.get("price"), currency),
    }
    return {key: value for key, value in made.items() if value is not None}


def _minor(value: Any, currency: Any) -> int | None:
    """An amount in minor units, or None: a malformed price is a missing fact, never a guess."""
    if value is None or not isinstance(currency, str):
        return None
    try:
        return to_minor(value, currency)
    except MoneyError:
        return None
