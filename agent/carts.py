"""What lies in somebody's cart, told by their own events and by nothing else. Pure.

Segment's `Product Added` and `Product Removed` change the cart, the products of `Checkout Started`
and `Cart Viewed` replace it, an order empties it. An event without a cart's id is about the cart
that was last touched; one with an id takes what had none. Amounts are minor units of one currency;
where the events disagree on it there is no price at all, and no worth where a price is not known
(P6, P12).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.subjects import context_of
from prompts.timing import Detect

_REPLACE = frozenset({"Checkout Started", "Cart Viewed"})
_ADDED, _REMOVED = "Product Added", "Product Removed"
_MOST_OF_ONE = 1_000_000
#: A cart of more lines is nobody's; the rest is left out.
MOST_LINES = 1_000
#: The key of a cart that no event has named.
UNNAMED = ""


@dataclass(frozen=True, slots=True)
class Told:
    """One event of this person: `at` is when it happened, in microseconds."""

    id: str
    name: str
    properties: Mapping[str, Any]
    at: int
    goal: str | None = None


@dataclass(slots=True)
class _Line:
    quantity: int
    price_minor: int | None


@dataclass(slots=True)
class Cart:
    """A cart now. `newest`: the last event that the file watches; `reported`: somebody said so."""

    id: str | None
    lines: dict[str, _Line] = field(default_factory=dict)
    currencies: set[str] = field(default_factory=set)
    newest: Told | None = None
    reported: bool = False

    def as_context(self) -> dict[str, Any]:
        """The cart in the words of `POST /v1/triggers`: id, currency, items, and their worth."""
        currency = next(iter(self.currencies)) if len(self.currencies) == 1 else None
        prices = [line.price_minor for line in self.lines.values()]
        items = []
        for sku, line in self.lines.items():
            item: dict[str, Any] = {"sku": sku, "quantity": line.quantity}
            if currency is not None and line.price_minor is not None:
                item["price_minor"] = line.price_minor
            items.append(item)
        cart: dict[str, Any] = {"items": items}
        if self.id is not None:
            cart["id"] = self.id
        if currency is not None:
            cart["currency"] = currency
            if None not in prices:
                cart["value_minor"] = sum(
                    (line.price_minor or 0) * line.quantity for line in self.lines.values()
                )
        return cart


def carts_of(told: Iterable[Told], detect: Detect, goals: Iterable[str]) -> list[Cart]:
    """The carts that are left after these events, in the order in which they happened.

    `goals`: those of the agent that detects; a trigger for one of them reports a cart as well.
    """
    carts: dict[str, Cart] = {}
    goals = frozenset(goals)
    for event in told:
        key = _key_of(event, carts)
        if event.goal is not None:
            if event.goal in goals:
                _touched(carts, key).reported = True
        elif event.name == detect.event:
            _touched(carts, key).reported = detect.event in detect.unless
        elif event.name in detect.unless:
            for ended in [key, UNNAMED] if _named(event.properties) else list(carts):
                carts.pop(ended, None)
        else:
            _change(event, key, carts, watched=event.name in detect.of)
    return [cart for cart in carts.values() if cart.lines and cart.newest is not None]


def _change(event: Told, key: str, carts: dict[str, Cart], *, watched: bool) -> None:
    if event.name in (_ADDED, _REMOVED):
        cart = _touched(carts, key)
        _change_line(event, cart)
    elif event.name in _REPLACE and isinstance(event.properties.get("products"), list):
        cart = _touched(carts, key)
        _replace(event, cart)
    elif watched:
        cart = _touched(carts, key)
    else:
        return
    if watched:
        cart.newest = event


def _change_line(event: Told, cart: Cart) -> None:
    items = _items([event.properties], event.properties.get("currency"))
    if not items:
        return
    sku, quantity, price = items[0]
    line = cart.lines.get(sku)
    if event.name == _REMOVED:
        # Without a number all of it was taken out: no message names what may be there no more.
        if line is not None and quantity is not None and line.quantity > quantity:
            line.quantity -= quantity
        else:
            cart.lines.pop(sku, None)
        return
    _pays_in(cart, event.properties.get("currency"))
    more = 1 if quantity is None else quantity
    if line is not None:
        line.quantity = min(line.quantity + more, _MOST_OF_ONE)
        line.price_minor = price if price is not None else line.price_minor
    elif len(cart.lines) < MOST_LINES:
        cart.lines[sku] = _Line(more, price)


def _replace(event: Told, cart: Cart) -> None:
    currency = event.properties.get("currency")
    cart.lines, cart.currencies = {}, set()
    _pays_in(cart, currency)
    for sku, quantity, price in _items(event.properties["products"], currency):
        line = cart.lines.get(sku)
        more = 1 if quantity is None else quantity
        if line is not None:
            line.quantity = min(line.quantity + more, _MOST_OF_ONE)
        elif len(cart.lines) < MOST_LINES:
            cart.lines[sku] = _Line(more, price)


def _items(products: Iterable[Any], currency: Any) -> list[tuple[str, int | None, int | None]]:
    """Article, number and price of each product that names itself; a bad number is left out."""
    listed = [product for product in products if isinstance(product, Mapping)]
    read = context_of({"products": listed, "currency": currency})["cart"]["items"]
    found = []
    for item in read:
        sku, quantity = item.get("sku"), item.get("quantity")
        if isinstance(quantity, float) and quantity.is_integer():
            quantity = int(quantity)
        if not isinstance(sku, (str, int)) or isinstance(sku, bool) or sku == "":
            continue
        if quantity is not None and (
            type(quantity) is not int or not 1 <= quantity <= _MOST_OF_ONE
        ):
            continue
        found.append((str(sku), quantity, item.get("price_minor")))
    return found


def _pays_in(cart: Cart, currency: Any) -> None:
    if isinstance(currency, str):
        cart.currencies.add(currency)


def _touched(carts: dict[str, Cart], key: str) -> Cart:
    """The cart of this key, made or taken over from the unnamed one, and the last touched now."""
    cart = carts.pop(key, None)
    if cart is None and key != UNNAMED:
        cart = carts.pop(UNNAMED, None)
    if cart is None:
        cart = Cart(None)
    if key != UNNAMED:
        cart.id = key
    carts[key] = cart
    return cart


def _key_of(event: Told, carts: Mapping[str, Cart]) -> str:
    named = _named(event.properties)
    if named is not None:
        return named
    return list(carts)[-1] if carts else UNNAMED


def _named(properties: Mapping[str, Any]) -> str | None:
    """The cart's id in an event: Segment's `cart_id`, or that of a whole cart."""
    cart = properties.get("cart")
    found = properties.get("cart_id") or (cart.get("id") if isinstance(cart, Mapping) else None)
    return str(found) if isinstance(found, (str, int)) and not isinstance(found, bool) else None
