"""Facts in words: what each is called and how its value is said, for people who read explanations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo


def percent(bp: int) -> str:
    """Basis points as percent: 850 → `8.5 %`."""
    return f"{bp / 100:g} %"


def money(minor: int, currency: str | None) -> str:
    """Minor units with their currency: 11990 → `119.90 EUR`."""
    return f"{minor / 100:,.2f} {currency or ''}".strip()


def moment(at_us: int, zone: str | None) -> str:
    """An instant where the person is, with the zone's name."""
    name = zone or "Etc/UTC"
    local = datetime.fromtimestamp(at_us / 1_000_000, UTC).astimezone(ZoneInfo(name))
    return f"{local:%a %d %b %Y, %H:%M} {'UTC' if name in ('Etc/UTC', 'UTC') else name}"


def span(minutes: int) -> str:
    """A length of time: 90 → `1.5 hours`."""
    if minutes >= 2_880:
        return f"{minutes / 1_440:.0f} days"
    return f"{minutes / 60:g} hours" if minutes >= 60 else f"{minutes} minutes"


def _yes(value: Any) -> str:
    return "yes" if value else "no"


_PLAIN: Callable[[Any], str] = str
_WORDS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "action.channel": ("the channel", lambda v: "text message" if v == "sms" else "e-mail"),
    "action.class": ("the kind of message", _PLAIN),
    "action.purpose": ("the purpose", _PLAIN),
    "action.has_offer": ("an offer in the message", _yes),
    "action.names_discount": ("a discount named in the message", _yes),
    "action.discount_bp": ("the discount", percent),
    "action.offer_valid": ("the offer being valid", _yes),
    "action.useful_minutes": ("how long the message is of use", span),
    "action.cost_minor": ("what the discount costs", lambda v: money(v, None)),
    "action.confidence_bp": ("the planner's confidence", percent),
    "action.tool_listed": ("the agent being allowed to do this", _yes),
    "agent.autonomy": ("the agent's autonomy", _PLAIN),
    "customer.suppressed": ("having asked us to stop", _yes),
    "customer.consent": ("consent for this channel", _PLAIN),
    "customer.address_known": ("an address for this channel", _yes),
    "customer.open_complaint": ("an open complaint", _yes),
    "customer.orders": ("orders so far", _PLAIN),
    "customer.minutes_since_purchase": ("time since the last purchase", span),
    "customer.segment": ("the segment", _PLAIN),
    "customer.days_since_last_code": ("time since the last code", lambda v: f"{v} days"),
    "customer.open_tickets": ("open tickets", _PLAIN),
    "cart.in_stock": ("everything being in stock", _yes),
    "cart.priced": ("price and cost being known", _yes),
    "cart.currency": ("the cart's currency", _PLAIN),
    "cart.value_minor": ("the cart's value", lambda v: money(v, None)),
    "margin.after_discount_bp": ("the margin after the discount", percent),
    "margin.lowest_bp": ("the lowest margin in the cart", percent),
    "product.age_minutes": ("the age of the prices", span),
}


def name_of(fact: str) -> str:
    """What people call this fact."""
    if fact.startswith("cap."):
        return "contacts that count"
    if fact.startswith("budget."):
        return "what is left of the budget"
    known = _WORDS.get(fact)
    return known[0] if known else fact.split(".")[-1].replace("_", " ").removesuffix(" bp")


def value_of(fact: str, value: Any) -> str:
    """How people say this value."""
    if fact.startswith("budget."):
        return money(int(value), None)
    known = _WORDS.get(fact)
    return known[1](value) if known else str(value)
