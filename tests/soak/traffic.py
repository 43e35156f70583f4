"""What a soak sends: people, what they do, in batches with repetitions and out of order."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

Message = dict[str, Any]

BATCH = 25
ZONES = ("Etc/UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo")
_REPEATED = 20


def name_of(k: int) -> str:
    """The user id of the k-th person."""
    return f"p{k:05d}"


def address_of(user: str) -> str:
    """Where a person's letters go."""
    return f"{user}@example.com"


def zones_of(people: int) -> dict[str, str]:
    """By address, the zone each person lives in."""
    return {address_of(name_of(k)): ZONES[k % len(ZONES)] for k in range(people)}


def introductions(people: int) -> list[Message]:
    """Who they are, and that they agreed to marketing by e-mail."""
    made = []
    for k in range(people):
        user = name_of(k)
        traits = {"email": address_of(user), "timezone": ZONES[k % len(ZONES)]}
        agreed = {"channel": "email", "purpose": "marketing", "source": "form"}
        made.append(_message("identify", user, f"i-{user}", traits=traits))
        made.append(
            _message("track", user, f"c-{user}", event="Consent Granted", properties=agreed)
        )
    return made


def doings(chance: random.Random, events: int, people: int) -> list[Message]:
    """So many carts, looks, purchases and opt-outs of these people."""
    return [_doing(chance, k, name_of(chance.randrange(people))) for k in range(events)]


def cart_left(user: str, k: int) -> Message:
    """Somebody leaves a cart."""
    item = {"sku": "SKU-1", "quantity": 1, "price_minor": 12_000}
    cart = {"id": f"{user}-{k}", "value_minor": 12_000, "currency": "EUR", "items": [item]}
    return _message("track", user, f"e-{k}", event="Cart Abandoned", properties={"cart": cart})


def _doing(chance: random.Random, k: int, user: str) -> Message:
    dice = chance.random()
    if dice < 0.6:
        return cart_left(user, k)
    about: dict[str, Any]
    if dice < 0.87:
        name, about = "Product Viewed", {"sku": "SKU-1"}
    elif dice < 0.97:
        name, about = "Order Completed", {"order_id": f"o{k}", "total": 120, "currency": "EUR"}
    else:
        name, about = "Consent Revoked", {"channel": "email", "purpose": "marketing"}
    return _message("track", user, f"e-{k}", event=name, properties=about)


def batches(chance: random.Random, messages: Sequence[Message]) -> list[list[Message]]:
    """In batches, one message in twenty once more, shuffled among its neighbours."""
    made = []
    for start in range(0, len(messages), BATCH):
        some = list(messages[start : start + BATCH])
        so_far = messages[: start + len(some)]
        some += [chance.choice(so_far) for _ in range(max(1, len(some) // _REPEATED))]
        made.append(chance.sample(some, len(some)))
    return made


def _message(kind: str, user: str, message_id: str, **over: Any) -> Message:
    return {"type": kind, "userId": user, "messageId": message_id, **over}
