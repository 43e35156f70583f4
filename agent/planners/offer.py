"""Whether a discount is needed at all, and which: the offline planner's thinking about money.

Most carts need none. A person gets one when they usually buy with a code, or when the cart is large and
they are among the best customers; how much follows their segment. The gate has the last word and tells
the largest discount it would allow; that is then taken, rounded down to half a percent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agent.planners.reading import answered, because, percent, refusals
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
    """An offer this journey has already."""
    made = answered(s, "create_offer")
    if made is not None and "offer_id" in made:
        return made
    return next((offer for offer in s.offers if offer["status"] == "issued"), None)


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
        return f"no discount: {because(back[-1])}"
    person = answered(s, "get_profile") or {}
    if not person.get("discounts_taken"):
        return "no discount: this person buys without a code"
    return "no discount: a reminder may be enough"


def _first(s: Situation) -> Want | None:
    person, margin = answered(s, "get_profile") or {}, answered(s, "get_margin") or {}
    tier = TIER_BP.get(person.get("segment", "new"), 0)
    value, worst = margin.get("value_minor"), margin.get("worst_bp")
    if not tier or not isinstance(value, int) or not isinstance(worst, int):
        return None
    taken, orders = person.get("discounts_taken", 0), person.get("orders", 0)
    usual = orders > 0 and 2 * taken >= orders
    best = person.get("segment") == "platinum" and value >= LARGE_CART_MINOR
    if not (usual or best):
        return None
    why = (
        f"used a code for {taken} of {orders} orders"
        if usual
        else f"a {person['segment']} customer with a large cart"
    )
    return Want(tier, f"{why}; {percent(tier)} is what this segment is offered", {})


def _after(s: Situation, back: list[StepView]) -> Want | None:
    """What to ask after a refusal: a reason where one is wanted, less where less is possible."""
    last = back[-1]
    asked = int(last.args["discount_bp"])
    if last.outcome == "needs_reason":
        value = (answered(s, "get_margin") or {}).get("value_minor") or 0
        if value < STRONG_CART_MINOR or any(step.outcome == "needs_reason" for step in back[:-1]):
            return None
        reason = f"the cart is worth {value / 100:,.2f}, and this person usually buys with a code"
        return Want(
            asked, "the cart is worth the exception", {f["rule"]: reason for f in last.fired}
        )
    largest = (last.result or {}).get("largest_allowed_bp")
    if not isinstance(largest, int):
        return None
    less = largest - largest % ROUNDED_TO_BP
    if less < SMALLEST_BP or less >= asked:
        return None
    return Want(less, f"{percent(less)} is the most that is allowed here", {})
