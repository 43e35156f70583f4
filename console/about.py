"""A person in words: who this is for us, whether we may write, what happened, what was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.explain_words import article, goal_words, sentence
from agent.fact_words import CHANNELS, counted, money
from console.frame import moment

#: So much later than it happened, it is said when that was.
_LATE_US = 60 * 1_000_000
_DAY_US = 86_400 * 1_000_000
_AGREED = {
    "granted": ("allow", "agreed"),
    "denied": ("deny", "said no"),
    "revoked": ("deny", "took it back"),
    "pending": ("review", "not confirmed yet"),
    "absent": ("held", "never asked"),
}
_SCOPES = {"all": "all contact", "purpose": "marketing", "address": "one address"}
EFFECTS = {
    "contact": "Message",
    "offer": "Discount code",
    "ticket": "Ticket",
    "escalation": "Handed to people",
    "suppression": "Contact stopped",
}
RECEIPTS = {
    "accepted": "The channel took the message",
    "delivered": "Delivered",
    "opened": "Opened",
    "clicked": "A link in it was clicked",
    "bounced": "It came back",
    "deferred": "The channel tries it again later",
    "dropped": "The channel did not send it",
    "complained": "Marked as spam",
    "unsubscribed": "Unsubscribed",
    "replied": "They replied",
}


def who_is(person: Mapping[str, Any], seen: Mapping[str, Any], name: str, *, now_us: int) -> str:
    """The one sentence: segment, orders, what they are worth."""
    segment, orders = person["segment"], person["orders"]
    who = "Somebody without a name" if name == "—" else name
    what = "a new customer" if segment == "new" else f"{article(str(segment))} customer"
    if segment is None:
        what = "a customer whose revenue cannot be read"
    said = f"{who} is {what} with {counted(orders, 'order')}"
    if coded := person["discounts_taken"]:
        said += ", all with a code" if coded == orders else f", {coded} of them with a code"
    worth = [money(minor, currency) for currency, minor in seen["revenue"].items()]
    if orders and worth:
        said += f", worth {' and '.join(worth)}"
    if person["last_order_at"] is not None:
        days = max(0, now_us - person["last_order_at"]) // _DAY_US
        said += f", the last {counted(days, 'day')} ago" if days else ", the last one today"
    return sentence(said)


def may_write(person: Mapping[str, Any], seen: Mapping[str, Any]) -> str:
    """What stands in the way of a message, or that nothing does."""
    if lease := person["lease"]:
        until = moment(lease["until"])
        return sentence(f"In {lease['holder']}'s hands until {until}; every agent is silent")
    stops = [stopped(each) for each in seen["suppressions"]]
    if stops:
        return sentence(f"Stopped: {'; '.join(stops)}")
    if seen["complaint"]:
        return "A complaint is open: first it is answered, then we write about anything else."
    agreed = [
        CHANNELS.get(c["channel"], c["channel"])
        for c in seen["consents"]
        if c["purpose"] == "marketing" and c["state"] == "granted"
    ]
    if not agreed:
        return "No marketing: there is no consent for any channel."
    zones = ", ".join(person["zones"]) or "unknown, so every zone we serve counts"
    return sentence(f"May be written to by {' and '.join(agreed)}; their time zone: {zones}")


def stopped(suppression: Mapping[str, Any]) -> str:
    """What is stopped, by whom, until when."""
    what = _SCOPES[suppression["scope"]]
    if suppression["scope"] == "purpose" and suppression["purpose"]:
        what = suppression["purpose"]
    if suppression["channel"]:
        what += f" ({CHANNELS.get(suppression['channel'], suppression['channel'])})"
    until = "" if suppression["until"] is None else f" until {moment(suppression['until'])}"
    return f"{what}, by {suppression['by']}{until}"


def agreed(consent: Mapping[str, Any]) -> tuple[str, str]:
    """Meaning and words of a consent."""
    meaning, words = _AGREED[consent["state"]]
    channel = CHANNELS.get(consent["channel"], consent["channel"])
    return meaning, f"{channel} · {consent['purpose']}: {words}"


def happened(item: Mapping[str, Any]) -> str:
    """One line of the timeline."""
    match item["kind"]:
        case "event":
            name = item["event"] or item["type"]
            reason = f": {item['reason']}" if item["reason"] else ""
            late = item["at"] - item["occurred_at"] > _LATE_US
            of = f" of {moment(item['occurred_at'])}" if late else ""
            return f"“{name}”{of} came in{reason}"
        case "decision":
            return f"Decided about {goal_words(item['goal'])} ({item['agent']})"
        case "effect":
            what = EFFECTS.get(item["effect"], item["effect"])
            by = f" by {CHANNELS.get(item['channel'], item['channel'])}" if item["channel"] else ""
            return f"{what}{by}" + (f": {item['reason']}" if item["reason"] else "")
        case "receipt":
            by = ", by a machine" if item["machine"] else ""
            reason = f": {item['reason']}" if item["reason"] else ""
            return f"{RECEIPTS[item['receipt']]}{by}{reason}"
        case "approval":
            who = "an approver" if item["outcome"] == "approval" else "an operator"
            return f"A question for {who}"
        case "suppression":
            lifted = "" if item["lifted_at"] is None else f", lifted {moment(item['lifted_at'])}"
            return f"Contact stopped: {stopped(item)}{lifted}"
    return str(item["kind"])
