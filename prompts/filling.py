"""Filling slots: words from the planner, all else from our own rows, each checked by its type.

All problems of a message are found at once, so that a planner can mend them in one more turn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from prompts import formats
from prompts.brand import Brand
from prompts.problems import did_you_mean
from prompts.slots import (
    Slot,
    SlotError,
    SlotProblem,
    SlotSource,
    SlotType,
    holds_link,
    is_code,
    one_line,
    planner_text,
)

_MORE = {"en": "{} more", "de": "{} weitere", "fr": "{} autres", "es": "{} más", "nl": "{} meer"}


class _Unusable(Exception):
    """A value that cannot stand in its slot; the text says what to do."""


def fill_slots(
    slots: Mapping[str, Slot],
    brand: Brand,
    *,
    locale: str,
    planner: Mapping[str, str],
    profile: Mapping[str, Any],
    cart: Mapping[str, Any],
    offer: Mapping[str, Any] | None,
    zone: str,
) -> dict[str, str]:
    """Every declared slot but the system's, as text in the locale. Raises `SlotError`."""
    problems = [
        SlotProblem(name, _not_yours(name, slots))
        for name in sorted(planner)
        if name not in slots or slots[name].source is not SlotSource.PLANNER
    ]
    filled: dict[str, str] = {}
    for name, slot in slots.items():
        if slot.source is SlotSource.SYSTEM:
            continue
        try:
            if slot.source is SlotSource.PLANNER:
                value = _planned(planner.get(name), slot, brand, locale)
            elif slot.source is SlotSource.OFFER:
                value = _offered(name, offer, locale, zone)
            elif slot.source is SlotSource.CART:
                value = _carted(name, cart, brand, slot, locale)
            else:
                value = _profiled(profile.get(name), slot)
            filled[name] = _measured(value, slot)
        except _Unusable as error:
            problems.append(SlotProblem(name, str(error)))
    if problems:
        raise SlotError(problems)
    return filled


def _not_yours(name: str, slots: Mapping[str, Slot]) -> str:
    if name in slots:
        return f"it is filled from the {slots[name].source}, not by you; leave it out"
    yours = [n for n, slot in slots.items() if slot.source is SlotSource.PLANNER]
    there_are = f"; yours are: {', '.join(yours)}" if yours else "; none is yours to write"
    return f"this message has no such slot{did_you_mean(name, yours) or there_are}"


def _measured(value: str | None, slot: Slot) -> str:
    """The value or the slot's default, if it fits."""
    if value is None:
        if slot.default is None:
            who = "write it" if slot.source is SlotSource.PLANNER else "choose another message"
            raise _Unusable(f"it is missing and has no default; {who}")
        return slot.default
    if len(value) > slot.limit:
        raise _Unusable(
            f"it has {len(value)} characters, {slot.limit} are allowed; make it shorter"
        )
    return value


def _planned(given: Any, slot: Slot, brand: Brand, locale: str) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str):
        raise _Unusable(f"it must be text, not {type(given).__name__}")
    if wrong := one_line(given):
        raise _Unusable(wrong)
    value = given.strip()
    if slot.type is SlotType.INT:
        if not re.fullmatch(r"-?\d{1,9}", value, re.ASCII):
            raise _Unusable("it must be a whole number such as 3")
        return formats.number(int(value), locale)
    if slot.type is SlotType.DATE:
        try:
            return formats.day(date.fromisoformat(value), locale)
        except ValueError:
            raise _Unusable("it must be a day such as 2026-03-05") from None
    if not value:
        raise _Unusable("it is empty; write it or leave it out")
    if wrong := planner_text(value):
        raise _Unusable(wrong)
    if claim := brand.forbidden_in(value):
        raise _Unusable(f"it claims '{claim}', which the brand forbids; say it without")
    return value


def _profiled(value: Any, slot: Slot) -> str | None:
    # People write what they like into forms: a name with a link or a line break is no name, and
    # one that is longer than its slot is left out rather than the whole message.
    if not isinstance(value, str) or not 0 < len(value.strip()) <= slot.limit:
        return None
    if one_line(value) is not None or holds_link(value, strict=True):
        return None
    return value.strip()


def _offered(name: str, offer: Mapping[str, Any] | None, locale: str, zone: str) -> str:
    if offer is None:
        raise _Unusable("this message names an offer; give the offer_id, or choose one without")
    if name == "code":
        code: object = offer.get("code")
        if not isinstance(code, str) or not is_code(code):
            raise _Unusable(
                "the offer's code is not letters, digits and hyphens; make another offer"
            )
        return code
    key = "discount_bp" if name == "discount" else "expires_at"
    value = offer.get(key)
    if type(value) is not int or value <= 0:
        raise _Unusable(f"the offer has no {key}; make another offer")
    if name == "discount":
        return formats.percent(value, locale)
    try:
        return formats.moment(value, zone, locale)
    except ValueError as error:
        raise _Unusable(str(error)) from error


def _carted(
    name: str, cart: Mapping[str, Any], brand: Brand, slot: Slot, locale: str
) -> str | None:
    if name == "cart_url":
        url = cart.get("url")
        if url is None:
            return brand.cart_url
        if not isinstance(url, str) or not brand.leads_home(url):
            known = ", ".join(brand.link_hosts)
            raise _Unusable(f"the cart's link is not https to one of the brand's hosts ({known})")
        return url
    if name == "cart_value":
        value, currency = cart.get("value_minor"), cart.get("currency")
        if type(value) is not int or not isinstance(currency, str):
            return None
        return formats.money(value, currency, locale)
    return _items(cart.get("lines") or (), slot.limit, locale)


def _items(lines: Sequence[tuple[str, int]], limit: int, locale: str) -> str | None:
    """As many of the cart's lines as fit: `2 × Cup, Plate and 3 more`."""
    usable = [
        name.strip() if quantity == 1 else f"{quantity} × {name.strip()}"
        for name, quantity in lines
        if name.strip() and one_line(name) is None and not holds_link(name, strict=False)
    ]
    for shown in range(len(usable), 0, -1):
        names = usable[:shown]
        if left := len(lines) - shown:
            names = [*names, _MORE.get(locale.partition("-")[0], "+ {}").format(left)]
        text = formats.listed(names, locale)
        if len(text) <= limit:
            return text
    return None
