"""What the commerce pack says, once more, in plain Python, written without its engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from policies.zones import known, zone

MINUTE = 60_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

BOOLS = {
    *("action.tool_listed", "action.has_offer", "action.names_discount", "action.offer_valid"),
    *("customer.suppressed", "customer.address_known", "customer.open_complaint"),
    *("cart.in_stock", "cart.priced"),
}
WORDS = {
    "agent.autonomy": {"assisted", "supervised", "autonomous"},
    "action.channel": {"email", "sms"},
    "action.class": {"marketing", "service", "legal"},
    "action.purpose": {"marketing", "service"},
    "customer.consent": {"granted", "denied", "revoked", "absent"},
    "customer.segment": {"platinum", "gold", "silver", "bronze", "new"},
    "cart.currency": {"EUR"},
}
RANGES = {
    "action.useful_minutes": (0, 525_600),
    "action.discount_bp": (0, 10_000),
    "action.cost_minor": (0, 1_000_000_000),
    "now_us": (0, 7_258_118_400_000_000),
    "customer.orders": (0, 1_000_000),
    "customer.minutes_since_purchase": (0, 52_560_000),
    "customer.days_since_last_code": (0, 36_500),
    "customer.open_tickets": (0, 10_000),
    "margin.lowest_bp": (-10_000, 10_000),
    "margin.after_discount_bp": (-10_000, 10_000),
    "product.age_minutes": (0, 5_256_000),
    "cap.weekly.used": (0, 1_000_000),
    "cap.daily_channel.used": (0, 1_000_000),
    "budget.discounts.left_minor": (-(10**15), 10**15),
}
MARKETING_ONLY = {
    *("customer.zones", "customer.open_complaint", "customer.orders"),
    *("customer.minutes_since_purchase", "cart.in_stock", "cart.currency"),
    *("cap.weekly.used", "cap.daily_channel.used"),
}
NEEDED = {
    "read": {"action.tool_listed"},
    "control": {"action.tool_listed"},
    "ticket": {"action.tool_listed", "agent.autonomy", "customer.open_tickets"},
    "suppression": {"action.tool_listed", "agent.autonomy"},
    "contact": {
        *("action.tool_listed", "agent.autonomy", "action.channel", "action.class"),
        *("action.purpose", "action.has_offer", "action.names_discount", "action.discount_bp"),
        *("action.offer_valid", "action.useful_minutes", "now_us", "customer.suppressed"),
        *("customer.consent", "customer.address_known", *MARKETING_ONLY),
    },
    "offer": {
        *("action.tool_listed", "agent.autonomy", "action.discount_bp", "action.cost_minor"),
        *("customer.suppressed", "customer.open_complaint", "customer.orders"),
        *("customer.minutes_since_purchase", "customer.segment", "customer.days_since_last_code"),
        *("cart.in_stock", "cart.currency", "cart.priced", "margin.after_discount_bp"),
        *("margin.lowest_bp", "product.age_minutes", "budget.discounts.left_minor"),
    },
}
STRICT = ["allow", "needs_reason", "review", "approval", "deny"]
#: Wanted for its own sake, although no rule reads it.
GUARDS = {"contact": {"cart.currency"}, "offer": {"cart.currency"}}
#: Every value next to which some answer changes.
EDGES = {
    "action.useful_minutes": [0, 1],
    "action.discount_bp": [0, 1, 1000, 1001, 1500, 1501, 2000, 2001, 10_000],
    "action.cost_minor": [0, 4_999, 5_000, 10**9],
    "customer.orders": [0, 1],
    "customer.minutes_since_purchase": [1_439, 1_440],
    "customer.days_since_last_code": [59, 60],
    "customer.open_tickets": [2, 3],
    "margin.lowest_bp": [-10_000, 1_999, 2_000, 3_999, 4_000, 10_000],
    "margin.after_discount_bp": [1_499, 1_500],
    "product.age_minutes": [10_080, 10_081],
    "cap.weekly.used": [2, 3],
    "cap.daily_channel.used": [0, 1],
    "budget.discounts.left_minor": [-(10**15), 10**15],
}


@dataclass
class Opinion:
    """What fired and what is owed; `stops`: what is not known and would have to be."""

    fired: dict[str, str] = field(default_factory=dict)
    owed: dict[str, Any] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    stops: set[str] = field(default_factory=set)

    @property
    def outcome(self) -> str:
        return max(self.fired.values(), key=STRICT.index)


class House:
    """The facts of one call as far as they are known, and what the rules make of them."""

    def __init__(self, known: dict[str, Any], overrides: dict[str, str], out: Opinion) -> None:
        self.f, self.overrides, self.out = known, overrides, out

    def agreed(self, reads: str, look: Any) -> Any:
        """What `look` sees, if it sees the same whatever the missing facts are; else None."""
        absent = [name for name in reads.split() if name not in self.f]
        seen = []
        for values in product(*(_edges(name) for name in absent)):
            self.f |= dict(zip(absent, values, strict=True))
            seen.append(look())
        for name in absent:
            del self.f[name]
        if all(one == seen[0] for one in seen):
            return seen[0]
        self.out.stops |= set(absent)
        return None

    def rule(self, name: str, answer: str, reads: str, test: Any) -> None:
        if self.agreed(reads, lambda: bool(test())):
            soft = answer == "needs_reason" and self.overrides.get(name, "").strip()
            self.out.fired[name] = "allow" if soft else answer

    def row(self, table: str, reads: str, look: Any) -> None:
        """`look` gives the row and its answer; None for an answer: the row says nothing."""
        found = self.agreed(reads, look)
        if found is not None and found[1] is not None:
            self.out.fired[f"{table}.{found[0]}"] = found[1]


def _edges(name: str) -> list[Any]:
    if name in BOOLS:
        return [False, True]
    return sorted(WORDS[name]) if name in WORDS else EDGES[name]


def good(name: str, value: Any) -> bool:
    if name in BOOLS:
        return value is True or value is False
    if name in WORDS:
        return type(value) is str and value in WORDS[name]
    if name in RANGES:
        low, high = RANGES[name]
        return type(value) is int and low <= value <= high
    assert name == "customer.zones"
    zones = type(value) is tuple and 0 < len(value) <= 64
    return zones and all(type(name) is str and known(name) for name in value)


def opinion(kind: str, facts: dict[str, Any], overrides: dict[str, str]) -> Opinion:
    """The answer to a call, from the facts that are known."""
    out = Opinion()
    needed = set(NEEDED[kind])
    if kind == "contact" and good("action.class", facts.get("action.class")):
        needed -= set() if facts["action.class"] == "marketing" else MARKETING_ONLY
    f = {name: facts[name] for name in needed if good(name, facts.get(name))}
    out.missing = needed - f.keys()
    out.stops = out.missing & GUARDS.get(kind, set())
    house = House(f, overrides, out)
    house.rule("tool_not_listed", "deny", "action.tool_listed", lambda: not f["action.tool_listed"])
    if kind in ("read", "control"):
        out.fired["reading.looking"] = "allow"
    if kind in ("ticket", "suppression"):
        house.row("effect_autonomy", "agent.autonomy",
                  lambda: ("signed", "approval") if f["agent.autonomy"] == "assisted"
                  else ("routine", "allow"))  # fmt: skip
    if kind == "ticket":
        house.rule("many_tickets", "needs_reason", "customer.open_tickets",
                   lambda: f["customer.open_tickets"] > 2)  # fmt: skip
    if kind in ("contact", "offer"):
        _shared(kind, f, house.rule)
    if kind == "offer":
        _offer(f, house, out)
    if kind == "contact":
        _contact(f, house, out)
    for name in out.missing:
        out.fired[f"missing:{name}"] = "deny" if name in out.stops else "allow"
    return out


def _shared(kind: str, f: dict[str, Any], rule: Any) -> None:
    extra = "action.class " if kind == "contact" else ""

    def held() -> bool:
        return kind == "offer" or f["action.class"] == "marketing"

    rule("suppressed", "deny", "customer.suppressed", lambda: f["customer.suppressed"])
    rule("max_discount", "deny", "action.discount_bp", lambda: f["action.discount_bp"] > 2000)
    rule("just_bought", "deny", extra + "customer.orders customer.minutes_since_purchase",
         lambda: held() and f["customer.orders"] >= 1
         and f["customer.minutes_since_purchase"] < 24 * 60)  # fmt: skip
    rule("open_complaint", "deny", extra + "customer.open_complaint",
         lambda: held() and f["customer.open_complaint"])  # fmt: skip
    rule("out_of_stock", "deny", extra + "cart.in_stock",
         lambda: held() and not f["cart.in_stock"])  # fmt: skip


def _offer(f: dict[str, Any], house: House, out: Opinion) -> None:
    rule = house.rule
    rule("margin_floor", "deny", "action.discount_bp margin.after_discount_bp",
         lambda: f["action.discount_bp"] >= 1 and f["margin.after_discount_bp"] < 1500)  # fmt: skip
    rule("no_price", "deny", "cart.priced", lambda: not f["cart.priced"])
    rule("stale_price", "deny", "product.age_minutes",
         lambda: f["product.age_minutes"] > 7 * 24 * 60)  # fmt: skip
    rule("code_lately", "needs_reason", "customer.days_since_last_code",
         lambda: f["customer.days_since_last_code"] < 60)  # fmt: skip
    if {"action.cost_minor", "budget.discounts.left_minor"} <= f.keys():
        rule("discounts", "deny", "action.cost_minor budget.discounts.left_minor",
             lambda: f["action.cost_minor"] > f["budget.discounts.left_minor"])  # fmt: skip
    else:
        out.stops |= {"action.cost_minor", "budget.discounts.left_minor"} - f.keys()

    def tier() -> tuple[str, int]:
        best, rich = f["customer.segment"] in ("platinum", "gold"), f["margin.lowest_bp"] >= 4000
        if f["margin.lowest_bp"] < 2000:
            return "thin", 0
        if f["customer.segment"] == "new":
            return "new_any", 1000
        if best:
            return ("top_rich", 2000) if rich else ("top_some", 1500)
        return ("other_rich", 1500) if rich else ("other_some", 1000)

    found = house.agreed("customer.segment margin.lowest_bp", tier)
    if found is not None and "action.discount_bp" in f:
        out.owed["cap_discount_bp"] = found[1]
        if f["action.discount_bp"] > found[1]:
            out.fired[f"discount_tier.{found[0]}"] = "deny"
    elif found is not None or "action.discount_bp" not in f:
        out.stops |= {"action.discount_bp"} - f.keys()

    def autonomy() -> tuple[str, str]:
        if f["agent.autonomy"] == "autonomous":
            return "alone", "allow"
        if f["agent.autonomy"] == "assisted":
            return "assisted", "approval"
        if f["action.cost_minor"] >= 5000:
            return "large", "approval"
        return ("in_bounds", "allow") if f["action.discount_bp"] <= 1000 else ("generous", "review")

    house.row("offer_autonomy", "agent.autonomy action.cost_minor action.discount_bp", autonomy)


def _contact(f: dict[str, Any], house: House, out: Opinion) -> None:
    rule = house.rule

    def is_(word: str) -> bool:
        return bool(f["action.class"] == word)

    rule("no_consent", "deny", "action.class customer.consent",
         lambda: is_("marketing") and f["customer.consent"] != "granted")  # fmt: skip
    rule("refused_channel", "deny", "action.class customer.consent",
         lambda: is_("service") and f["customer.consent"] in {"denied", "revoked"})  # fmt: skip
    rule("no_address", "deny", "customer.address_known", lambda: not f["customer.address_known"])
    rule("class_and_purpose", "deny", "action.class action.purpose",
         lambda: is_("marketing") is not (f["action.purpose"] == "marketing"))  # fmt: skip
    rule("offer_in_service", "deny", "action.class action.has_offer",
         lambda: not is_("marketing") and f["action.has_offer"])  # fmt: skip
    rule("discount_without_offer", "deny",
         "action.names_discount action.discount_bp action.has_offer",
         lambda: not f["action.has_offer"]
         and (f["action.names_discount"] or f["action.discount_bp"] >= 1))  # fmt: skip
    rule("offer_not_valid", "deny", "action.offer_valid", lambda: not f["action.offer_valid"])
    rule("not_useful", "deny", "action.useful_minutes", lambda: f["action.useful_minutes"] < 1)
    rule("footer", "allow", "action.class", lambda: is_("marketing"))
    if "footer" in out.fired:
        out.owed["require_footer"] = True
    rule("prefer_email", "needs_reason", "action.class action.channel",
         lambda: is_("marketing") and f["action.channel"] == "sms")  # fmt: skip
    rule("weekly", "deny", "action.class cap.weekly.used",
         lambda: is_("marketing") and f["cap.weekly.used"] >= 3)  # fmt: skip
    rule("daily_channel", "deny", "action.class cap.daily_channel.used",
         lambda: is_("marketing") and f["cap.daily_channel.used"] >= 1)  # fmt: skip

    def autonomy() -> tuple[str, str]:
        match f["agent.autonomy"], f["action.discount_bp"] <= 1000:
            case "autonomous", _:
                return "alone", "allow"
            case "supervised", True:
                return "in_bounds", "allow"
            case "supervised", False:
                return "generous", "review"
        return "assisted", "approval"

    house.row("contact_autonomy", "agent.autonomy action.discount_bp", autonomy)
    if f.get("action.class", "marketing") == "marketing":
        when = {"action.class", "now_us", "customer.zones"} - f.keys()
        if when:
            out.stops |= when
        else:
            _quiet(f, out)


def _quiet(f: dict[str, Any], out: Opinion) -> None:
    now = f["now_us"]
    at = now
    while _asleep(at, f["customer.zones"]):
        at = (at // MINUTE + 1) * MINUTE
        if at - now > 8 * 24 * 60 * MINUTE:
            out.fired |= {"quiet_hours": "allow", "cannot_be_met": "deny"}
            return
    if at > now:
        out.fired["quiet_hours"] = "allow"
        out.owed["defer_until_local"] = "08:00"
        out.owed["not_before_us"] = at
        if "action.useful_minutes" not in f:
            out.stops.add("action.useful_minutes")
            return
        useful = now + f["action.useful_minutes"] * MINUTE
        if at > useful:
            out.fired["cannot_be_met"] = "deny"
        elif (last := _last_moment(at, useful, f["customer.zones"])) > at:
            out.owed["spread_until_us"] = last


def _last_moment(at: int, useful: int, zones: tuple[str, ...]) -> int:
    """Within a quarter of an hour, while it is of use, the same day and by the same clocks."""
    last = min(at + 15 * MINUTE, useful)
    for step in range((at // MINUTE + 1) * MINUTE, last + 1, MINUTE):
        if _asleep(step, zones) or _days(step, zones) != _days(at, zones):
            return step - 1
    return last


def _days(at: int, zones: tuple[str, ...]) -> list[Any]:
    """The date and how far the clock is ahead, in every zone."""
    clocks = [(EPOCH + timedelta(microseconds=at)).astimezone(zone(name)) for name in zones]
    return [(clock.date(), clock.utcoffset()) for clock in clocks]


def _asleep(at: int, zones: tuple[str, ...]) -> bool:
    clocks = [(EPOCH + timedelta(microseconds=at)).astimezone(zone(name)) for name in zones]
    return any(not 8 <= clock.hour < 21 for clock in clocks)
