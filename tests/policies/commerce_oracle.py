"""What the commerce pack says, once more, in plain Python, written without its engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
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


@dataclass
class Opinion:
    """What fired and what is owed."""

    fired: dict[str, str] = field(default_factory=dict)
    owed: dict[str, Any] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)

    @property
    def outcome(self) -> str:
        return max(self.fired.values(), key=STRICT.index)


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
    for name in out.missing:
        out.fired[f"missing:{name}"] = "deny"

    def rule(name: str, answer: str, reads: str, test: Any) -> None:
        """`reads` in short form; a rule is silent when one of its facts is not known."""
        if all(fact in f for fact in reads.split()) and test():
            soft = answer == "needs_reason" and overrides.get(name, "").strip()
            out.fired[name] = "allow" if soft else answer

    rule("tool_not_listed", "deny", "action.tool_listed", lambda: not f["action.tool_listed"])
    if kind in ("read", "control"):
        rule("reading.looking", "allow", "action.tool_listed", lambda: True)
    if kind in ("ticket", "suppression"):
        assisted = lambda: f["agent.autonomy"] == "assisted"  # noqa: E731
        rule("effect_autonomy.signed", "approval", "agent.autonomy", assisted)
        rule("effect_autonomy.routine", "allow", "agent.autonomy", lambda: not assisted())
    if kind == "ticket":
        rule("many_tickets", "needs_reason", "customer.open_tickets",
             lambda: f["customer.open_tickets"] > 2)  # fmt: skip
    if kind in ("contact", "offer"):
        _shared(kind, f, rule)
    if kind == "offer":
        _offer(f, rule, out)
    if kind == "contact":
        _contact(f, rule, out)
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


def _offer(f: dict[str, Any], rule: Any, out: Opinion) -> None:
    rule("margin_floor", "deny", "action.discount_bp margin.after_discount_bp",
         lambda: f["action.discount_bp"] >= 1 and f["margin.after_discount_bp"] < 1500)  # fmt: skip
    rule("no_price", "deny", "cart.priced", lambda: not f["cart.priced"])
    rule("stale_price", "deny", "product.age_minutes",
         lambda: f["product.age_minutes"] > 7 * 24 * 60)  # fmt: skip
    rule("code_lately", "needs_reason", "customer.days_since_last_code",
         lambda: f["customer.days_since_last_code"] < 60)  # fmt: skip
    rule("discounts", "deny", "action.cost_minor budget.discounts.left_minor",
         lambda: f["action.cost_minor"] > f["budget.discounts.left_minor"])  # fmt: skip
    tier = ("customer.segment", "margin.lowest_bp", "action.discount_bp")
    if all(name in f for name in tier):
        segment, margin = f["customer.segment"], f["margin.lowest_bp"]
        best, rich = segment in ("platinum", "gold"), margin >= 4000
        if margin < 2000:
            row, most = "thin", 0
        elif segment == "new":
            row, most = "new_any", 1000
        elif best:
            row, most = ("top_rich", 2000) if rich else ("top_some", 1500)
        else:
            row, most = ("other_rich", 1500) if rich else ("other_some", 1000)
        out.owed["cap_discount_bp"] = most
        if f["action.discount_bp"] > most:
            out.fired[f"discount_tier.{row}"] = "deny"
    if all(name in f for name in ("agent.autonomy", "action.cost_minor", "action.discount_bp")):
        if f["agent.autonomy"] == "autonomous":
            out.fired["offer_autonomy.alone"] = "allow"
        elif f["agent.autonomy"] == "assisted":
            out.fired["offer_autonomy.assisted"] = "approval"
        elif f["action.cost_minor"] >= 5000:
            out.fired["offer_autonomy.large"] = "approval"
        elif f["action.discount_bp"] <= 1000:
            out.fired["offer_autonomy.in_bounds"] = "allow"
        else:
            out.fired["offer_autonomy.generous"] = "review"


def _contact(f: dict[str, Any], rule: Any, out: Opinion) -> None:
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
    if "agent.autonomy" in f and "action.discount_bp" in f:
        match f["agent.autonomy"], f["action.discount_bp"] <= 1000:
            case "autonomous", _:
                out.fired["contact_autonomy.alone"] = "allow"
            case "supervised", True:
                out.fired["contact_autonomy.in_bounds"] = "allow"
            case "supervised", False:
                out.fired["contact_autonomy.generous"] = "review"
            case _:
                out.fired["contact_autonomy.assisted"] = "approval"
    if all(name in f for name in ("action.class", "now_us", "customer.zones")) and is_("marketing"):
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
        if "action.useful_minutes" in f:
            out.owed["not_before_us"] = at
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
