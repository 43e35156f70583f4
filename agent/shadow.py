"""Shadow: recorded calls decided again under a draft, from their recorded facts, all in memory.

Pure: nothing is read, written or counted anywhere, and no model is asked. Each call is decided on
the facts of then, except for what the draft itself would have changed of them: contacts in caps and
money in budgets (`agent.shadow_counting`). A call that was looked at more than once counts once, by
its newest verdict; where it became an effect, a draft that refuses it at any of these looks refuses
it, and one that lets it leave sooner does not look again. What cannot be decided again, because a
fact was not recorded then, is named and never passed over as the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from policies.limits import NOW
from policies.obligations import NOT_BEFORE_US
from policies.pack import Pack
from policies.verdict import FactValue, FiredKind, Outcome

Answer: TypeAlias = tuple[Outcome, Mapping[str, Any]]
_LISTED = "action.tool_listed"


@dataclass(frozen=True, slots=True)
class Spoke:
    """A rule that fired: its reason, which part of the pack it is of, what it alone asked for."""

    rule: str
    because: str
    kind: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded look at a call. `call` names the call within its decision.

    `matter`: what its journey is about (one cart, one flight), as the ledger knows it.

    `pack`: the digest of the pack that decided it. `stopped`: it was denied before any pack was
    asked, and would be under every other.
    """

    decision_id: str
    customer_id: str
    at: int
    call: str
    kind: str
    facts: Mapping[str, FactValue]
    overrides: Mapping[str, str]
    outcome: Outcome
    owed: Mapping[str, Any]
    fired: tuple[Spoke, ...]
    pack: str
    engine: str
    effect_id: str | None = None
    goal: str = ""
    journey_id: str = ""
    matter: str | None = None
    shadowed: bool = False
    stopped: bool = False

    @property
    def missing(self) -> frozenset[str]:
        """Facts that were not known then either."""
        return frozenset(
            spoke.rule.removeprefix("missing:")
            for spoke in self.fired
            if spoke.kind == FiredKind.MISSING
        )


