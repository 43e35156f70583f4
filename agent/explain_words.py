"""The small words of explanations: what was tried, what happened, how a reason is put."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from agent.fact_words import NOTHING_SAID, name_of, percent
from tools.channels.routing import DIVERTED

SENDS = {"send_email": "an e-mail", "send_sms": "a text message"}
#: What was tried, by tool: only what touches somebody is worth a line.
TRIED = {
    **SENDS,
    "create_offer": "a discount",
    "create_ticket": "a ticket for a team",
    "escalate": "handing it to people",
    "suppress_customer": "stopping contact",
}
KINDS = {
    "complaint": "a complaint",
    "reply": "a reply",
    "send": "an earlier message",
    "ignored": "a message that nothing came back on",
    "bought": "an order after a message",
    "redeemed": "a code that was used",
    "unsubscribed": "an opt-out",
    "rejected": "a person's no",
}
_CHANGED = re.compile(r"^changed by (.+)$")
_BARRED = re.compile(r"^this person is (suppressed|erased|merged)$")
_BARRED_SAID = {
    "suppressed": "contact with this person has been stopped",
    "erased": "this person was erased",
    "merged": "this person is known under another profile now",
}
_SAID = {
    "it was no longer of use": "it was of no use any more",
    "its time ran out": "the time for it ran out",
    "no end was found in time": "the planner came to no end in the turns it has",
    "the planner proposed the same call again": "the planner asked for the same thing twice",
}


def sentence(text: str) -> str:
    """The text with a capital first and a full stop last."""
    text = text.strip()
    return ends(text[:1].upper() + text[1:])


def ends(text: str) -> str:
    """The text with one full stop at its end, unless it ends in another mark."""
    return text if text.endswith((".", "!", "?", ".”", "!”", "?”")) else f"{text}."


def mid(text: str) -> str:
    """The text as it reads in the middle of a sentence: no capital first, no full stop last."""
    text = text.strip().removesuffix(".")
    acronym = len(text) > 1 and text[1].isupper()
    return text if acronym else text[:1].lower() + text[1:]


def article(thing: str) -> str:
    """The thing with `a` or `an`."""
    return f"{'an' if thing[:1] in 'aeiou' else 'a'} {thing}"


def goal_words(goal: str) -> str:
    """A goal as people say it: `recover_cart` → `recover cart`."""
    return goal.replace("_", " ")


def tried(step: dict[str, Any]) -> str:
    """What a call would do: `an e-mail`, `10 % off`."""
    discount = step["call"]["args"].get("discount_bp")
    if step["call"]["tool"] == "create_offer" and isinstance(discount, int):
        return f"{percent(discount)} off"
    return TRIED.get(step["call"]["tool"], "this")


def of_fired(step: dict[str, Any], said_of: Mapping[str, str] = NOTHING_SAID) -> str:
    """Why the gate answered as it did: each decisive rule's own words; what is unknown, named."""
    outcome = step["verdict"]["outcome"]
    said = []
    for fired in step["verdict"]["fired"]:
        if fired["outcome"] != outcome:
            continue
        if fired["rule"].startswith("missing:"):
            fact = name_of(fired["rule"].removeprefix("missing:"), said_of)
            said.append(f"we do not know {fact}, and what is not known is never assumed")
        elif fired["rule"] == "malformed_call":
            said.append("what the planner asked for cannot be done as it stands")
        else:
            said.append(fired["because"])
    return "; ".join(mid(s) if k else s for k, s in enumerate(dict.fromkeys(said)))


def in_outbox(effect: dict[str, Any]) -> bool:
    """Whether a letter that counts as sent went no further than our own outbox."""
    return str(effect["provider_id"] or "").startswith("outbox:")


def diverted_words(reason: str | None, mode: str) -> str:
    """Why a letter lies in the outbox, where this person does not get it."""
    if reason == DIVERTED:
        return "only named addresses are written to here, and this is none of them"
    return "this agent is in the sandbox" if mode == "sandbox" else "no other way out is set"


def reason_words(reason: str) -> str:
    """A decision's or an effect's reason for people."""
    if found := _BARRED.match(reason):
        return _BARRED_SAID[found[1]]
    if found := _CHANGED.match(reason):
        if found[1] == "Order Completed":
            return "this person bought in the meantime"
        return f"“{found[1]}” came in meanwhile, and that ends it"
    reason = reason.removeprefix("held back: ")
    return _SAID.get(reason, reason)


def event_words(d: dict[str, Any]) -> str | None:
    """What it was looked at for."""
    names = list(dict.fromkeys(e["name"] for e in d["events"]))
    came = [f"“{n}”" for n in names if n != "trigger"]
    parts = []
    if "trigger" in names:
        parts.append(f"somebody asked for it ({goal_words(d['goal'])})")
    if came:
        parts.append(f"{' and '.join(came)} came in")
    if d["woken_by"]:
        parts.append("it was time to look again")
    return sentence(", and ".join(parts)) if parts else None
