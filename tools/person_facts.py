"""Facts about the person and the cart that several kinds of call share.

A fact that is not known is left out, never guessed: the gate then denies and names it (P6).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from customers.profile import Profile
from tools.cart import in_stock
from tools.instants import DAY_US, MINUTE_US
from tools.picture import Offer, Picture
from tools.tool import FactValue

#: "Never" in `minutes_since_purchase` and `days_since_last_code`: no history is a known fact.
NEVER_MINUTES = 52_560_000
NEVER_DAYS = 36_500
#: What the trait `sentiment` may say; without one the fact is `unknown`.
SENTIMENTS = ("negative", "neutral", "positive", "unknown")


def person_facts(picture: Picture, *, purpose: str) -> dict[str, FactValue]:
    """Standing facts about the person for one purpose.

    `customer.suppressed` is said of the person: they can be reached for this purpose on no channel.
    A call that goes to one channel says it of that channel instead.
    """
    person = picture.profile
    facts: dict[str, FactValue] = {
        "customer.suppressed": picture.suppressed_for(purpose),
        "customer.open_complaint": picture.complaint_open,
        "customer.orders": person.orders,
        "customer.minutes_since_purchase": _since(
            picture.now_us, person.last_order_at, MINUTE_US, NEVER_MINUTES
        ),
        "customer.days_since_last_code": _since(
            picture.now_us, last_code_at(picture), DAY_US, NEVER_DAYS
        ),
    }
    if person.segment is not None:
        facts["customer.segment"] = person.segment
    return facts | _stated(person)


def _stated(person: Profile) -> dict[str, FactValue]:
    """What was said of this person: nothing is a value, what cannot be read is left out."""
    facts: dict[str, FactValue] = {}
    sentiment, flag = (_value(person, name) for name in ("sentiment", "compliance_flag"))
    if sentiment is None:
        facts["customer.sentiment"] = "unknown"
    elif isinstance(sentiment, str) and sentiment in SENTIMENTS:
        facts["customer.sentiment"] = sentiment
    if flag is None or isinstance(flag, bool):
        facts["customer.compliance_flag"] = bool(flag)
    return facts


def _value(person: Profile, name: str) -> Any:
    trait = person.traits.get(name)
    return None if trait is None else trait.value


def given(offers: Iterable[Offer]) -> list[Offer]:
    """Offers that the person may have seen: not those that were taken back unused."""
    return [offer for offer in offers if offer.status != "void"]


def last_code_at(picture: Picture) -> int | None:
    """When this person last had a code of ours or used one."""
    seen = [offer.created_at for offer in given(picture.offers)]
    if picture.profile.last_code_at is not None:
        seen.append(picture.profile.last_code_at)
    return max(seen, default=None)


def cart_facts(picture: Picture) -> dict[str, FactValue]:
    """Stock and currency of the cart; an unknown stock or an empty cart leaves the fact out."""
    facts: dict[str, FactValue] = {}
    enough = in_stock(picture.lines)
    if enough is not None:
        facts["cart.in_stock"] = enough
    if picture.cart_currency is not None:
        facts["cart.currency"] = picture.cart_currency
    return facts


def _since(now_us: int, at_us: int | None, unit_us: int, never: int) -> int:
    return never if at_us is None else min(never, max(0, now_us - at_us) // unit_us)