@dataclass(frozen=True, slots=True)
class Again:
    """A call with the recorded verdict that counts and what the draft answers instead.

    `fired`: the rules that speak under the draft. `unknown`: facts that the draft needs and
    nobody wrote down; then there is no answer.
    """

    call: Recorded
    answer: Answer | None
    fired: tuple[Spoke, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shadowed:
    """The draft, what was gone through, and how many calls that was.

    `otherwise`: calls that come out otherwise, or that could not be decided again (their answer is
    None), in the order of their first look. All others come out the same.
    """

    draft: Pack
    looks: Sequence[Recorded]
    calls: int
    otherwise: tuple[Again, ...]


class Counting(Protocol):
    """What stands otherwise under the draft than it was recorded (`agent.shadow_counting`)."""

    def facts(self, look: Recorded, *, arrives_at: int | None = None) -> Mapping[str, FactValue]:
        """The facts of a look; `arrives_at`: when the draft would let the message leave."""

    def decided(self, look: Recorded, answer: Answer | None) -> None:
        """The draft has answered a look."""

    def passed(self, look: Recorded) -> None:
        """A look that changes nothing: the same answer, or one that would not have been."""


def shadow(looks: Sequence[Recorded], draft: Pack, *, counting: Counting | None = None) -> Shadowed:
    """Decide every recorded look again, oldest first.

    Without `counting`, caps and budgets are taken as they were recorded, and a limit that is new
    in the draft cannot be decided.
    """
    # Nearly all come out the same, and of those nothing is kept: what is kept costs more than what
    # is decided.
    outlooks = {kind: draft.outlook(kind) for kind in {look.kind for look in looks}}
    seen: set[str] = set()
    asked: dict[str, _Asked] = {}
    for look in looks:
        seen.add(look.call)
        one = asked.get(look.call)
        if one is None:
            if look.stopped:
                continue
            facts = look.facts if counting is None else counting.facts(look)
            outlook = outlooks[look.kind]
            answer = None if outlook is None else outlook(facts, "", look.overrides)
            if answer is not None and answer[0] is look.outcome and answer[1] == look.owed:
                if counting is not None and look.effect_id is not None:
                    counting.passed(look)
                continue
            one = asked[look.call] = _Asked(look)
        one.see(look, draft, counting)
    found = [again for one in asked.values() if (again := one.again(draft)) is not None]
    return Shadowed(draft, looks, len(seen), tuple(found))


class _Asked:
    """One call while its looks are gone through. `at` is the look that the answer is from.

    `timed`: the first look at which it was an effect and the draft gave it another hour.
    """

    __slots__ = ("answer", "at", "facts", "newest", "refused", "timed", "unknown")

    def __init__(self, look: Recorded) -> None:
        self.newest = self.at = look
        self.facts = look.facts
        self.answer: Answer | None = None
        self.unknown: tuple[str, ...] = ()
        self.refused = False
        self.timed: tuple[Recorded, Mapping[str, FactValue], Answer] | None = None

    def see(self, look: Recorded, draft: Pack, counting: Counting | None) -> None:
        """Take one more look into account."""
        self.newest = look
        if self.refused or (self.timed is not None and self._left_by(look)):
            if counting is not None:
                counting.passed(look)
            return
        if look.stopped:
            self.at, self.answer, self.unknown = look, (look.outcome, look.owed), ()
            return
        facts = look.facts if counting is None else counting.facts(look)
        answer, unknown = _decide(look, facts, draft)
        if answer is not None and answer[1] != look.owed:
            hour = _hour(answer[1])
            if hour != _hour(look.owed):
                if counting is not None:
                    # As in the gate: caps are counted as they stand when the message leaves.
                    facts = counting.facts(look, arrives_at=hour or decided_at(look))
                    answer, unknown = _decide(look, facts, draft)
                if self.timed is None and answer is not None and _both_let_go(look, answer):
                    self.timed = (look, facts, answer)
        self.at, self.facts, self.answer, self.unknown = look, facts, answer, unknown
        if answer is not None and answer[0] is Outcome.DENY and look.effect_id is not None:
            self.refused = True
        if counting is not None:
            counting.decided(look, answer)

    def again(self, draft: Pack) -> Again | None:
        """The call with the draft's answer and its reasons; None where it comes out the same."""
        call, at, facts, answer = self.newest, self.at, self.facts, self.answer
        if answer is None:
            return Again(call, None, unknown=self.unknown)
        if _alike(call, answer):
            if self.timed is None:
                return None
            call, facts, answer = self.timed
            at = call
        verdict = draft.decide(at.kind, facts, call_digest="", overrides=at.overrides)
        fired = tuple([Spoke(f.rule, f.because, f.kind, f.outcome) for f in verdict.fired])
        return Again(call, answer, fired)

    def _left_by(self, look: Recorded) -> bool:
        """Whether the draft had let it leave before it was looked at again."""
        if self.answer is None or self.answer[0] is not Outcome.ALLOW:
            return False
        hour = _hour(self.answer[1])
        return (decided_at(self.at) if hour is None else hour) <= decided_at(look)


def _decide(
    look: Recorded, facts: Mapping[str, FactValue], draft: Pack
) -> tuple[Answer | None, tuple[str, ...]]:
    if facts.get(_LISTED) is False:  # the gate denies this whatever a pack says
        return (Outcome.DENY, look.owed), ()
    outlook = draft.outlook(look.kind)
    answer = outlook(facts, "", look.overrides) if outlook is not None else None
    if answer is not None:
        return answer, ()
    verdict = draft.decide(look.kind, facts, call_digest="", overrides=look.overrides)
    unknown = {n for n in verdict.missing if n not in facts} - look.missing
    # Whatever a fact nobody wrote down would have been, another denial stands.
    sure = any(
        fired.outcome is Outcome.DENY and fired.rule.removeprefix("missing:") not in unknown
        for fired in verdict.fired
    )
    if unknown and not sure:
        return None, tuple(sorted(unknown))
    return (verdict.outcome, verdict.obligations), ()


def decided_at(look: Recorded) -> int:
    """When a look was: the time that the gate read, or that of its entry."""
    now = look.facts.get(NOW)
    return now if type(now) is int else look.at


def _hour(owed: Mapping[str, Any]) -> int | None:
    hour = owed.get(NOT_BEFORE_US)
    return hour if type(hour) is int else None


def _both_let_go(look: Recorded, answer: Answer) -> bool:
    """Whether an effect was to leave then, and is under the draft, at another hour."""
    return (
        look.effect_id is not None
        and look.outcome is answer[0] is Outcome.ALLOW
        and _hour(answer[1]) != _hour(look.owed)
    )


def _alike(look: Recorded, answer: Answer) -> bool:
    """What a call would have owed that did not come to anything is no difference."""
    if look.outcome is not answer[0]:
        return False
    return answer[0] in (Outcome.DENY, Outcome.NEEDS_REASON) or look.owed == answer[1]
