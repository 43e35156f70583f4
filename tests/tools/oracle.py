"""What the commerce pack says, told again from the design by hand; it shares no code with the gate.

Exact fractions for money, the standard library's zones, minute by minute for quiet hours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

RANK = ("allow", "needs_reason", "review", "approval", "deny")
MESSAGES = {
    "cart_reminder": ("email", False),
    "cart_reminder_offer": ("email", True),
    "cart_reminder_sms": ("sms", False),
}
SOFT = {"prefer_email", "code_lately", "many_tickets"}


@dataclass
class Line:
    """One line of the cart. Money with tax, in cents."""

    sku: str
    quantity: int | None
    price: int | None
    cost: int | None
    tax_bp: int
    stock: int | None
    age: timedelta


@dataclass
class Code:
    """An offer that was made before."""

    id: str
    bp: int
    here: bool
    status: str
    made: datetime
    ends: datetime


@dataclass
class Case:
    """One person, one moment, one agent."""

    now: datetime
    zones: list[str]
    consent: dict[str, str]
    addresses: set[str]
    stopped: str  # nothing, all, marketing, email, sms, both
    contacts: list[tuple[str, str, datetime]]  # channel, class, when
    complaint: bool
    bought: datetime | None
    revenue: int
    lines: list[Line]
    currency: str | None
    codes: list[Code]
    budget: int
    tickets: int
    autonomy: str
    tools: set[str]
    reasons: dict[str, str] = field(default_factory=dict)


def judge(case: Case, tool: str, args: Any) -> str:
    """The outcome that the rules of the house give this call."""
    if tool not in case.tools or not fits(tool, args):
        return "deny"
    if set(case.reasons) - SOFT:
        return "deny"
    if tool in ("send_email", "send_sms"):
        found = message(case, tool, args)
    elif tool == "create_offer":
        found = offer(case, args)
    elif tool in ("create_ticket", "escalate"):
        found = ["approval"] if case.autonomy == "assisted" else []
        if case.tickets >= 3:
            found.append(soft(case, "many_tickets"))
    elif tool == "suppress_customer":
        found = ["approval"] if case.autonomy == "assisted" else []
    else:
        found = []
    return max([*found, "allow"], key=RANK.index)


def soft(case: Case, rule: str) -> str:
    return "allow" if case.reasons.get(rule, "").strip() else "needs_reason"


# -- arguments -------------------------------------------------------------------------------------

STRINGS = {
    "recall_memory": {"query": 300},
    "finish": {"because": 500},
    "check_back": {"because": 300},
    "create_ticket": {"summary": 500},
    "escalate": {"reason": 500},
    "suppress_customer": {"reason": 300},
}
KEYS = {
    "get_profile": (set(), set()),
    "get_inventory": (set(), set()),
    "get_offer_history": (set(), set()),
    "get_margin": (set(), {"discount_bp"}),
    "recall_memory": ({"query"}, set()),
    "create_offer": ({"discount_bp", "valid_hours"}, set()),
    "send_email": ({"message", "useful_until"}, {"slots", "offer_id"}),
    "send_sms": ({"message", "useful_until"}, {"slots", "offer_id"}),
    "suppress_customer": ({"scope", "reason"}, {"channel"}),
    "create_ticket": ({"queue", "priority", "summary"}, set()),
    "escalate": ({"reason"}, set()),
    "check_back": ({"after_minutes", "because"}, set()),
    "finish": ({"because", "outcome"}, set()),
}
NUMBERS = {
    ("get_margin", "discount_bp"): (0, 10_000),
    ("create_offer", "discount_bp"): (1, 10_000),
    ("create_offer", "valid_hours"): (1, 720),
    ("check_back", "after_minutes"): (1, 43_200),
}
CHOICES = {
    ("create_ticket", "queue"): ("service", "sales", "fulfilment"),
    ("create_ticket", "priority"): ("low", "normal", "high"),
    ("finish", "outcome"): ("nothing_to_do", "done", "declined", "held"),
    ("suppress_customer", "scope"): ("all", "purpose", "address"),
    ("suppress_customer", "channel"): (None, "email", "sms"),
}


def fits(tool: str, args: Any) -> bool:
    if not isinstance(args, dict) or tool not in KEYS:
        return False
    needed, allowed = KEYS[tool]
    if not needed <= args.keys() <= needed | allowed:
        return False
    if not all(writable(value) for value in args.values()):
        return False
    for key, value in args.items():
        low_high, choices = NUMBERS.get((tool, key)), CHOICES.get((tool, key))
        if low_high and not (type(value) is int and low_high[0] <= value <= low_high[1]):
            return False
        if choices and not any(type(value) is type(c) and value == c for c in choices):
            return False
        longest = STRINGS.get(tool, {}).get(key)
        if longest and not (isinstance(value, str) and 1 <= len(value) <= longest):
            return False
    if tool in ("send_email", "send_sms"):
        return sendable(tool, args)
    if tool == "suppress_customer":
        scope, channel = args["scope"], args.get("channel")
        return not (scope == "address" and channel is None or scope == "all" and channel)
    return True


def sendable(tool: str, args: dict[str, Any]) -> bool:
    name, slots, offer_id = args["message"], args.get("slots", {}), args.get("offer_id")
    known = isinstance(name, str) and MESSAGES.get(name, ("", False))[0] == tool[5:]
    words = isinstance(slots, dict) and all(
        isinstance(k, str) and isinstance(v, str) for k, v in slots.items()
    )
    return known and words and isinstance(offer_id, str | None) and until_of(args) is not None


def until_of(args: dict[str, Any]) -> datetime | None:
    try:
        at = datetime.fromisoformat(args["useful_until"])
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo is not None else None


def writable(value: Any) -> bool:
    if isinstance(value, str):
        return not any(0xD800 <= ord(char) < 0xE000 for char in value) and len(value) <= 20_000
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return abs(value) < 2**63
    if isinstance(value, list):
        return all(map(writable, value))
    if isinstance(value, dict):
        return all(map(writable, value)) and all(map(writable, value.values()))
    return value is None


# -- a message -------------------------------------------------------------------------------------


def message(case: Case, tool: str, args: dict[str, Any]) -> list[str]:
    channel = tool[5:]
    _, names_discount = MESSAGES[args["message"]]
    until = until_of(args)
    assert until is not None
    until = min(until, case.now + timedelta(days=30))
    offer_id = args.get("offer_id")
    code = next((c for c in case.codes if c.id == offer_id), None)
    valid = offer_id is None or (
        code is not None and code.here and code.status == "issued" and code.ends >= until
    )
    minutes = max(0, (until - case.now) // timedelta(minutes=1))
    no = [
        case.stopped in ("all", "marketing", channel, "both"),
        case.consent[channel] != "granted",
        channel not in case.addresses,
        names_discount and offer_id is None,
        not valid,
        code is not None and code.bp > 2_000,
        minutes == 0,
        alone(case),
        not case.zones,
        short(case) is not False,
        case.currency != "EUR",
    ]
    if any(no):
        return ["deny"]
    arrives = arrival(case)
    if arrives > case.now and arrives > case.now + timedelta(minutes=minutes):
        return ["deny"]
    if over_cap(case, channel, arrives):
        return ["deny"]
    found = []
    if channel == "sms":
        found.append(soft(case, "prefer_email"))
    if case.autonomy == "assisted":
        found.append("approval")
    elif case.autonomy == "supervised" and code is not None and code.bp > 1_000:
        found.append("review")
    return found


def alone(case: Case) -> bool:
    """Whether this person is to be left alone: a complaint, or a purchase within a day."""
    lately = case.bought is not None and case.now - case.bought < timedelta(days=1)
    return case.complaint or lately


def short(case: Case) -> bool | None:
    """Whether something in the cart is short; None where nobody knows."""
    if not case.lines or any(x.quantity is None or x.stock is None for x in case.lines):
        return None
    for line in case.lines:
        needed = sum(x.quantity or 0 for x in case.lines if x.sku == line.sku)
        if needed > (line.stock or 0):
            return True
    return False


def arrival(case: Case) -> datetime:
    """The first minute from now at which nobody's clock shows 21:00 to 08:00."""
    at = case.now
    zones = [ZoneInfo(name) for name in case.zones]
    while any(not 8 <= at.astimezone(zone).hour < 21 for zone in zones):
        at += timedelta(minutes=1)
    return at


