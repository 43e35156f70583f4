"""What two packs answer differently, each change with a case that both gates confirm."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from policies.content import CANNOT_BE_MET, Content
from policies.pack import Pack
from policies.proofs.answers import NO_TABLE, Answers
from policies.proofs.cases import Case, Finder
from policies.proofs.logic import Logic, Possible, Term
from policies.proofs.setting import decided
from policies.proofs.space import Space
from policies.proofs.waiting import clock_of
from policies.verdict import Outcome

FACTS: Final = "facts"
#: What follows from other parts of a pack and is never the cause of a change by itself.
_FOLLOWS: Final = (CANNOT_BE_MET, NO_TABLE)
_HANGS: Final = (
    "calls of {}: more may change with the hour and the time zone; no case was found that both "
    "packs confirm"
)


@dataclass(frozen=True, slots=True)
class Change:
    """Calls that are answered otherwise. `rules`: those behind it, or `facts` for their bounds."""

    kind: str
    rules: tuple[str, ...]
    before: Outcome
    after: Outcome
    case: Case


@dataclass(frozen=True, slots=True)
class Owed:
    """Calls that pass both packs and owe something else. `what` is in words."""

    kind: str
    what: str
    case: Case


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes for one kind of call. `untold`: why silence about more is no proof."""

    outcomes: tuple[Change, ...]
    owed: tuple[Owed, ...]
    untold: tuple[str, ...]


class Compared:
    """Two packs held against one space of facts."""

    def __init__(self, before: Pack, after: Pack, logic: Logic, kind: str) -> None:
        self.before, self.after, self.logic, self.kind = before, after, logic, kind
        packs = [before.content.facts_for(kind), after.content.facts_for(kind)]
        self.space = Space(logic, kind, packs)
        clock = clock_of(self.space)
        self.old = Answers(self.space, before.content, clock)
        self.new = Answers(self.space, after.content, clock)
        self.finder = Finder(self.space, clock)
        self.differs = {rule: logic.named(term) for rule, term in self._differing()}
        self.changed = logic.named(
            logic.any(self.old.answers[one] != self.new.answers[one] for one in Outcome)
        )
        self.untold: list[str] = []

    def changes(self) -> Changes:
        """Every change of an answer by the rule behind it, then what is owed otherwise."""
        found: list[Change] = []
        # With nothing else changed, a change is this rule's own.
        for rule, term in self.differs.items():
            unit = _unit(rule)
            others = [
                self.logic.negated(other)
                for name, other in self.differs.items()
                if _unit(name) != unit and name not in _FOLLOWS
            ]
            alone = [self.changed, term, *others]
            if rule not in _FOLLOWS and self.logic.possible(*alone) is not Possible.NO:
                found += self._pairs(alone, rule)
        told = {(one.before, one.after) for one in found}
        found += self._pairs([self.changed], "", told=told)
        found = list({(one.rules, one.before, one.after): one for one in found}.values())
        return Changes(tuple(found), tuple(self._owed()), tuple(self.untold))

    def _pairs(
        self, names: list[Term], rule: str, told: Collection[tuple[Outcome, Outcome]] = ()
    ) -> list[Change]:
        """One case for each pair of answers that can be had where these names are so."""
        found: list[Change] = []
        for before, after in _all_pairs():
            asked = [*names, self.old.answers[before], self.new.answers[after]]
            if (before, after) in told:
                continue
            possible = self.logic.possible(*asked)
            if possible is Possible.UNKNOWN:
                self.untold.append(f"calls of {self.kind}: more could not be decided in time")
            if possible is not Possible.YES:
                continue
            case = self.finder.find(asked, self._reads(rule))
            if case is not None and self._real(case, before, after):
                behind = tuple(self._differing_in(case)) or (rule or FACTS,)
                found.append(Change(self.kind, behind, before, after, case))
            elif not rule:
                self.untold.append(_HANGS.format(self.kind))
        return found

    def _differing_in(self, case: Case) -> Iterator[str]:
        """The changed rules that fire in one pack only, in a case."""
        fired = [
            {(one.rule, one.outcome) for one in decided(pack, case).fired}
            for pack in (self.before, self.after)
        ]
        apart = {rule for rule, _ in fired[0] ^ fired[1]}
        if any(rule.startswith("missing:") for rule in apart):
            yield FACTS
        rules = {rule for rule in apart if not rule.startswith("missing:")}
        yield from sorted(rules.difference(_FOLLOWS) or rules)

    def _real(self, case: Case, before: Outcome, after: Outcome) -> bool:
        answers = (decided(self.before, case).outcome, decided(self.after, case).outcome)
        return answers == (before, after)

    def _reads(self, rule: str) -> list[str]:
        said = (*self.old.said, *self.new.said)
        return [fact for one in said if one.rule == rule for fact in one.facts]

    def _differing(self) -> Iterator[tuple[str, Term]]:
        """Rule → where it fires, or answers, in one pack otherwise than in the other."""
        logic = self.logic
        sides: dict[str, list[dict[Outcome, list[Term]]]] = {}
        for place, answers in enumerate((self.old, self.new)):
            for one in answers.said:
                both = sides.setdefault(one.rule, [{}, {}])
                both[place].setdefault(one.outcome, []).append(one.fires)
        for rule, (old, new) in sides.items():
            parts = [
                logic.any(old.get(outcome, [])) != logic.any(new.get(outcome, []))
                for outcome in Outcome
                if outcome in old or outcome in new
            ]
            differs = logic.any(parts)
            if rule in _FOLLOWS or logic.possible(logic.named(differs)) is not Possible.NO:
                yield rule, differs
        good = self.old.good != self.new.good
        if logic.possible(logic.named(good)) is not Possible.NO:
            yield FACTS, good

    def _owed(self) -> Iterator[Owed]:
        """Obligations that differ where both packs let a call pass."""
        logic, old, new = self.logic, self.old, self.new
        passes = [logic.negated(side.reaches[Outcome.DENY]) for side in (old, new)]
        held = sorted({*old.deferred, *new.deferred})
        deferred = [old.deferred.get(key, logic.no) != new.deferred.get(key, logic.no)
                    for key in held]  # fmt: skip
        for what, differs in (
            ("the footer that a message must carry", old.footer != new.footer),
            ("the highest discount it may name", old.limit != new.limit),
            ("when a message is put off", logic.any(deferred)),
        ):
            asked = [*passes, logic.named(differs)]
            if logic.possible(*asked) is not Possible.YES:
                continue
            case = self.finder.find(asked, ())
            if case is None:
                continue
            owes = [decided(pack, case).obligations for pack in (self.before, self.after)]
            if owes[0] != owes[1]:
                yield Owed(self.kind, what, case)


