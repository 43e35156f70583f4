"""Why: a decision in the words of a marketer, "sent nothing" as fully as "sent".

One sentence first; then why, why not the rest, and what would have changed it. No ids and no field
names: facts with their values, and each rule's own `because`.
"""

from __future__ import annotations

from typing import Any

from agent.fact_words import moment, money, name_of, percent, value_of
from agent.flip import flips
from policies.pack import Pack
from policies.verdict import FactValue

_SENDS = {"send_email": "an e-mail", "send_sms": "a text message"}
_TRIED = {
    **_SENDS,
    "create_offer": "a discount",
    "create_ticket": "a ticket",
    "escalate": "handing it to people",
    "suppress_customer": "stopping contact",
}


def summary_of(decision: dict[str, Any]) -> str:
    """The one sentence that comes first."""
    return _summary(decision)


def explain(decision: dict[str, Any], pack: Pack | None) -> dict[str, Any]:
    """The explanation of a projected decision. `pack`: the one it was made under, for the flip."""
    summary = _summary(decision)
    why, why_not = _why(decision), _why_not(decision)
    flip = _flip(decision, pack) if pack is not None else []
    text = "\n".join(
        [summary, *(f"- {line}" for line in why), *(f"- {line}" for line in why_not), *flip]
    )
    return {
        "id": decision["id"],
        "summary": summary,
        "why": why,
        "why_not": why_not,
        "flip": flip,
        "text": text,
    }


def _summary(d: dict[str, Any]) -> str:
    contact = next((e for e in d["effects"] if e["channel"]), None)
    reason = (d["outcome"] or {}).get("reason", "")
    kind = "e-mail" if contact and contact["channel"] == "email" else "text message"
    with_offer = _discount(d)
    extra = f" with {percent(with_offer)} off" if with_offer else ""
    if d["status"] == "withheld":
        return f"Nothing was done and nothing was read, because {reason}."
    if d["status"] == "awaiting_approval":
        return f"A person is asked first{_asked_about(d)}; until then nothing happens."
    if contact and contact["status"] == "sent":
        return f"This person got {_article(kind)}{extra}."
    if contact and contact["status"] == "scheduled":
        when = moment(contact["not_before"], d["zone"]) if contact["not_before"] else "later"
        return f"{_article(kind).capitalize()}{extra} is ready and waits until {when}."
    if contact and contact["status"] in ("cancelled", "expired", "preempted"):
        return f"{_article(kind).capitalize()}{extra} was ready and did not go out: {reason}."
    if contact and contact["status"] == "unknown":
        return f"{_article(kind).capitalize()}{extra} was handed over, but the channel lost it."
    if any(e["kind"] == "escalation" for e in d["effects"]):
        return f"Nothing was sent and people were asked to look: {reason}."
    if d["status"] == "failed":
        return f"This decision could not be finished: {reason}."
    return f"Nothing was sent: {reason}." if reason else "Nothing was sent."


def _why(d: dict[str, Any]) -> list[str]:
    facts, lines = d["facts"], []
    events = ", ".join(e["name"] for e in d["events"])
    if events:
        lines.append(f"It looked because of: {events}.")
    if facts.get("cart_value_minor") is not None:
        goods = ", ".join(
            f"{line['quantity']} × {line['name']}" for line in facts.get("cart_lines", [])
        )
        worth = money(facts["cart_value_minor"], facts.get("cart_currency"))
        lines.append(f"The cart is worth {worth}{': ' + goods if goods else ''}.")
    if facts.get("margin_bp") is not None:
        lines.append(f"Its lowest margin is {percent(facts['margin_bp'])}.")
    if facts:
        lines.append(_person(facts))
    for memory in d["memories"][:3]:
        lines.append(f"We remember: “{memory['text']}”")
    for step in d["steps"]:
        tool = step["call"]["tool"]
        if step["effect_id"] and tool in _TRIED and step["reasoning"]:
            lines.append(f"It chose {_TRIED[tool]}: {step['reasoning']}.")
        for rule, reason in step["overrides"].items():
            said = _because(step, rule)
            lines.append(f"An exception was made from “{said}”: {reason}.")
    for effect in d["effects"]:
        if effect["not_before"] and effect["status"] == "scheduled":
            lines.append(_quiet(d))
    return list(dict.fromkeys(lines))


