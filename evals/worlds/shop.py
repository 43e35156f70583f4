"""A sample shop to decide in: real purchase patterns, everything else generated from one seed.

What is real: which customer bought on which day, how many CDs, for how much (`evals.data.cdnow`).
What was done to it: days are shifted so that the record ends the day before the world starts, times
of day are made up, and dollars are taken as euros. All the rest is invented (`META` says so).
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from evals.data.cdnow import Purchase, read_extract
from evals.worlds.catalogue import CURRENCY, Product, catalogue
from evals.worlds.people import CHANNELS, Person, people

START = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
RECORD_ENDS = date(1998, 6, 30)
NEWCOMERS = 12

META: dict[str, Any] = {
    "generated": True,
    "real": ["which customer bought on which day", "number of CDs", "amount"],
    "changed": [
        "dates shifted",
        "time of day made up",
        "codes used made up",
        "US dollars taken as euros",
    ],
    "source": "CDNOW (Fader and Hardie 2001), extract of 300 customers",
}


@dataclass(frozen=True, slots=True)
class Order:
    """A purchase of the past. `total_minor` in EUR cents; `at` in UTC."""

    order_id: str
    user_id: str
    at: datetime
    cds: int
    total_minor: int
    coupon: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One article in a cart."""

    product: Product
    quantity: int


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart that somebody left behind."""

    id: str
    user_id: str
    lines: tuple[Line, ...]

    @property
    def value_minor(self) -> int:
        """What it costs, tax included, in EUR cents."""
        return sum(line.product.price_minor * line.quantity for line in self.lines)

    def context(self) -> dict[str, Any]:
        """The context of a `recover_cart` trigger, as DESIGN §8 has it."""
        items = [
            {
                "sku": line.product.sku,
                "quantity": line.quantity,
                "price_minor": line.product.price_minor,
            }
            for line in self.lines
        ]
        return {
            "cart": {
                "id": self.id,
                "value_minor": self.value_minor,
                "currency": CURRENCY,
                "items": items,
            }
        }


@dataclass(frozen=True, slots=True)
class Shop:
    """The world: catalogue, people, their past, their carts. Equal seeds give equal worlds."""

    start: datetime
    products: tuple[Product, ...]
    people: tuple[Person, ...]
    orders: tuple[Order, ...]
    carts: tuple[Cart, ...]
    meta: dict[str, Any]

    def orders_of(self, user_id: str) -> tuple[Order, ...]:
        """One person's purchases, oldest first."""
        return tuple(order for order in self.orders if order.user_id == user_id)

    def product_rows(self) -> list[dict[str, Any]]:
        """Rows for `PUT /v1/products`."""
        return [product.as_row() for product in self.products]


def build(*, seed: int = 7, customers: int = 300, start: datetime = START) -> Shop:
    """The shop as of `start`, with that many customers and a dozen people who never bought."""
    rng = random.Random(seed)
    purchases = _first_customers(read_extract(), customers)
    ids = tuple(dict.fromkeys(purchase.customer_id for purchase in purchases))
    newcomers = tuple(f"new{n:02d}" for n in range(1, NEWCOMERS + 1))
    everybody = people(ids + newcomers, rng)
    products = catalogue()
    return Shop(
        start=start,
        products=products,
        people=everybody,
        orders=_orders(purchases, start, rng),
        carts=_carts(everybody, products, rng),
        meta={**META, "seed": seed, "start": start.isoformat()},
    )


def history(shop: Shop) -> list[dict[str, Any]]:
    """The past as Segment messages: who people are, what they agreed to, what they bought.

    Every message carries `context.historical`, which keeps the past from waking an agent.
    """
    messages = [message for person in shop.people for message in _of_person(shop, person)]
    messages += [_of_order(order) for order in shop.orders]
    return messages


def _first_customers(purchases: tuple[Purchase, ...], n: int) -> tuple[Purchase, ...]:
    kept = set(list(dict.fromkeys(purchase.customer_id for purchase in purchases))[:n])
    return tuple(purchase for purchase in purchases if purchase.customer_id in kept)


def _orders(
    purchases: tuple[Purchase, ...], start: datetime, rng: random.Random
) -> tuple[Order, ...]:
    shift = start.date() - timedelta(days=1) - RECORD_ENDS
    on_day: Counter[tuple[str, date]] = Counter()
    orders = []
    for purchase in purchases:
        on_day[purchase.customer_id, purchase.day] += 1
        nth = on_day[purchase.customer_id, purchase.day]
        day = purchase.day + shift
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        orders.append(
            Order(
                order_id=f"shop-{purchase.customer_id}-{day:%Y%m%d}-{nth}",
                user_id=f"shop-{purchase.customer_id}",
                at=midnight + timedelta(seconds=rng.randrange(7 * 3600, 22 * 3600)),
                cds=purchase.cds,
                total_minor=purchase.cents,
                coupon=_coupon(purchase.customer_id, nth),
            )
        )
    return tuple(sorted(orders, key=lambda order: (order.at, order.order_id)))


def _coupon(customer_id: str, nth: int) -> str | None:
    """One customer in five buys with a code: made up, and the same for every seed."""
    digest = sha256(customer_id.encode()).digest()
    return f"CD-{customer_id}-{nth}" if digest[0] % 5 == 0 else None


def _carts(
    everybody: tuple[Person, ...], products: tuple[Product, ...], rng: random.Random
) -> tuple[Cart, ...]:
    carts = []
    for person in everybody:
        if rng.random() < 0.4:
            chosen = rng.sample(products, rng.choice((1, 1, 1, 2, 3)))
            lines = tuple(Line(product, rng.choice((1, 1, 1, 2))) for product in chosen)
            carts.append(Cart(f"cart-{person.user_id}", person.user_id, lines))
    return tuple(carts)


def _of_person(shop: Shop, person: Person) -> list[dict[str, Any]]:
    bought = shop.orders_of(person.user_id)
    since = bought[0].at if bought else shop.start - timedelta(days=30)
    joined = since - timedelta(minutes=20)
    messages = [_message("identify", person.user_id, "profile", joined, traits=person.traits())]
    for channel in CHANNELS:
        state = person.consents[channel]
        if state == "absent":
            continue
        messages.append(_consent("Consent Granted", person, channel, joined))
        if state == "revoked":
            later = shop.start - timedelta(days=20)
            messages.append(_consent("Consent Revoked", person, channel, max(later, since)))
    return messages


def _consent(event: str, person: Person, channel: str, at: datetime) -> dict[str, Any]:
    properties = {"channel": channel, "purpose": "marketing", "source": "generated sample data"}
    key = f"{event.split()[1].lower()}-{channel}"
    return _message("track", person.user_id, key, at, event=event, properties=properties)


def _of_order(order: Order) -> dict[str, Any]:
    properties = {
        "order_id": order.order_id,
        "total": order.total_minor / 100,
        "currency": CURRENCY,
        "number_of_items": order.cds,
    }
    if order.coupon is not None:
        properties["coupon"] = order.coupon
    return _message(
        "track",
        order.user_id,
        order.order_id,
        order.at,
        event="Order Completed",
        properties=properties,
    )


def _message(kind: str, user_id: str, key: str, at: datetime, **rest: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "messageId": f"world-{user_id}-{key}",
        "userId": user_id,
        "timestamp": at.isoformat().replace("+00:00", "Z"),
        "context": {"historical": True},
        **rest,
    }