def over_cap(case: Case, channel: str, arrives: datetime) -> bool:
    marketing = [(c, at) for c, kind, at in case.contacts if kind == "marketing"]
    if sum(at > arrives - timedelta(days=7) for _, at in marketing) >= 3:
        return True
    return any(
        at.astimezone(ZoneInfo(zone)).date() == arrives.astimezone(ZoneInfo(zone)).date()
        for zone in case.zones
        for c, at in marketing
        if c == channel
    )


# -- an offer --------------------------------------------------------------------------------------


def margin(line: Line, bp: int) -> Fraction:
    """(net − cost) / net after the discount, without tax."""
    assert line.price is not None and line.cost is not None
    gross = Fraction(line.price) * (10_000 - bp) / 10_000
    net = gross / (1 + Fraction(line.tax_bp, 10_000))
    return Fraction(-1) if net == 0 else (net - line.cost) / net


def offer(case: Case, args: dict[str, Any]) -> list[str]:
    bp = args["discount_bp"]
    if (
        case.stopped in ("all", "marketing", "both")
        or alone(case)
        or short(case) is not False
        or case.currency != "EUR"
        or any(x.price is None or x.cost is None for x in case.lines)
        or max(x.age for x in case.lines) > timedelta(days=7)
    ):
        return ["deny"]
    cost = sum(
        math.ceil(Fraction((x.price or 0) * (x.quantity or 0) * bp, 10_000)) for x in case.lines
    )
    worst = min(margin(x, 0) for x in case.lines)
    if (
        bp > 2_000
        or min(margin(x, bp) for x in case.lines) < Fraction(15, 100)
        or bp > tier(case, worst)
        or cost > case.budget
    ):
        return ["deny"]
    found = []
    seen = [c.made for c in case.codes if c.status != "void"]
    if seen and case.now - max(seen) < timedelta(days=60):
        found.append(soft(case, "code_lately"))
    if case.autonomy == "assisted" or (case.autonomy == "supervised" and cost >= 5_000):
        found.append("approval")
    elif case.autonomy == "supervised" and bp > 1_000:
        found.append("review")
    return found


def tier(case: Case, worst: Fraction) -> int:
    """How much this person may get at most, by loyalty and by what the cart earns."""
    if worst < Fraction(20, 100):
        return 0
    rich = worst >= Fraction(40, 100)
    if case.bought is None:
        return 1_000
    if case.revenue >= 30_000:
        return 2_000 if rich else 1_500
    return 1_500 if rich else 1_000


def utc(at_us: int) -> datetime:
    """An instant of ours as the standard library has it."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)
