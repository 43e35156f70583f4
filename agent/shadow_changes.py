"""How a draft's answer differs from the recorded one: the kind of change, the rules behind it."""

from __future__ import annotations

from enum import StrEnum

from agent.shadow import Again, Spoke
from policies.obligations import CAP_DISCOUNT_BP, NOT_BEFORE_US
from policies.verdict import Outcome

_ASKS = (Outcome.REVIEW, Outcome.APPROVAL)


class Change(StrEnum):
    """What becomes of a call that the draft answers otherwise."""

    REFUSED = "refused"
    ALLOWED = "allowed"
    ASKS = "asks_a_person"
    ASKS_OTHER = "asks_somebody_else"
    ASKS_NOBODY = "asks_nobody"
    WANTS_REASON = "wants_a_reason"
    LATER = "later"
    EARLIER = "earlier"
    DISCOUNT = "discount_limit"
    OWES = "owes_otherwise"


SAYS = {
    Change.REFUSED: "newly refused",
    Change.ALLOWED: "newly allowed",
    Change.ASKS: "now asks a person",
    Change.ASKS_OTHER: "now asks another person",
    Change.ASKS_NOBODY: "no longer asks a person",
    Change.WANTS_REASON: "now wants a reason",
    Change.LATER: "later hour",
    Change.EARLIER: "earlier hour",
    Change.DISCOUNT: "other discount limit",
    Change.OWES: "other duties",
}
_BY_OBLIGATION = (Change.LATER, Change.EARLIER, Change.DISCOUNT, Change.OWES)


def change_of(again: Again) -> Change | None:
    """The kind of change; None where the call could not be decided again."""
    if again.answer is None:
        return None
    before, after = again.call.outcome, again.answer[0]
    if before is after:
        return _owed(again)
    if after is Outcome.DENY:
        return Change.REFUSED
    if after in _ASKS:
        return Change.ASKS_OTHER if before in _ASKS else Change.ASKS
    if after is Outcome.NEEDS_REASON:
        return Change.WANTS_REASON
    return Change.ASKS_NOBODY if before in _ASKS else Change.ALLOWED


def behind(again: Again) -> list[tuple[str, Spoke]]:
    """The rules that make the difference, each with the pack it stands in: `draft` or `then`.

    What makes it stricter stands in the draft; what made it stricter then, in the pack of then.
    """
    change = change_of(again)
    if change is None or again.answer is None:
        return []
    before, after = again.call.outcome, again.answer[0]
    if change in _BY_OBLIGATION:
        return _imposing(again)
    side, fired, outcome = (
        ("draft", again.fired, after)
        if after.rank > before.rank
        else ("then", again.call.fired, before)
    )
    return [(side, spoke) for spoke in fired if spoke.outcome == outcome]


def _owed(again: Again) -> Change:
    assert again.answer is not None
    then, now = again.call.owed, again.answer[1]
    hours = (then.get(NOT_BEFORE_US), now.get(NOT_BEFORE_US))
    if hours[0] != hours[1]:
        return Change.LATER if (hours[1] or 0) > (hours[0] or 0) else Change.EARLIER
    if then.get(CAP_DISCOUNT_BP) != now.get(CAP_DISCOUNT_BP):
        return Change.DISCOUNT
    return Change.OWES


def _imposing(again: Again) -> list[tuple[str, Spoke]]:
    """Rules that spoke on one side only; where the same did, those that may impose something."""
    sides = {"draft": again.fired, "then": again.call.fired}
    names = {side: {spoke.rule for spoke in fired} for side, fired in sides.items()}
    only = [
        (side, spoke)
        for side, other in (("draft", "then"), ("then", "draft"))
        for spoke in sides[side]
        if spoke.rule not in names[other] and spoke.outcome == Outcome.ALLOW
    ]
    imposing = ("quiet", "table", "hard")
    return only or [("draft", spoke) for spoke in again.fired if spoke.kind in imposing]