def _why_not(d: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for step in d["steps"]:
        outcome, tool = step["verdict"]["outcome"], step["call"]["tool"]
        if outcome in ("allow",) or tool not in _TRIED:
            continue
        said = "; ".join(f["because"] for f in step["verdict"]["fired"] if f["outcome"] == outcome)
        what = _TRIED[tool]
        if tool == "create_offer" and "discount_bp" in step["call"]["args"]:
            what = f"{percent(step['call']['args']['discount_bp'])} off"
        word = {
            "deny": "was refused",
            "needs_reason": "would have needed a reason",
            "review": "needs an operator's look",
            "approval": "needs a person's signature",
        }[outcome]
        lines.append(f"{what[0].upper()}{what[1:]} {word}: {said}.")
    for lost in d["losers"]:
        again = moment(lost["look_again_at"], d["zone"])
        lines.append(
            f"{lost['goal'].replace('_', ' ').capitalize()} lost: {lost['reason']}; "
            f"it is looked at again {again}."
        )
    for memory in d["withheld_memories"]:
        lines.append(f"A {memory['kind']} was left out of account: {memory['why']}.")
    again_at = (d["outcome"] or {}).get("look_again_at")
    if again_at:
        lines.append(f"It is looked at again {moment(again_at, d['zone'])}.")
    return list(dict.fromkeys(lines))


def _flip(d: dict[str, Any], pack: Pack) -> list[str]:
    """What would have changed the decisive call: the last one refused or asked about, else sent."""
    effects = [s for s in d["steps"] if s["call"]["tool"] in _TRIED and s["facts"]]
    refused = [s for s in effects if s["verdict"]["outcome"] != "allow"]
    step = refused[-1] if refused else (effects[-1] if effects else None)
    if step is None:
        return []
    facts: dict[str, FactValue] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in step["facts"].items()
    }
    found = flips(pack, kind=step["kind"], facts=facts, overrides=step["overrides"])
    said = {
        "allow": "allowed",
        "deny": "refused",
        "needs_reason": "allowed with a reason only",
        "review": "put to an operator",
        "approval": "put to a person to sign",
    }
    what = _TRIED[step["call"]["tool"]]
    return [
        f"{what[0].upper()}{what[1:]} would have been {said[f.outcome]} if {name_of(f.fact)} were "
        f"{value_of(f.fact, f.value)} instead of {value_of(f.fact, facts[f.fact])}."
        for f in found
    ]


def _person(facts: dict[str, Any]) -> str:
    consents = ", ".join(
        f"{'text message' if c == 'sms' else 'e-mail'} {state}"
        for c, state in facts.get("consents", {}).items()
    )
    orders = facts.get("orders", 0)
    return (
        f"This person is {facts.get('segment', 'unknown')}, with {orders} "
        f"order{'' if orders == 1 else 's'} and {facts.get('discounts_taken', 0)} of them with a "
        f"code; consent: {consents}; contacts in 7 days: {facts.get('contacts_7_days', 0)}."
    )


def _quiet(d: dict[str, Any]) -> str:
    zone = d["zone"] or "every zone this person could be in"
    return f"It is quiet hours in {zone}, so it waits."


def _discount(d: dict[str, Any]) -> int | None:
    """The discount that a sent or queued message carries."""
    carried = any(s["effect_id"] and s["call"]["args"].get("offer_id") for s in d["steps"])
    made = [
        s["result"]["discount_bp"]
        for s in d["steps"]
        if s["call"]["tool"] == "create_offer" and s["result"] and "discount_bp" in s["result"]
    ]
    return made[-1] if carried and made else None


def _asked_about(d: dict[str, Any]) -> str:
    step = next(
        (s for s in reversed(d["steps"]) if s["verdict"]["outcome"] in ("review", "approval")), None
    )
    if step is None:
        return ""
    outcome = step["verdict"]["outcome"]
    said = "; ".join(f["because"] for f in step["verdict"]["fired"] if f["outcome"] == outcome)
    what = _TRIED.get(step["call"]["tool"], "this")
    if step["call"]["tool"] == "create_offer":
        what = f"{percent(step['call']['args']['discount_bp'])} off"
    return f" about {what}: {said[:1].lower()}{said[1:]}"


def _because(step: dict[str, Any], rule: str) -> str:
    return next((f["because"] for f in step["verdict"]["fired"] if f["rule"] == rule), rule)


def _article(kind: str) -> str:
    return f"an {kind}" if kind == "e-mail" else f"a {kind}"
