"""What to do about a fact that is missing, stale or malformed."""

from __future__ import annotations

#: What mends a fact that is missing, by how its name begins.
_MENDS = (
    ("product.", "Put prices and costs anew: PUT /v1/products, or import them every night"),
    ("margin.", "Give every product its cost: PUT /v1/products"),
    ("cart.", "Send the cart's lines with sku, quantity and price, and put those products"),
    ("customer.zones", "Send the trait timezone, or set params.zones_served in the pack"),
    ("customer.consent", "Send Consent Granted or Consent Revoked for this channel"),
    ("customer.", "Send the customer's traits and orders: POST /v1/identify, Order Completed"),
    ("action.", "The agent left something out: look at the decisions it concerns"),
)


def what_mends(fact: str) -> str:
    """What to do about a fact that is missing."""
    return next(
        (words for start, words in _MENDS if fact.startswith(start)),
        "Look at the decisions it concerns: each names what was missing",
    )
