"""Questions in words: what is asked, why a person is asked, what it rests on, how long it waits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agent.fact_words import NEVER, counted, moment, money, name_of, percent, span, value_of

#: Who may answer, by outcome.
NEEDS = {"review": "operator", "approval": "approver"}
_MINUTE_US = 60_000_000
#: Facts that say nothing about the person or the case.
_DULL = frozenset(
    ["action.tool_listed", "now_us", "action.class", "action.purpose", "cart.currency"]
)
#: What most people look at first.
_FIRST = (
    "customer.segment",
    "customer.orders",
    "customer.open_complaint",
    "customer.consent",
    "customer.days_since_last_code",
    "margin.after_discount_bp",
)
_UNITS = (("_minutes", "minute"), ("_hours", "hour"), ("_days", "day"))


def title_of(question: Mapping[str, Any], who: str = "") -> str:
    """What is asked: `20 % off for Grace H.`"""
    call = question["call"]
    if call is None:
        return "A question about somebody who was erased"
    tool, args = call["tool"], call["args"]
    for_whom = f" for {who}" if who else ""
    match tool:
        case "create_offer" if isinstance(args.get("discount_bp"), int):
            return f"{percent(args['discount_bp'])} off{for_whom}"
        case "send_email":
            return f"An e-mail{for_whom}"
        case "send_sms":
            return f"A text message{for_whom}"
        case "create_ticket":
            return f"A ticket{for_whom}"
        case "suppress_customer":
            return f"Stop contact{' with ' + who if who else ''}"
        case "escalate":
            return f"People take over{for_whom}"
    return f"{tool.replace('_', ' ').capitalize()}{for_whom}"


def what_of(question: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The call's arguments, name and value, as people read them."""
    found = []
    for name, value in (question["call"] or {}).get("args", {}).items():
        if value in (None, "", {}, []) or name == "slots":
            continue
        plain = name.removesuffix("_bp").replace("_", " ")
        shown = percent(value) if name.endswith("_bp") and isinstance(value, int) else str(value)
        if name.endswith("_until"):
            shown = _instant(shown)
        for unit, word in _UNITS:
            if name.endswith(unit) and isinstance(value, int):
                plain, shown = plain.removesuffix(unit.replace("_", " ")), counted(value, word)
        found.append((plain[:1].upper() + plain[1:], shown))
    return found


def cost_of(question: Mapping[str, Any]) -> tuple[str, list[str]]:
    """What it costs, and lines that put the figure in its place."""
    minor, currency = question["amount_minor"], question["currency"]
    if minor is None:
        return "Nothing", ["no money is promised by this step"]
    notes = []
    for name, value in question["facts"].items():
        if name.startswith("budget.") and name.endswith(".left_minor"):
            which = name.removeprefix("budget.").removesuffix(".left_minor").replace("_", " ")
            notes.append(f"of {money(value, currency)} left in the budget for {which}")
    for over in question["over_budget"]:
        which, more = over["budget"].replace("_", " "), money(over["amount_minor"], currency)
        notes.append(f"{more} more than is left of the budget for {which}: a signature raises it")
    for more in question["raised"]:
        which = more["budget"].replace("_", " ")
        notes.append(f"raised the budget for {which} by {money(more['amount_minor'], currency)}")
    after = question["facts"].get("margin.after_discount_bp")
    if isinstance(after, int):
        notes.append(f"{percent(after)} margin is left on the weakest item")
    return money(minor, currency), notes


def rules_of(question: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rules that ask, those first that demand the most."""
    asking = [f for f in question["fired"] if f["outcome"] == question["outcome"]]
    return asking + [f for f in question["fired"] if f["outcome"] == "review" and f not in asking]


def facts_of(question: Mapping[str, Any], fired: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a rule read, name and value in words."""
    return [
        _fact(name, value, question["currency"])
        for name, value in fired["facts"].items()
        if name not in _DULL
    ]


def evidence_of(question: Mapping[str, Any]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Facts, name and value in words: those that matter most for a person, and the rest.

    What the rules that ask have read stands with them.
    """
    facts, currency = question["facts"], question["currency"]
    read = {name for fired in rules_of(question) for name in fired["facts"]} | _DULL
    first = [n for n in _FIRST if n in facts and n not in read]
    rest = [n for n in sorted(facts) if n not in first and n not in read]
    return (
        [_fact(name, facts[name], currency) for name in first],
        [_fact(name, facts[name], currency) for name in rest],
    )


def whose(question: Mapping[str, Any], me: str) -> str:
    """For whom it is, where it is somebody's."""
    name = question["assignee"]
    return "" if name is None else "for you" if name == me else f"for {name}"


def asked_by(name: str) -> str:
    """Who asked, in words."""
    kind, _, rest = name.partition(":")
    return f"the agent {rest}" if kind == "agent" and rest else name


def time_left(due_at: int, now_us: int) -> str:
    """How long a question waits still."""
    minutes = (due_at - now_us) // _MINUTE_US
    if due_at <= now_us:
        return "lapsed"
    return "less than a minute left" if minutes < 1 else f"{span(minutes)} left"


def _instant(text: str) -> str:
    """An instant as people read it, with its zone; what is none stays as it is."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment(int(at.timestamp()) * 1_000_000, None) if at.tzinfo else text


def _fact(name: str, value: Any, currency: str | None) -> tuple[str, str]:
    named = name_of(name)
    said = value_of(name, value, currency)
    if name in NEVER and isinstance(value, int) and value < NEVER[name]:
        said = f"{counted(value, 'day') if '.days_' in name else span(value)} ago"
    return named[:1].upper() + named[1:], said
