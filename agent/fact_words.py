"""Facts in words: what each is called and how its value is said, for readers of explanations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from customers.money import MoneyError, exponent

CHANNELS = {"email": "e-mail", "sms": "text message"}
#: From here on "how long ago" means never (`tools.person_facts`).
NEVER = {"customer.minutes_since_purchase": 52_560_000, "customer.days_since_last_code": 36_500}


def percent(bp: int) -> str:
    """Basis points as percent: 850 → `8.5 %`."""
    return f"{bp / 100:.2f}".rstrip("0").rstrip(".") + " %"


def money(minor: int, currency: str | None) -> str:
    """Minor units with their currency and its decimals: 11990 → `119.90 EUR`."""
    if currency is None:
        return f"{minor:,} in the smallest coin"
    try:
        decimals = exponent(currency)
    except MoneyError:
        return f"{minor:,} in the smallest coin of {currency}"
    whole, part = divmod(abs(minor), 10**decimals)
    tail = f".{part:0{decimals}d}" if decimals else ""
    return f"{'-' if minor < 0 else ''}{whole:,}{tail} {currency}"


def moment(at_us: int, zone: str | None) -> str:
    """An instant where the person is, with the zone's name; UTC where no zone is known."""
    name = zone or "Etc/UTC"
    seconds, rest = divmod(at_us, 1_000_000)
    local = (
        datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest).astimezone(ZoneInfo(name))
    )
    said = "UTC" if name in ("Etc/UTC", "UTC") else f"{name} time"
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} {said}"


def span(minutes: int) -> str:
    """A length of time: 90 → `1 hour 30 minutes`; whole days from two days on."""
    if minutes >= 2_880:
        return counted(minutes // 1_440, "day")
    hours, rest = divmod(minutes, 60)
    parts = [counted(n, thing) for n, thing in ((hours, "hour"), (rest, "minute")) if n]
    return " ".join(parts) or "no time"


def counted(n: int, thing: str) -> str:
    """So many things: `1 order`, `2 orders`, `no orders`."""
    return f"{n or 'no'} {thing}{'' if n == 1 else 's'}"


def _yes(value: Any) -> str:
    return "yes" if value else "no"


_PLAIN: Callable[[Any], str] = str
NOTHING_SAID: Mapping[str, str] = MappingProxyType({})
_NAMES: dict[str, str] = {
    "action.discount_bp": "the discount",
    "action.cost_minor": "the cost of the discount",
    "action.confidence_bp": "the planner's confidence",
    "action.tool_listed": "what the agent may use",
    "action.channel": "the channel",
    "action.class": "the kind of message",
    "action.purpose": "the purpose",
    "action.has_offer": "whether there is an offer",
    "action.names_discount": "whether the message names a discount",
    "action.offer_valid": "whether the offer holds",
    "action.useful_minutes": "how long the message is of use",
    "agent.autonomy": "the agent's autonomy",
    "agent.effects_in_window": "how many like it there were lately",
    "now_us": "the time",
    "customer.suppressed": "whether this person asked us to stop",
    "customer.consent": "this person's consent for the channel",
    "customer.address_known": "whether we hold an address",
    "customer.zones": "the time zone of this person",
    "customer.jurisdictions": "whose rules on hours this person is under",
    "customer.open_complaint": "whether a complaint is open",
    "customer.orders": "how many orders there were",
    "customer.minutes_since_purchase": "when this person last bought",
    "customer.segment": "this person's segment",
    "customer.days_since_last_code": "when this person last had a code",
    "customer.open_tickets": "how many tickets are open",
    "customer.sentiment": "how this person sounded last",
    "customer.compliance_flag": "whether compliance has flagged this person",
    "cart.in_stock": "whether the whole cart is in stock",
    "cart.priced": "whether every price and cost is known",
    "cart.currency": "the currency of the cart",
    "cart.value_minor": "the value of the cart",
    "margin.after_discount_bp": "the margin after the discount",
    "margin.lowest_bp": "the lowest margin in the cart",
    "product.age_minutes": "how old the prices are",
}
#: What would have to be so, as a clause after "if". `True`/`False` for yes-or-no facts.
_CLAUSES: dict[tuple[str, bool], str] = {
    ("customer.suppressed", True): "this person had asked us to stop",
    ("customer.suppressed", False): "this person had not asked us to stop",
    ("customer.address_known", True): "we held an address for this channel",
    ("customer.address_known", False): "we held no address for this channel",
    ("customer.open_complaint", True): "this person had an open complaint",
    ("customer.open_complaint", False): "no complaint were open",
    ("customer.compliance_flag", True): "compliance had flagged this person",
    ("customer.compliance_flag", False): "compliance had not flagged this person",
    ("cart.in_stock", True): "everything in the cart were in stock",
    ("cart.in_stock", False): "something in the cart were out of stock",
    ("cart.priced", True): "every price and cost were known",
    ("cart.priced", False): "a price or a cost were not known",
}
_CONSENTS = {
    "granted": "this person had agreed to it",
    "denied": "this person had said no to it",
    "revoked": "this person had taken their consent back",
    "absent": "this person had never agreed to it",
}


def name_of(fact: str, said: Mapping[str, str] = NOTHING_SAID) -> str:
    """What people call this fact; `said`: what a pack calls those of its own."""
    if said.get(fact):
        return said[fact]
    if fact.startswith("cap."):
        return "how many there have been already"
    if fact.startswith("budget."):
        return "what is left of the budget"
    if fact.startswith("override."):
        return "how many exceptions are left"
    return _NAMES.get(fact) or _humane(fact)


def value_of(fact: str, value: Any, currency: str | None) -> str:
    """How people say this value, by what the fact's name ends in."""
    if isinstance(value, bool):
        return _yes(value)
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value)) or "none"
    if not isinstance(value, int):
        return str(value).replace("_", " ")
    for ending, said in _BY_ENDING.items():
        if fact.endswith(ending):
            return said(value)
    if fact.endswith("_minor"):
        return money(value, currency)
    return "never" if value >= NEVER.get(fact, value + 1) else f"{value:,}"


