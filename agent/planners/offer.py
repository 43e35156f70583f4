"""Whether a discount is needed at all, and which: the offline planner's thinking about money.

Most carts need none. A person gets one when they usually buy with a code, or when the cart is large
and they are among the best customers; how much follows what they used before, and else their
segment. The gate has the last word and tells the largest discount it would allow; that is then
taken, rounded down to half a percent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent.fact_words import counted, money, percent
from agent.planners.reading import HOUR_US, answered, because, refusals
from agent.planning import Situation, StepView

#: What a segment is offered first. People without an order have not shown that they need a code.
TIER_BP = {"platinum": 2_000, "gold": 1_500, "silver": 1_000, "bronze": 1_000, "new": 0}
SMALLEST_BP = 300
ROUNDED_TO_BP = 50
LARGE_CART_MINOR = 50_000
STRONG_CART_MINOR = 10_000
VALID_HOURS = 72


@dataclass(frozen=True, slots=True)
class Want:
    """A discount to ask for. `overrides`: honest reasons for soft rules."""

    discount_bp: int
    reasoning: str
    overrides: dict[str, str]


def usable_offer(s: Situation) -> dict[str, Any] | None:
    """An offer this journey has already, good for another hour at least."""
    made = answered(s, "create_offer")
    known = [made] if made is not None and "offer_id" in made else []
    known += [offer for offer in s.offers if offer["status"] == "issued"]
    return next((offer for offer in known if _ends_at(offer) > s.now_us + HOUR_US), None)


def _ends_at(offer: dict[str, Any]) -> int:
    return int(datetime.fromisoformat(offer["expires_at"]).timestamp()) * 1_000_000


def wanted(s: Situation) -> Want | None:
    """The discount to ask for next, or None where the message goes without."""
    if usable_offer(s) is not None:
        return None
    back = refusals(s, "create_offer")
    if back:
        return _after(s, back)
    return _first(s)


def why_none(s: Situation) -> str:
    """Why there is no discount, for whoever asks."""
    back = refusals(s, "create_offer")
    if back:
        return f"a reminder without a discount, because {_mid(because(back[-1]))}"
    person = answered(s, "get_profile") or {}
    orders, taken = person.get("orders", 0), person.get("discounts_taken", 0)
    if not orders:
        return "a first message goes without a discount, and this person has never needed one"
    if not taken:
        return (
            f"a plain reminder is enough: {counted(orders, 'order').replace('no ', '')} so far, "
            "and never with a code"
        )
    if 2 * taken < orders:
        return f"a plain reminder may be enough: {taken} of {orders} orders were with a code"
    return "a plain reminder, because this cart cannot carry a discount that we could name"


def _mid(text: str) -> str:
    return text[:1].lower() + text[1:]


def _first(s: Situation) -> Want | None:
    person, margin = answered(s, "get_profile") or {}, answered(s, "get_margin") or {}
    segment = person.get("segment")
    tier = TIER_BP.get(str(segment), 0)
    value, worst = margin.get("value_minor"), margin.get("worst_bp")
    if not tier or not isinstance(value, int) or not isinstance(worst, int):
        return None
    taken, orders = person.get("discounts_taken", 0), person.get("orders", 0)
    used_to_codes = orders > 0 and 2 * taken >= orders
    best = segment == "platinum" and value >= LARGE_CART_MINOR
    if not (used_to_codes or best):
        return None
    usual = (answered(s, "get_offer_history") or {}).get("usual_discount_bp")
    if isinstance(usual, int) and SMALLEST_BP <= usual < tier:
        return Want(usual, f"{_why(used_to_codes, taken, orders)}, usually {percent(usual)}", {})
    return Want(tier, f"{_why(used_to_codes, taken, orders)}; {_tier_said(segment, tier)}", {})


def _why(used_to_codes: bool, taken: int, orders: int) -> str:
    if used_to_codes:
        return f"this person used a code for {taken} of {counted(orders, 'order')}"
    return "the cart is large, and this is one of our best customers"


def _tier_said(segment: Any, tier: int) -> str:
    return f"a {segment} customer is offered {percent(tier)} first"


def _after(s: Situation, back: list[StepView]) -> Want | None:
    """What to ask after a refusal: a reason where one is wanted, less where less is possible."""
    last = back[-1]
    asked = int(last.args["discount_bp"])
    if last.outcome == "needs_reason":
        margin, person = answered(s, "get_margin") or {}, answered(s, "get_profile") or {}
        value = margin.get("value_minor") or 0
        taken, orders = person.get("discounts_taken", 0), person.get("orders", 0)
        if value < STRONG_CART_MINOR or any(step.outcome == "needs_reason" for step in back[:-1]):
            return None
        reason = f"the cart is worth {money(value, margin.get('currency'))}, and "
        reason += _why(2 * taken >= orders > 0, taken, orders)
        asks = [fired["rule"] for fired in last.fired]
        return Want(asked, "the cart is worth the exception", dict.fromkeys(asks, reason))
    largest = (last.result or {}).get("largest_allowed_bp")
    if not isinstance(largest, int):
        return None
    less = largest - largest % ROUNDED_TO_BP
    if less < SMALLEST_BP or less >= asked:
        return None
    return Want(less, f"{percent(less)} is the most that is allowed here", {})
