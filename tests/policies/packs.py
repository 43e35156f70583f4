"""A small, right pack for tests that make one thing in it wrong, and ways to ask."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from policies.pack import Pack, PolicyError, load_pack
from policies.verdict import Verdict

COMMERCE = Path(__file__).parents[2] / "policies" / "commerce.yaml"

SMALL = """\
policy: small
version: 3
currency: EUR
params:
  most_bp: 2000
  free_bp: 1000
  zones_served: [Europe/Berlin]
facts:
  action.class: {enum: [marketing, service], for: [contact]}
  action.channel: {enum: [email, sms], for: [contact]}
  action.discount_bp: {int: [0, 10000], for: [contact, offer]}
  action.useful_minutes: {int: [0, 525600], for: [contact]}
  action.cost_minor: {int: [0, 100000], for: [offer]}
  agent.autonomy: {enum: [assisted, supervised, autonomous], for: [contact, offer]}
  customer.suppressed: {bool, for: [contact, offer]}
  customer.orders: {int: [0, 1000], for: [contact], when: {class: [marketing]}}
  customer.zones: {zones, for: [contact]}
  customer.segment: {enum: [gold, silver, new], for: [offer]}
  item.margin_bp: {int: [-10000, 10000], for: [offer]}
  learned.score: {int: [0, 100], for: [contact]}
  now_us: {instant, for: [contact]}
hard:
  - id: suppressed
    never_when: customer.suppressed
    because: They asked us to stop
  - id: too_much
    never_when: action.discount_bp > params.most_bp
    because: Never above 20 %
  - id: many_orders
    never_when: customer.orders > 500
    obeys: {class: [marketing]}
    because: They buy anyway
soft:
  - id: prefer_email
    on: [contact]
    avoid_when: action.channel == "sms"
    because: E-mail is milder
  - id: low_score
    on: [contact]
    avoid_when: learned.score < 10
    because: They rarely like this
caps:
  - id: weekly
    max: 3
    window: {rolling: P7D}
    per: person
    obeys: {class: [marketing]}
    because: Three a week
quiet_hours:
  from: "21:00"
  to: "08:00"
  obeys: {class: [marketing]}
  because: People sleep
budgets:
  - id: money
    limit_minor: 5000
    window: {calendar: month}
    charges: action.cost_minor
    because: The money is used up
tables:
  - id: tier
    on: [offer]
    hit: unique
    outcome: max_discount_bp
    exceeds: action.discount_bp
    because: Depends on loyalty
    table: |
      | row  | customer.segment | item.margin_bp || max_discount_bp |
      | thin | -                | < 2000         || 0               |
      | gold | gold             | >= 2000        || 1500            |
      | rest | silver, new      | >= 2000        || 500             |
  - id: matrix
    on: [contact, offer]
    outcome: gate
    table: |
      | row    | agent.autonomy | action.discount_bp || gate     | because      |
      | alone  | autonomous     | -                  || allow    | It may       |
      | small  | supervised     | <= params.free_bp  || allow    | Small enough |
      | larger | supervised     | -                  || review   | Have a look  |
