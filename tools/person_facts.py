"""Facts about the person and the cart that several kinds of call share.

A fact that is not known is left out, never guessed: the gate then denies and names it (P6).
"""

from __future__ import annotations

from datetime import date, timedelta

from policies.limits import Cap
from tools.picture import PastContact, Picture
from tools.tool import FactValue, Setting

DAY_US = 86_400 * 1_000_000
MINUTE_US = 60 * 1_000_000
#: "Never" as a value of `minutes_since_purchase` and `days_since_last_code`: no history is known fact.
NEVER_MINUTES = 52_560_000
NEVER_DAYS = 36_500


def person_facts(picture: Picture, *, purpose: str) -> dict[str, FactValue]:
    """Standing facts about the person for one purpose."""
    person = picture.profile
    last_code = max((offer.created_at for offer in picture.offers), default=person.last_code_at)
    facts: dict[str, FactValue] = {
        "customer.suppressed": any(
            suppressed for (_, p), suppressed in picture.suppressed.items() if p == purpose
        ),
        "customer.open_complaint": picture.complaint_open,
        "customer.orders": person.orders,
        "customer.minutes_since_purchase": _since(
            picture.now_us, person.last_order_at, MINUTE_US, NEVER_MINUTES
        ),
        "customer.segment": person.segment,
        "customer.days_since_last_code": _since(picture.now_us, last_code, DAY_US, NEVER_DAYS),
    }
    return facts


def cart_facts(picture: Picture) -> dict[str, FactValue]:
    """Stock and currency of the cart; an unknown stock or an empty cart leaves the fact out."""
    facts: dict[str, FactValue] = {}
    if picture.lines and all(line.free_stock is not None for line in picture.lines):
        facts["cart.in_stock"] = all(
            (line.free_stock or 0) >= line.quantity for line in picture.lines
        )
    if picture.cart_currency is not None:
        facts["cart.currency"] = picture.cart_currency
    return facts


def cap_facts(picture: Picture, setting: Setting, *, channel: str) -> dict[str, FactValue]:
    """How much of each cap of the pack this person has used, as seen from now."""
    facts: dict[str, FactValue] = {}
    today = picture.local_day(picture.now_us)
    for cap in setting.pack.caps:
        counted = [
            c
            for c in picture.contacts
            if _counts(c, cap) and (cap.per == "person" or c.channel == channel)
        ]
        if cap.window.kind == "rolling":
            used = sum(c.at > picture.now_us - cap.window.duration_us for c in counted)
        else:
            begin = _begin(today, cap.window.unit)
            used = sum(c.local_day >= begin for c in counted)
        facts[cap.fact] = used
    return facts


def _counts(contact: PastContact, cap: Cap) -> bool:
    seen = {
        "class": contact.message_class,
        "purpose": contact.purpose,
        "channel": contact.channel,
    }
    return all(seen.get(key) in values for key, values in cap.counts.items())


def _begin(today: str, unit: str) -> str:
    """The first day of the calendar unit that `today` is in; a week begins on Monday (ISO 8601)."""
    day = date.fromisoformat(today)
    if unit == "week":
        return (day - timedelta(days=day.weekday())).isoformat()
    if unit == "month":
        return day.replace(day=1).isoformat()
    if unit == "year":
        return day.replace(month=1, day=1).isoformat()
    return today


def _since(now_us: int, at_us: int | None, unit_us: int, never: int) -> int:
    return never if at_us is None else min(never, max(0, now_us - at_us) // unit_us)
