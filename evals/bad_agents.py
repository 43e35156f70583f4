"""Two agents that must come out worse than any sensible one, or the measure measures nothing.

The gate stands before both as before every planner.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from agent.planners.offer import usable_offer
from agent.planners.reading import HOUR_US, call, offered, refusals
from agent.planning import Proposal, ProposedCall, Situation

_SENDS = {"email": "send_email", "sms": "send_sms"}
_LARGEST_BP = 2_000
_MOST_TRIES = 3
_REASON = "everybody likes to hear from us"


class DoNothing:
    """Leaves everybody alone."""

    kind = "do_nothing"
    model: str | None = None

    async def propose(self, situation: Situation) -> Proposal:
        """An end."""
        args = {"because": "nothing is ever done", "outcome": "nothing_to_do"}
        return Proposal("Do nothing", (_call(situation, "finish", args),))


class SendAlways:
    """Asks for the largest discount, writes by every channel in turn, and comes back every day.

    Every exception gets a reason, and the same one; what happened does not matter to it.
    """

    kind = "send_always"
    model: str | None = None

    async def propose(self, situation: Situation) -> Proposal:
        """The next thing to press on somebody."""
        s = situation
        proposal = self._offer(s) or self._send(s)
        if proposal is not None:
            return proposal
        args = {"after_minutes": 1_440, "because": "tomorrow is another day"}
        return Proposal("Come back", (_call(s, "check_back", args),))

    def _offer(self, s: Situation) -> Proposal | None:
        back = refusals(s, "create_offer")
        if usable_offer(s) is not None or len(back) >= _MOST_TRIES:
            return None
        if not offered(s, "create_offer"):
            return None
        wanted, overrides = _LARGEST_BP, {}
        if back:
            wanted = int(back[-1].args["discount_bp"])
            largest = (back[-1].result or {}).get("largest_allowed_bp")
            if back[-1].outcome == "needs_reason":
                overrides = dict.fromkeys((f["rule"] for f in back[-1].fired), _REASON)
            elif isinstance(largest, int) and 0 < largest < wanted:
                wanted = largest
            else:
                return None
        args = {"discount_bp": wanted, "valid_hours": 720}
        return Proposal("As much as there is", (_call(s, "create_offer", args, overrides),))

    def _send(self, s: Situation) -> Proposal | None:
        sent = sum(bool(c["this_journey"]) for c in s.contacts) + int(s.journey["queued_contacts"])
        turn = [*_SENDS][sent % 2 :] + [*_SENDS][: sent % 2]
        for channel in turn:
            if not s.profile["addresses"][channel] or not offered(s, _SENDS[channel]):
                continue
            back = refusals(s, _SENDS[channel])
            if len(back) >= 2 or (back and back[-1].outcome != "needs_reason"):
                continue
            reasons = dict.fromkeys((f["rule"] for f in back[-1].fired), _REASON) if back else {}
            send = _call(s, _SENDS[channel], self._args(s, channel), reasons)
            tomorrow = s.now_us + 24 * HOUR_US
            return Proposal("Write, as always", (send,), look_again_at=tomorrow)
        return None

    def _args(self, s: Situation, channel: str) -> dict[str, Any]:
        made = usable_offer(s) if channel == "email" else None
        until = _moment(s.now_us) + timedelta(hours=48)
        if made is not None:
            until = min(until, datetime.fromisoformat(made["expires_at"]))
        email = "cart_reminder" if made is None else "cart_reminder_offer"
        return {
            "message": email if channel == "email" else "cart_reminder_sms",
            "slots": {},
            "offer_id": None if made is None else made["offer_id"],
            "useful_until": until.isoformat(),
        }


def _call(
    s: Situation, tool: str, args: dict[str, Any], overrides: dict[str, str] | None = None
) -> ProposedCall:
    return call(s, tool, args, _REASON, confidence_bp=10_000, overrides=overrides)


def _moment(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us / 1_000_000, UTC)