"""

NOON = 1_780_308_000_000_000  # 1 June 2026, 12:00 in Berlin
HOUR = 3_600_000_000

CONTACT: dict[str, Any] = {
    "action.class": "marketing",
    "action.channel": "email",
    "action.discount_bp": 0,
    "action.useful_minutes": 2880,
    "agent.autonomy": "supervised",
    "customer.suppressed": False,
    "customer.orders": 0,
    "customer.zones": ("Europe/Berlin",),
    "learned.score": 50,
    "now_us": NOON,
    "cap.weekly.used": 0,
}
OFFER: dict[str, Any] = {
    "action.discount_bp": 500,
    "action.cost_minor": 400,
    "agent.autonomy": "supervised",
    "customer.suppressed": False,
    "customer.segment": "gold",
    "item.margin_bp": 3000,
    "budget.money.left_minor": 5000,
}

MESSAGE: dict[str, Any] = {
    "action.tool_listed": True,
    "agent.autonomy": "supervised",
    "action.channel": "email",
    "action.class": "marketing",
    "action.purpose": "marketing",
    "action.has_offer": False,
    "action.names_discount": False,
    "action.discount_bp": 0,
    "action.offer_valid": True,
    "action.useful_minutes": 2880,
    "customer.suppressed": False,
    "customer.consent": "granted",
    "customer.address_known": True,
    "customer.zones": ("Europe/Berlin",),
    "now_us": NOON,
    "customer.open_complaint": False,
    "customer.orders": 2,
    "customer.minutes_since_purchase": 90_000,
    "cart.in_stock": True,
    "cart.currency": "EUR",
    "cap.weekly.used": 0,
    "cap.daily_channel.used": 0,
}
SERVICE: dict[str, Any] = {**MESSAGE, "action.class": "service", "action.purpose": "service"}
CODE: dict[str, Any] = {
    "action.tool_listed": True,
    "agent.autonomy": "supervised",
    "action.discount_bp": 1000,
    "action.cost_minor": 1000,
    "customer.suppressed": False,
    "customer.open_complaint": False,
    "customer.orders": 2,
    "customer.minutes_since_purchase": 90_000,
    "customer.segment": "gold",
    "customer.days_since_last_code": 36_500,
    "cart.in_stock": True,
    "cart.currency": "EUR",
    "cart.priced": True,
    "margin.after_discount_bp": 3500,
    "margin.lowest_bp": 4200,
    "product.age_minutes": 60,
    "budget.discounts.left_minor": 500_000,
}
TICKET: dict[str, Any] = {
    "action.tool_listed": True,
    "agent.autonomy": "supervised",
    "customer.open_tickets": 0,
}
"""What the commerce pack needs to know of a harmless call of each kind."""

#: The kinds of call that tools make.
TOOLED = ("read", "contact", "offer", "ticket", "suppression", "control")


@cache
def small() -> Pack:
    return load_pack(SMALL, file="small.yaml")


@cache
def commerce() -> Pack:
    return shipped("commerce")


def swapped(old: str, new: str, text: str = SMALL) -> str:
    """The pack with one passage changed, which must be there."""
    assert old in text, old
    return text.replace(old, new, 1)


def told(text: str) -> list[str]:
    """What the loader says of a wrong pack, line by line."""
    with pytest.raises(PolicyError) as caught:
        load_pack(text, file="p.yaml")
    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
    return [str(problem) for problem in caught.value.problems]


def refuses(old: str, new: str, *says: str, alone: bool = True) -> None:
    """The changed pack has these problems, each at the next `^` of the new passage.

    With `alone` it has no others: a fact that cannot be read is unknown to every rule as well.
    """
    marked = swapped(old, new)
    places: list[str] = []
    while "^" in marked:
        before, _, after = marked.partition("^")
        places.append(f"p.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: ")
        marked = before + after
    found = told(marked)
    expected = [place + text for place, text in zip(places, says, strict=True)]
    assert found == expected if alone else set(expected) <= set(found), found


def ask(
    pack: Pack,
    kind: str,
    facts: Mapping[str, Any],
    overrides: Mapping[str, str] | None = None,
    **changes: Any,
) -> Verdict:
    """The verdict on these facts with some changed: `customer__orders=3`; None takes one away."""
    given = dict(facts)
    for key, value in changes.items():
        name = key.replace("__", ".")
        if value is None:
            del given[name]
        else:
            given[name] = value
    return pack.decide(kind, given, call_digest="d", overrides=overrides or {})


def fired(verdict: Verdict) -> dict[str, str]:
    """Rule → what it alone asks for."""
    return {one.rule: one.outcome.value for one in verdict.fired}


POLICIES = Path(__file__).parents[2] / "policies"
#: Every shipped text by its pack's name: what packs are built on.
SHIPPED = {path.stem: path.read_text(encoding="utf-8") for path in sorted(POLICIES.glob("*.yaml"))}


@cache
def shipped(name: str) -> Pack:
    """A pack as it ships."""
    return load_pack(SHIPPED[name], file=f"{name}.yaml", library=SHIPPED)


def without_promises(text: str) -> str:
    """A pack's text without its invariants, for those that a test makes."""
    return re.sub(r"invariants:\n(?:  [^\n]*\n)+\n?", "", text)