def same_rules(before: Content, after: Content, kind: str) -> bool:
    """Whether two packs say the very same to calls of a kind, so that nothing need be proved."""
    return _said(before, kind) == _said(after, kind)


def _said(content: Content, kind: str) -> object:
    """All that bears on the answers to calls of a kind; reasons, lines and files do not."""
    return (
        content.facts_for(kind),
        [(one.id, one.strength, one.outcome, one.obeys, one.condition.tree, one.then)
         for one in content.rules if kind in one.on],
        [(one.id, one.outcome, one.exceeds, [column.name for column in one.columns],
          [(row.id, row.cells, row.gate, row.limit) for row in one.rows])
         for one in content.tables if kind in one.on],
        [(one.id, one.on, one.max, one.obeys) for one in content.caps],
        [(one.id, one.hours, one.obeys) for one in content.quiet],
        [(one.id, one.windows) for one in content.laws],
        [(one.id, one.charges, one.signed) for one in content.budgets],
        content.approvals.blast_radius and (
            content.approvals.blast_radius.effects, content.approvals.blast_radius.obeys
        ),
    )  # fmt: skip


def _all_pairs() -> list[tuple[Outcome, Outcome]]:
    return [(one, two) for one in Outcome for two in Outcome if one is not two]


def _unit(rule: str) -> str:
    """The rows of one table change together: a row takes what those above it leave."""
    return rule.partition(".")[0]
