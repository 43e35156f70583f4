"""A small shop with something on every page, put in over HTTP as a shop and a CDP would.

It is noon in UTC on Tuesday, 3 March 2026. Ada got a reminder. Grace's and Gilda's large offers
wait for an approver, Ines's for an operator. Yuki sleeps, so her message waits. Rosa asked us to
stop.
"""

from __future__ import annotations

from typing import Any

import httpx

PRODUCTS = [
    {"sku": "LAMP", "name": "Desk lamp Alba", "price_minor": 12_000, "cost_minor": 6_000}
    | {"currency": "EUR", "stock": 500},
    {"sku": "SOFA", "name": "Sofa Lund", "price_minor": 60_000, "cost_minor": 30_000}
    | {"currency": "EUR", "stock": 50},
]
#: user id → first name, last name, zone, article in the cart, orders with a code in the past
PEOPLE = {
    "ada": ("Ada", "Lovelace", "Europe/Berlin", "LAMP", 0),
    "grace": ("Grace", "Hopper", "Europe/London", "SOFA", 3),
    "gilda": ("Gilda", "Reyes", "Europe/Berlin", "SOFA", 3),
    "ines": ("Ines", "Moreau", "Europe/Berlin", "LAMP", 3),
    "yuki": ("Yuki", "Tanaka", "Asia/Tokyo", "LAMP", 0),
    "rosa": ("Rosa", "Bianchi", "Europe/Berlin", "LAMP", 0),
}


def fill(client: httpx.Client) -> dict[str, dict[str, Any]]:
    """Put everything in; each person's decision by user id."""
    _ok(client.put("/v1/products", json=PRODUCTS))
    messages = [message for user_id in PEOPLE for message in _past(user_id)]
    _ok(client.post("/v1/batch", json={"batch": messages}))
    stop = {"scope": "all", "reason": "asked on the phone"}
    _ok(client.post("/v1/customers/rosa/suppress", json=stop))
    return {user_id: abandon(client, user_id) for user_id in PEOPLE}


def abandon(client: httpx.Client, user_id: str, *, n: int = 1) -> dict[str, Any]:
    """This person leaves a cart behind (their `n`-th); the decision about it."""
    sku = PEOPLE[user_id][3]
    price = next(p["price_minor"] for p in PRODUCTS if p["sku"] == sku)
    cart = {
        "id": f"cart-{user_id}-{n}",
        "value_minor": price,
        "currency": "EUR",
        "items": [{"sku": sku, "quantity": 1, "price_minor": price}],
    }
    body = {"goal": "recover_cart", "customer": {"userId": user_id}, "context": {"cart": cart}}
    decision = _ok(client.post("/v1/triggers", params={"wait": 60}, json=body))
    assert "status" in decision, decision
    return decision


def question_of(client: httpx.Client, user_id: str) -> dict[str, Any]:
    """The open question about this person."""
    person = _ok(client.get(f"/v1/customers/{user_id}"))
    items = _ok(client.get("/v1/approvals"))["items"]
    return next(item for item in items if item["customer_id"] == person["id"])


def key_of(client: httpx.Client, role: str, name: str) -> str:
    """A fresh key of that role."""
    return str(_ok(client.post("/v1/principals", json={"name": name, "role": role}))["key"])


def _past(user_id: str) -> list[dict[str, Any]]:
    first, last, zone, _, orders = PEOPLE[user_id]
    who = {"userId": user_id, "context": {"historical": True}}
    traits = {"email": f"{user_id}@example.com", "firstName": first, "lastName": last}
    stated = {"type": "identify", "traits": {**traits, "timezone": zone}}
    agreed = {"channel": "email", "purpose": "marketing", "source": "form"}
    consent = {"type": "track", "event": "Consent Granted", "properties": agreed}
    bought = [
        {
            "type": "track",
            "event": "Order Completed",
            "timestamp": f"2025-0{4 + n}-11T10:00:00Z",
            "properties": {"order_id": f"{user_id}-{n}", "total": 300, "currency": "EUR"}
            | {"coupon": f"OLD-{user_id}-{n}"},
        }
        for n in range(orders)
    ]
    return [
        {"messageId": f"{user_id}-{n}", "timestamp": "2026-02-20T09:00:00Z", **who, **message}
        for n, message in enumerate([stated, consent, *bought])
    ]


def _ok(response: httpx.Response) -> Any:
    assert response.is_success, response.text
    return response.json()
