"""The gold planner: does what each case file says is right. Where it fails, the case is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.planners.offer import usable_offer
from agent.planners.reading import call
from agent.planning import Proposal, Situation
from evals.case_files import Case, Golden

_SOFT = {"send": "prefer_email", "offer": "code_lately"}


class GoldPlanner:
    """Plays the gold calls of whichever case a cart belongs to, one a turn."""

    kind = "gold"
    model: str | None = None

    def __init__(self, cases: Iterable[Case]) -> None:
        self._gold: Mapping[str, tuple[tuple[Golden, ...], ...]] = {
            case.cart_id(cart): decisions for case in cases for cart, decisions in case.gold.items()
        }

    async def propose(self, situation: Situation) -> Proposal:
        """The next gold call; after the last one an end."""
        s = situation
        decisions = self._gold.get(str(s.context.get("cart", {}).get("id")), ())
        nth = int(s.journey["decisions"])
        calls = decisions[nth] if nth < len(decisions) else ()
        # A call that people answered stands in the steps twice, under one id.
        made = len({step.call_id for step in s.steps})
        if made < len(calls):
            return _proposed(s, calls[made])
        return _end(s, "the gold run has no more to do")


def _proposed(s: Situation, golden: Golden) -> Proposal:
    if golden.nothing is not None:
        return _end(s, golden.nothing)
    if golden.hold is not None:
        return _one(s, "escalate", {"reason": golden.hold}, golden)
    if golden.wait is not None:
        args = {"after_minutes": golden.wait, "because": "the gold run waits"}
        return _one(s, "check_back", args, golden)
    if golden.offer is not None:
        args = {"discount_bp": golden.offer, "valid_hours": 72}
        return _one(s, "create_offer", args, golden)
    return _one(s, f"send_{golden.send}", _letter(s, str(golden.send)), golden)


def _letter(s: Situation, channel: str) -> dict[str, Any]:
    made = usable_offer(s) if channel == "email" else None
    until = datetime.fromtimestamp(s.now_us / 1_000_000, UTC) + timedelta(hours=48)
    if made is not None:
        until = min(until, datetime.fromisoformat(made["expires_at"]))
    email = "cart_reminder" if made is None else "cart_reminder_offer"
    return {
        "message": email if channel == "email" else "cart_reminder_sms",
        "slots": {},
        "offer_id": None if made is None else made["offer_id"],
        "useful_until": until.isoformat(),
    }


def _one(s: Situation, tool: str, args: dict[str, Any], golden: Golden) -> Proposal:
    soft = _SOFT["offer" if tool == "create_offer" else "send"]
    overrides = {soft: golden.reason} if golden.reason else {}
    made = call(s, tool, args, "as the case says", confidence_bp=10_000, overrides=overrides)
    return Proposal("As the case says", (made,))


def _end(s: Situation, why: str) -> Proposal:
    outcome = {"because": why, "outcome": "declined"}
    return Proposal("End", (call(s, "finish", outcome, why, confidence_bp=10_000),))
