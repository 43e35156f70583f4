"""Rules that never fire, and rules that say nothing new: stricter ones answer whenever they do.

One question a rule: could it fire with no other rule as strict? Where it could not, the clash names
the others, so that rules need not be held against each other two by two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from policies.content import CANNOT_BE_MET
from policies.expressions import Join, code
from policies.proofs.answers import UNMATCHED, Said
from policies.proofs.logic import Possible, Term
from policies.proofs.setting import Setting
from policies.proofs.writing import written
from policies.verdict import FiredKind, Outcome

_OWN: Final = (CANNOT_BE_MET,)


class Life(Enum):
    """What a rule is good for, in calls of one kind."""

    LIVE = "live"
    NEVER = "never"
    SAYS_NOTHING = "says nothing"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class Firing:
    """One rule in calls of one kind. `by`: those that answer whenever it fires."""

    rule: str
    kind: str
    outcome: Outcome
    row: bool
    life: Life
    by: tuple[str, ...] = ()


def firings(setting: Setting) -> list[Firing]:
    """Every rule, row and limit that is asked of calls of this kind."""
    said: dict[str, list[Said]] = {}
    for one in setting.answers.said:
        if (
            not one.rule.endswith(f".{UNMATCHED}")
            and one.rule not in _OWN
            and one.kind is not FiredKind.QUIET
        ):
            said.setdefault(one.rule, []).append(one)
    denied = setting.answers.answers
    hopeless = setting.logic.possible(setting.logic.negated(denied[Outcome.DENY])) is Possible.NO
    return [_firing(setting, rule, parts, hopeless) for rule, parts in said.items()]


def _firing(setting: Setting, rule: str, parts: list[Said], hopeless: bool) -> Firing:
    logic, row = setting.logic, setting.answers.rows.get(rule)
    strictest = max((one.outcome for one in parts), key=lambda outcome: outcome.rank)
    fires = row if row is not None else logic.named(logic.any(one.fires for one in parts))

    def told(life: Life, by: tuple[str, ...] = ()) -> Firing:
        return Firing(rule, setting.kind, strictest, row is not None, life, by)

    table = rule.rpartition(".")[0] if row is not None else ""
    others = [
        one
        for one in setting.answers.said
        if one.rule != rule and one.outcome.rank >= _as_strict(strictest, parts[0].kind)
        and not (table and one.rule.startswith(f"{table}."))
    ]  # fmt: skip
    absent = [one.silent for one in others]
    alone = Possible.NO if hopeless else logic.possible(fires, *absent)
    if alone is not Possible.NO:
        return told(Life.LIVE if alone is Possible.YES else Life.UNTOLD)
    together = [] if hopeless else [others[place] for place in logic.clash(absent)]
    possible = logic.possible(fires)
    if possible is not Possible.YES:
        return told(Life.NEVER if possible is Possible.NO else Life.UNTOLD)
    if hopeless:  # the kind itself is told of, once
        return told(Life.LIVE)
    return told(Life.SAYS_NOTHING, _who(setting, fires, others, together))


def _as_strict(strictest: Outcome, kind: FiredKind) -> int:
    """How strict an answer must be to leave this one nothing to say."""
    if kind is FiredKind.TABLE or strictest is Outcome.ALLOW:
        return Outcome.DENY.rank
    return max(strictest.rank, Outcome.REVIEW.rank)


def _who(
    setting: Setting, fires: Term, others: list[Said], together: list[Said]
) -> tuple[str, ...]:
    """Who answers instead: one rule where one is enough, else as few as were found."""
    if len(together) > 1:
        reads = {name for one in together for name in one.facts}
        for one in others:  # one that reads other facts is hardly implied by these
            if set(one.facts) <= reads and (
                setting.logic.possible(fires, one.silent) is Possible.NO
            ):
                return (one.rule,)
    return tuple(dict.fromkeys(one.rule for one in together))


def dead_parts(setting: Setting) -> dict[str, list[str]]:
    """Rule → those parts of its `or` that can never be true."""
    found: dict[str, list[str]] = {}
    logic = setting.logic
    for rule in setting.pack.content.rules:
        tree = rule.condition.tree
        if setting.kind not in rule.on or not isinstance(tree, Join) or tree.joint != "or":
            continue
        scope = setting.space.in_scope(rule.obeys, setting.answers.facts)
        names = {fact: fact for fact in rule.condition.facts}
        for part in tree.parts:
            term = logic.named(logic.all([scope, written(part, setting.space)]))
            if logic.possible(term) is Possible.NO:
                found.setdefault(rule.id, []).append(code(part, names))
    return found
