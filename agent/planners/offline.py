"""The offline planner: a procedure one can read, over the same tools, gate and journal as a model.

Look (profile, stock, margin, offers, memory). Is there a reason to leave this person alone? Is a
discount needed at all, and which? Which channel, which message? One contact, or an honest end. An
event that no file names is for people: hold what is planned and escalate.

Confidence is the share of needed facts that are known: segment, stock, margin, zone, consent.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from agent.fact_words import CHANNELS, percent
from agent.planners import offer as offers
from agent.planners.reading import (
    HOUR_US,
    LONGEST_REASON,
    answered,
    because,
    call,
    offered,
    refusals,
    since_the_news,
)
from agent.planners.words import opening
from agent.planning import Proposal, ProposedCall, Situation

READS: tuple[tuple[str, str], ...] = (
    ("get_profile", "who this is and how they may be reached"),
    ("get_inventory", "whether what they left is in stock"),
    ("get_margin", "what the cart is worth to us"),
    ("get_offer_history", "whether they had codes before"),
)
SENDS = {"email": "send_email", "sms": "send_sms"}
MESSAGES = {
    ("email", True): "cart_reminder_offer",
    ("email", False): "cart_reminder",
    ("sms", False): "cart_reminder_sms",
}
USEFUL_HOURS = 48
_LONGEST_NAME = 60


class OfflinePlanner:
    """Deterministic; needs no key and no network."""

    kind = "offline"
    model: str | None = None

    async def propose(self, situation: Situation) -> Proposal:
        """The next calls in this situation."""
        for stage in (_unheard_of, _look, _leave_alone, _ask_for_offer, _contact):
            proposal = stage(situation)
            if proposal is not None:
                return proposal
        return _finish(situation, "declined", _why_nothing(situation))


def confidence(s: Situation) -> int:
    """Share of the needed facts that are known, in basis points."""
    person = answered(s, "get_profile") or s.profile
    stock, margin = answered(s, "get_inventory"), answered(s, "get_margin")
    known = (
        bool(person.get("segment")),
        bool(stock and all(line["stock"] is not None for line in stock["lines"])),
        bool(margin and margin["worst_bp"] is not None),
        s.zone is not None,
        "granted" in s.profile["consents"].values(),
    )
    return 10_000 * sum(known) // len(known)


def _unheard_of(s: Situation) -> Proposal | None:
    """Something happened that no file names: hold, and hand it to people."""
    if not s.unknown_events:
        return None
    names = _names(s)
    if answered(s, "escalate") is not None or refusals(s, "escalate"):
        return _finish(s, "held", f"{names} came in, which no file of ours names, so people decide")
    reason = f"{names} came in, which no file of ours names; contact is held until somebody looked"
    return _one(s, "Hold the contact and ask people", "escalate", {"reason": reason}, reason)


def _names(s: Situation) -> str:
    """The unheard-of events by name, on one line and no longer than a reason may be."""
    names = list(dict.fromkeys(" ".join(str(e["name"]).split()) for e in s.unknown_events))
    said = " and ".join(f"“{name[:_LONGEST_NAME]}”" for name in names[:2])
    return said if len(names) <= 2 else f"{said} and {len(names) - 2} more"


def _look(s: Situation) -> Proposal | None:
    """Everything that is cheap to know, asked together; again when the world moved meanwhile."""
    asked = {step.tool for step in since_the_news(s)}
    missing = [(t, why) for t, why in READS if t not in asked and offered(s, t)]
    calls = [
        call(s, tool, {}, why, confidence_bp=confidence(s), k=k)
        for k, (tool, why) in enumerate(missing, 1)
    ]
    if s.memories and "recall_memory" not in asked and offered(s, "recall_memory"):
        question = {"query": "complaints, replies and wishes about orders and contact"}
        calls.append(
            call(
                s,
                "recall_memory",
                question,
                "what they told us before",
                confidence_bp=confidence(s),
                k=len(calls) + 1,
            )
        )
    return Proposal("Look at the person, the stock and the margin", tuple(calls)) if calls else None


def _leave_alone(s: Situation) -> Proposal | None:
    """Good reasons not to write."""
    person, stock = answered(s, "get_profile"), answered(s, "get_inventory")
    if person is None:
        return _finish(s, "declined", "the profile could not be read")
    if person["open_complaint"] or s.profile["open_complaint"]:
        return _finish(s, "declined", "a complaint is open: first it is answered, then we sell")
    since = person["days_since_last_order"]
    if since is not None and since < 1:
        return _finish(s, "declined", "this person bought within the last day")
    recent = [
        c
        for c in s.contacts
        if c["this_journey"] and c["at"] > s.now_us - 24 * HOUR_US and c["class"] == "marketing"
    ]
    if recent:
        return _finish(s, "nothing_to_do", "this cart was written about within the last day")
    if not _channels(s):
        return _finish(s, "declined", _why_nothing(s))
    if stock is not None and stock["lines"] and not stock["all_in_stock"]:
        return _no_stock(s, stock)
    return None


def _no_stock(s: Situation, stock: dict[str, Any]) -> Proposal:
    """What cannot be delivered is not advertised: look once more tomorrow, then let it be."""
    unknown = any(line["stock"] is None for line in stock["lines"])
    why = (
        "nobody knows whether the cart is in stock"
        if unknown
        else "part of the cart is out of stock"
    )
    if s.journey["decisions"] == 0 and offered(s, "check_back") and not refusals(s, "check_back"):
        args = {"after_minutes": 1_440, "because": why}
        return _one(s, "Wait for stock", "check_back", args, why)
    return _finish(s, "declined", f"{why}, as it was before" if s.journey["decisions"] else why)


def _ask_for_offer(s: Situation) -> Proposal | None:
    """A discount, where one is needed and a message could carry it."""
    carried = _next_channel(s) == "email" and MESSAGES["email", True] in s.agent.messages
    carried = carried and _again(s) is None
    want = offers.wanted(s) if carried and offered(s, "create_offer") else None
    if want is None:
        return None
    args = {"discount_bp": want.discount_bp, "valid_hours": offers.VALID_HOURS}
    asked = call(
        s,
        "create_offer",
        args,
        want.reasoning,
        confidence_bp=confidence(s),
        overrides=want.overrides,
    )
    return Proposal(f"Make an offer of {percent(want.discount_bp)}", (asked,))


def _contact(s: Situation) -> Proposal | None:
    """One message, on the channel they prefer among those they agreed to."""
    again = _again(s)
    if again is not None:
        return again
    channel = _next_channel(s)
    if channel is None:
        return None
    said = CHANNELS[channel]
    return Proposal(f"Write to this person by {said}", (_send(s, channel),))


def _next_channel(s: Situation) -> str | None:
    """The first channel that is open, has a message of ours and has not come back."""
    tried = {step.tool for step in refusals(s, *SENDS.values())}
    return next(
        (
            channel
            for channel in _channels(s)
            if SENDS[channel] not in tried and MESSAGES[channel, False] in s.agent.messages
        ),
        None,
    )


def _again(s: Situation) -> Proposal | None:
    """What came back for a reason, once more with an honest one; None where there is none."""
    back = refusals(s, *SENDS.values())
    if not back or back[-1].outcome != "needs_reason":
        return None
    last = back[-1]
    if any(step.outcome == "needs_reason" for step in back[:-1]):
        return None
    if s.profile["preferred_channel"] == "sms" and last.tool == SENDS["sms"]:
        reason = "they told us that they prefer text messages"
    elif [SENDS[channel] for channel in _channels(s)] == [last.tool]:
        reason = "it is the only channel they agreed to"
    else:
        return None
    overrides = {fired["rule"]: reason for fired in last.fired}
    again = call(
        s,
        last.tool,
        last.args,
        reason,
        confidence_bp=confidence(s),
        overrides=overrides,
    )
    return Proposal("Say why the exception is right", (again,))


def _channels(s: Situation) -> list[str]:
    open_ones = [
        channel
        for channel in ("email", "sms")
        if s.profile["addresses"][channel]
        and s.profile["consents"][channel] == "granted"
        and offered(s, SENDS[channel])
    ]
    preferred = s.profile["preferred_channel"]
    return sorted(open_ones, key=lambda channel: channel != preferred)


def _send(s: Situation, channel: str) -> ProposedCall:
    can_offer = channel == "email" and MESSAGES[channel, True] in s.agent.messages
    made = offers.usable_offer(s) if can_offer else None
    useful = _moment(s.now_us) + timedelta(hours=USEFUL_HOURS)
    if made is not None:
        useful = min(useful, datetime.fromisoformat(made["expires_at"]))
    slots: dict[str, str] = {}
    if channel == "email":
        words = opening(s.profile["language"], key=s.journey["id"], with_offer=made is not None)
        slots = {"opening": words} if words else {}
    args: dict[str, Any] = {
        "message": MESSAGES[channel, made is not None],
        "slots": slots,
        "offer_id": made["offer_id"] if made is not None else None,
        "useful_until": useful.isoformat(),
    }
    why = offers.why_none(s)
    if made is not None:
        why = f"a reminder that carries the {percent(made['discount_bp'])} this person may have"
    return call(s, SENDS[channel], args, why, confidence_bp=confidence(s))


def _why_nothing(s: Situation) -> str:
    back = refusals(s, *SENDS.values())
    if back:
        return because(back[-1])
    if not any(s.profile["addresses"].values()):
        return "we know no address of this person"
    return "there is no channel with an address and this person's consent"


def _finish(s: Situation, outcome: str, why: str) -> Proposal:
    why = why[:LONGEST_REASON]
    return _one(s, "Come to an end", "finish", {"because": why, "outcome": outcome}, why)


def _one(s: Situation, plan: str, tool: str, args: dict[str, Any], why: str) -> Proposal:
    return Proposal(plan, (call(s, tool, args, why, confidence_bp=confidence(s)),))


def _moment(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us / 1_000_000, UTC)
