"""The rules planner: a campaign's steps, as the `rules` arm runs them, over the same tools.

It keeps no state of its own: where a journey stands follows from when it opened, what has been sent
or queued in it, and the facts of now. A wait that is not over is a check-back, and so is the wait
after a message; an event counts for the wait that it wakes. What the gate refuses ends the journey.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.planners.reading import LONGEST_REASON, answered, because, call, refusals
from agent.planning import Proposal, Situation
from prompts.rules import Branch, Exit, RulesFile, Send, Split, Step, Wait

_MINUTE_US = 60_000_000
_READS = ("get_profile", "get_inventory", "get_margin")
_SENDS = {"email": "send_email", "sms": "send_sms"}
_SURE = 10_000
#: The longest check-back there is, in minutes; a longer wait is looked at in between.
_LONGEST_WAIT = 43_200


class RulesPlanner:
    """Runs `NAME.rules.yaml` of the decision's agent. `channels`: message name → channel."""

    kind = "rules"
    model: str | None = None

    def __init__(self, rules: Mapping[str, RulesFile], channels: Mapping[str, str]) -> None:
        self._rules = rules
        self._channels = channels

    async def propose(self, situation: Situation) -> Proposal:
        """The next call of the journey's steps."""
        s = situation
        missing = [tool for tool in _READS if answered(s, tool) is None and not refusals(s, tool)]
        if missing:
            reads = (
                call(s, tool, {}, "the steps branch on it", confidence_bp=_SURE, k=k)
                for k, tool in enumerate(missing, 1)
            )
            return Proposal("Read the facts the steps ask for", tuple(reads))
        rules = self._rules.get(s.agent.name)
        if rules is None:
            return _end(s, "this agent has no rule-based journey")
        if not _lets_in(rules.re_entry.after_us, s.journey):
            return _end(s, "this customer has been through the journey and may not enter again yet")
        return self._walk(s, rules)

    def _walk(self, s: Situation, rules: RulesFile) -> Proposal:
        facts = _facts(s)
        elapsed = s.now_us - int(s.journey["opened_at"])
        sent = int(facts["journey.messages_sent"])
        steps = _taken(rules.steps, facts, s)
        for step in steps:
            if isinstance(step, Exit):
                return _end(s, step.because)
            if isinstance(step, Wait):
                elapsed -= 0 if step.until in s.wakes else step.longest_us
                if elapsed < 0:
                    return _wait(s, -elapsed)
            if isinstance(step, Send):
                if sent > 0:
                    sent -= 1
                    continue
                after = next(steps, None)
                left = after.longest_us - elapsed if isinstance(after, Wait) else None
                return self._send(s, step, left)
        return _end(s, "the journey is at its end")

    def _send(self, s: Situation, step: Send, left_us: int | None) -> Proposal:
        """The next call of this send. `left_us`: when after it the journey goes on, if it does."""
        channel = self._channels.get(step.message, "email")
        back = refusals(s, _SENDS[channel], "create_offer")
        if back:
            return _end(s, because(back[-1]))
        offer_id, until = None, _moment(s.now_us + step.useful_for_us)
        if step.offer is not None:
            made = answered(s, "create_offer")
            if made is None:
                args: dict[str, Any] = {
                    "discount_bp": step.offer.discount_bp,
                    "valid_hours": step.offer.valid_hours,
                }
                offer = call(s, "create_offer", args, "the step says so", confidence_bp=_SURE)
                return Proposal("Make the step's offer", (offer,))
            offer_id = made["offer_id"]
            until = min(until, datetime.fromisoformat(made["expires_at"]))
        args = {
            "message": step.message,
            "slots": dict(step.slots),
            "offer_id": offer_id,
            "useful_until": until.isoformat(),
        }
        send = call(s, _SENDS[channel], args, "the step says so", confidence_bp=_SURE)
        again = None if left_us is None else s.now_us + max(_MINUTE_US, left_us)
        return Proposal(f"Send {step.message.replace('_', ' ')}", (send,), look_again_at=again)


def _lets_in(after_us: int | None, journey: Mapping[str, Any]) -> bool:
    """Whether this journey may be gone through: the first, or so long after the last that was.

    What was not let in does not put off the next.
    """
    entered: int | None = None
    for at in journey.get("entries_before", ()):
        if entered is None or (after_us is not None and at - entered >= after_us):
            entered = at
    return entered is None or (after_us is not None and journey["opened_at"] - entered >= after_us)


def _taken(
    steps: tuple[Step, ...], facts: Mapping[str, Any], s: Situation
) -> Iterator[Wait | Send | Exit]:
    """The steps this customer meets, branches and splits taken."""
    for step in steps:
        does = step.does
        if isinstance(does, Branch):
            yield from _taken(does.taken(facts), facts, s)
        elif isinstance(does, Split):
            yield from _taken(does.way(str(s.journey["id"])).steps, facts, s)
        elif isinstance(does, Wait):
            yield does
            met = does.until is not None and does.until in s.wakes
            yield from _taken(does.met if met else does.missed, facts, s)
        else:
            yield does


def _facts(s: Situation) -> dict[str, Any]:
    person = answered(s, "get_profile") or {}
    stock, margin = answered(s, "get_inventory") or {}, answered(s, "get_margin") or {}
    channels = person.get("channels", {})
    facts: dict[str, Any] = {
        "customer.segment": person.get("segment"),
        "customer.orders": person.get("orders"),
        "customer.revenue_minor": person.get("revenue_minor"),
        "customer.discounts_taken": person.get("discounts_taken"),
        "customer.preferred_channel": person.get("preferred_channel"),
        "customer.language": s.profile["language"],
        "customer.open_complaint": person.get("open_complaint"),
        "cart.value_minor": margin.get("value_minor"),
        "cart.currency": margin.get("currency"),
        "cart.lines": len(stock.get("lines", ())),
        "cart.in_stock": stock.get("all_in_stock"),
        "cart.worst_margin_bp": margin.get("worst_bp"),
        "journey.messages_sent": sum(c["this_journey"] for c in s.contacts)
        + int(s.journey["queued_contacts"]),
    }
    for channel in _SENDS:
        facts[f"customer.has_{channel}"] = channels.get(channel, {}).get("address")
        facts[f"customer.{channel}_consent"] = channels.get(channel, {}).get("consent")
    return {name: value for name, value in facts.items() if value is not None}


def _wait(s: Situation, left_us: int) -> Proposal:
    minutes = min(_LONGEST_WAIT, max(1, -(-left_us // _MINUTE_US)))
    args = {"after_minutes": minutes, "because": "the step waits"}
    return Proposal("Wait", (call(s, "check_back", args, "the step waits", confidence_bp=_SURE),))


def _end(s: Situation, why: str) -> Proposal:
    args = {"because": why[:LONGEST_REASON], "outcome": "done"}
    return Proposal("Exit", (call(s, "finish", args, why, confidence_bp=_SURE),))


def _moment(at_us: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=at_us)