_BY_ENDING: Mapping[str, Callable[[int], str]] = {
    "_bp": percent,
    "_minutes": span,
    "_hours": lambda n: counted(n, "hour"),
    "_days": lambda n: counted(n, "day"),
}


def clause(
    fact: str,
    new: Any,
    old: Any,
    *,
    currency: str | None,
    window: str = "",
    thing: str = "contact",
    said: Mapping[str, str] = NOTHING_SAID,
) -> str:
    """What would have to be otherwise, to be read after "if".

    `window`, `thing`: a cap's, in words, and what it counts.
    """
    if isinstance(new, bool) and (fact, new) in _CLAUSES:
        return _CLAUSES[fact, new]
    if fact == "customer.consent" and new in _CONSENTS:
        return _CONSENTS[new]
    if fact == "customer.segment":
        return f"this were a {new} customer instead of a {old} one"
    if fact == "customer.sentiment":
        return (
            "we did not know how this person sounded"
            if new == "unknown"
            else (f"this person had sounded {new} last")
        )
    if fact == "customer.open_tickets":
        return f"this person had {counted(new, 'open ticket')} instead of {old or 'none'}"
    if fact.startswith("cap."):
        return f"this person had had {counted(new, thing)} {window} instead of {old or 'none'}"
    if fact.startswith("budget."):
        left = money(new, currency)
        return f"{left} of the budget were left instead of {money(old, currency)}"
    if fact == "product.age_minutes":
        return f"the prices were {span(new)} old instead of {span(old)}"
    if fact in NEVER:
        return _ago(fact, new, old)
    return f"{name_of(fact, said)} were {value_of(fact, new, currency)} instead of " + value_of(
        fact, old, currency
    )


def param_name(param: str) -> str:
    """A parameter of a pack as people say it: `min_margin_bp` → `smallest margin`."""
    return _humane(param).replace("max ", "largest ").replace("min ", "smallest ")


def _ago(fact: str, new: int, old: int) -> str:
    what = "bought" if fact == "customer.minutes_since_purchase" else "had a code"
    say = span if fact == "customer.minutes_since_purchase" else (lambda n: counted(n, "day"))
    if new >= NEVER[fact]:
        return f"this person had never {what}"
    was = "" if old >= NEVER[fact] else f" instead of {say(old)} ago"
    return f"this person had last {what} {say(new)} ago{was}"


def _humane(name: str) -> str:
    last = name.split(".")[-1]
    for unit in ("_bp", "_minor", "_minutes", "_hours", "_days"):
        last = last.removesuffix(unit)
    return last.replace("_", " ")
