"""Why: a decision in the words of a marketer, "sent nothing" as fully as "sent".

One sentence first; then why, why not the rest, and what would have changed it. No ids and no field
names: facts with their values, and each rule's own `because`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agent.explain_flip import flip_lines, said_by
from agent.explain_words import (
    KINDS,
    TRIED,
    article,
    diverted_words,
    event_words,
    goal_words,
    in_outbox,
    mid,
    of_fired,
    reason_words,
    sentence,
    tried,
)
from agent.fact_words import CHANNELS, NOTHING_SAID, counted, moment, money, name_of, percent
from agent.planning import PLANNED_BY_OTHERS
from policies.obligations import NOT_BEFORE_US
from policies.pack import Pack
from tools.instants import microseconds

_CONSENT = {
    "granted": "agreed to",
    "denied": "said no to",
    "revoked": "took back their consent to",
    "absent": "never agreed to",
}
_REFUSED = {
    "deny": "was refused",
    "needs_reason": "would have needed a reason",
    "review": "needs an operator's look",
    "approval": "needs a person's signature",
}


def explain(decision: dict[str, Any], pack: Pack | None) -> dict[str, Any]:
    """The explanation of a projected decision. `pack`: what it was made under."""
    said = said_by(pack)
    summary = summary_of(decision, said)
    why, why_not = _why(decision), _why_not(decision, said)
    flip = flip_lines(decision, pack) if pack is not None else []
    parts = [summary, *(f"- {line}" for line in [*why, *why_not, *flip])]
    return {
        "id": decision["id"],
        "summary": summary,
        "why": why,
        "why_not": why_not,
        "flip": flip,
        "text": "\n".join(parts),
    }


def summary_of(d: dict[str, Any], called: Mapping[str, str] = NOTHING_SAID) -> str:
    """The one sentence that comes first."""
    reason = reason_words((d["outcome"] or {}).get("reason", ""))
    if d["status"] == "withheld":
        return sentence(f"Nothing was done and nothing of this person was read: {mid(reason)}")
    if d["status"] == "awaiting_approval":
        return _asked(d, called)
    contact = next((e for e in reversed(d["effects"]) if e["channel"]), None)
    if contact is not None:
        said = _of_contact(d, contact, reason)
        if said is not None:
            return said
    if any(e["kind"] == "escalation" for e in d["effects"]):
        return sentence(f"Nothing was sent, and people were asked to look: {mid(reason)}")
    if d["status"] == "failed":
        return "This decision could not be finished because of a fault of ours; nothing was sent."
    if d["status"] == "running":
        return "This decision is being made."
    return sentence(f"Nothing was sent: {mid(reason)}") if reason else "Nothing was sent."


def _of_contact(d: dict[str, Any], contact: dict[str, Any], reason: str) -> str | None:
    what = f"{article(CHANNELS.get(contact['channel'], contact['channel']))}{_with_offer(d)}"
    match contact["status"]:
        case "sent" if in_outbox(contact):
            why = diverted_words(contact["reason"], d["mode"])
            return sentence(f"{what} was written and lies in the outbox, because {why}")
        case "sent":
            return sentence(f"This person was sent {what}")
        case "scheduled":
            due = contact["not_before"]
            when = f"until {moment(due, d['zone'])}" if due else "until it may go out"
            return sentence(f"{what} is ready and waits {when}")
        case "cancelled" | "expired" | "preempted":
            why = mid(reason_words(contact["reason"] or "") or reason)
            return sentence(f"{what} was ready and did not go out: {why}")
        case "unknown":
            return sentence(
                f"{what} was handed over, and the channel does not know whether it came"
            )
        case "failed":
            why = f": {mid(contact['reason'])}" if contact["reason"] else ""
            return sentence(f"{what} did not go out: the channel did not take it{why}")
        case "claimed":
            return sentence(f"{what} is being handed over")
    return None


def _asked(d: dict[str, Any], said: Mapping[str, str]) -> str:
    step = next(
        (s for s in reversed(d["steps"]) if s["verdict"]["outcome"] in ("review", "approval")), None
    )
    if step is None:
        return "A person is asked first; until they answer, nothing happens."
    who = "an operator's look" if step["verdict"]["outcome"] == "review" else "a signature"
    why = mid(of_fired(step, said))
    return sentence(f"{tried(step)} waits for {who}, and nothing happens until then: {why}")


def _why(d: dict[str, Any]) -> list[str]:
    facts, lines = d["facts"], []
    events = event_words(d)
    if events:
        lines.append(events)
    if any(said.startswith(PLANNED_BY_OTHERS) for said in d.get("mishaps", ())):
        lines.append(
            "The model's answer could not be used, so the planner that needs no model took over."
        )
    if facts.get("cart_value_minor") is not None:
        goods = ", ".join(_goods(line) for line in facts.get("cart_lines", []))
        worth = money(facts["cart_value_minor"], facts.get("cart_currency"))
        lines.append(sentence(f"The cart is worth {worth}{': ' + goods if goods else ''}"))
    if facts.get("margin_bp") is not None:
        lines.append(sentence(f"Its lowest margin is {percent(facts['margin_bp'])}"))
    if facts:
        lines += _person(facts)
    lines += [f"We remember: “{memory['text']}”" for memory in d["memories"][:3]]
    for step in d["steps"]:
        tool = step["call"]["tool"]
        result = step["result"] or {}
        if result.get("confirmed"):
            came = step["reasoning"].partition(":")[0]
            lines.append(sentence(f"{came}; it was looked at again, and stays as it is"))
        if result.get("released") or result.get("looked_at_again"):
            continue
        if step["effect_id"] and tool in TRIED and step["reasoning"]:
            lines.append(sentence(f"Why {tried(step)}: {mid(step['reasoning'])}"))
        for rule, reason in step["overrides"].items():
            said = next((f["because"] for f in step["verdict"]["fired"] if f["rule"] == rule), None)
            if said is not None:
                lines.append(sentence(f"An exception was made from “{said}”: {mid(reason)}"))
    lines += [_quiet(d, e) for e in d["effects"] if e["channel"] and e["not_before"]]
    return list(dict.fromkeys(lines))


def _goods(line: dict[str, Any]) -> str:
    quantity = line["quantity"]
    return f"{quantity} × {line['name']}" if quantity is not None else str(line["name"])


def _person(facts: dict[str, Any]) -> list[str]:
    segment, orders = facts.get("segment"), facts.get("orders", 0)
    taken = facts.get("discounts_taken", 0)
    who = "a new customer" if segment == "new" else f"a {segment} customer" if segment else ""
    bought = counted(orders, "order")
    if orders:
        codes = "none" if not taken else "all" if taken == orders and orders > 1 else str(taken)
        bought += f", {codes} of them with a code" if orders > 1 else ""
        bought += (", with a code" if taken else ", without a code") if orders == 1 else ""
    first = f"This is {who} with {bought}" if who else f"This person has {bought}"
    lines = [sentence(first)]
    if facts.get("open_complaint"):
        lines.append("They have an open complaint.")
    consents = [
        f"{_CONSENT.get(state, state)} {CHANNELS.get(channel, channel)}s"
        for channel, state in facts.get("consents", {}).items()
    ]
    recent = facts.get("contacts_7_days", 0)
    if consents:
        lines.append(sentence(f"They {' and '.join(consents)}"))
    lines.append(
        "Nobody wrote to them in the last 7 days."
        if not recent
        else f"They were written to {_times(recent)} in the last 7 days."
    )
    return lines


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"


def _quiet(d: dict[str, Any], effect: dict[str, Any]) -> str:
    """Why a contact waits or waited: each rule's own words, whose clock, and how it is spread."""
    steps = [s for s in d["steps"] if any(f["kind"] == "quiet" for f in s["verdict"]["fired"])]
    verdict = steps[-1]["verdict"] if steps else {"fired": [], "obligations": {}}
    said = [f["because"] for f in verdict["fired"] if f["kind"] == "quiet"]
    hours = [
        s["result"]["held_because"]
        for s in d["steps"]
        if s["effect_id"] == effect["id"] and (s["result"] or {}).get("held_because")
    ]
    said += hours[-1:]
    because = "; ".join(map(mid, dict.fromkeys(said))) or "it may not go out yet"
    waited = "waits" if effect["status"] == "scheduled" else "waited"
    clock = "" if d["zone"] else "; no time zone is known, so it is quiet while it is so anywhere"
    first = verdict["obligations"].get(NOT_BEFORE_US)
    apart = not hours and isinstance(first, int) and first < effect["not_before"]
    spread = "; not everybody is written to in the same minute" if apart else ""
    until = moment(effect["not_before"], d["zone"])
    return sentence(f"It {waited} until {until}: {because}{clock}{spread}")


def _why_not(d: dict[str, Any], said: Mapping[str, str]) -> list[str]:
    lines: list[str] = []
    for step in d["steps"]:
        outcome = step["verdict"]["outcome"]
        if outcome not in _REFUSED or step["call"]["tool"] not in TRIED:
            continue
        if d["status"] == "awaiting_approval" and outcome in ("review", "approval"):
            continue  # the first sentence says it
        line = f"{tried(step)} {_REFUSED[outcome]}: {mid(of_fired(step, said))}"
        result = step["result"] or {}
        most, again = result.get("largest_allowed_bp"), result.get("possible_from")
        lines.append(
            sentence(line)
            + (f" At most {percent(most)} would have been possible." if most else "")
            + (f" It is possible again from {moment(_us(again), d['zone'])}." if again else "")
        )
    for answer in d["approvals"]:
        if answer["status"] in ("rejected", "lapsed", "approved", "edited", "responded"):
            lines.append(_answered(answer))
    for lost in d["losers"]:
        if lost["decision_id"] != d["id"]:  # of itself the first sentence says it
            again = moment(lost["look_again_at"], d["zone"])
            lines.append(
                f"Another message ({goal_words(lost['goal'])}) had to stand back, because this one "
                f"was worth more; it is looked at again on {again}."
            )
    for memory in d["withheld_memories"]:
        kind = KINDS.get(memory["kind"], memory["kind"].replace("_", " "))
        lines.append(sentence(f"A memory ({kind}) was left out: {memory['why']}"))
    again_at = (d["outcome"] or {}).get("look_again_at")
    if again_at:
        lines.append(sentence(f"It is looked at again on {moment(again_at, d['zone'])}"))
    for effect in d["effects"]:
        if effect["status"] == "unknown":
            lines.append("It is not sent again by itself: a person has to look whether it came.")
    return list(dict.fromkeys(lines))


def _us(at: str) -> int:
    return microseconds(datetime.fromisoformat(at))


def _answered(answer: dict[str, Any]) -> str:
    if answer["status"] == "lapsed":
        return "Nobody answered in time, and that means: not done."
    did = {"approved": "said yes", "edited": "changed it", "rejected": "said no"}
    reason = f": {mid(answer['reason'])}" if answer["reason"] else ""
    who = answer["by"] or "A person"
    return sentence(f"{who} {did.get(answer['status'], 'answered')}{reason}")


def _with_offer(d: dict[str, Any]) -> str:
    """What discount the message carries, if any."""
    carried = {s["call"]["args"].get("offer_id") for s in d["steps"] if s["effect_id"]} - {None}
    made = [
        s["result"]["discount_bp"]
        for s in d["steps"]
        if s["call"]["tool"] == "create_offer" and "discount_bp" in (s["result"] or {})
    ]
    if carried:
        return f" with {percent(made[-1])} off" if made else " with an earlier offer"
    marketing = any(s["facts"].get("action.class") == "marketing" for s in d["steps"])
    return " without a discount" if marketing else ""


__all__ = ["explain", "name_of", "summary_of"]
