"""The facts of one kind of call as unknowns, each within the bounds that a pack declares.

Two packs may be held against one space: an unknown then ranges over what either of them takes for
a good value, and `good` says where a pack takes all of them for good. Zones stay opaque.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from policies.facts import LAST_INSTANT_US, Fact, FactType
from policies.proofs.logic import Logic, Term
from policies.scope import CONTACT, Scope


class Family(StrEnum):
    """Facts that could hold the same value: a number is a number, an instant too."""

    TRUTH = "truth"
    NUMBER = "number"
    WORD = "word"
    ZONES = "zones"
    SET = "set"


FAMILY: Final = {
    FactType.BOOL: Family.TRUTH,
    FactType.INT: Family.NUMBER,
    FactType.INSTANT: Family.NUMBER,
    FactType.ENUM: Family.WORD,
    FactType.ZONES: Family.ZONES,
    FactType.SET: Family.SET,
    FactType.JURISDICTIONS: Family.SET,
}


@dataclass
class Unknown:
    """One fact: a term, or for words one term a word. `is_this`: it is of this family.

    Of a set any words may be there at once. Which jurisdictions hold somebody stays opaque.
    """

    name: str
    family: Family
    is_this: Term
    term: Term = None
    words: dict[str, Term] = field(default_factory=dict)


def bounds(fact: Fact) -> tuple[int, int]:
    """The lowest and the highest value of a number or an instant."""
    return (0, LAST_INSTANT_US) if fact.type is FactType.INSTANT else (fact.low, fact.high)


class Space:
    """Every case that calls of one kind could be in, as far as the declared facts tell."""

    def __init__(self, logic: Logic, kind: str, packs: Sequence[Mapping[str, Fact]]) -> None:
        self.logic, self.kind = logic, kind
        self.unknowns: dict[str, list[Unknown]] = {}
        for name in sorted({name for facts in packs for name in facts}):
            self._declare(name, [facts[name] for facts in packs if name in facts])

    def of(self, fact: Fact) -> Unknown:
        """The unknown that a declared fact is."""
        return next(one for one in self.unknowns[fact.name] if one.family is FAMILY[fact.type])

    def in_scope(self, scope: Scope, facts: Mapping[str, Fact]) -> Term:
        """Whether a call is in a scope; a call that is no contact is in every one."""
        if self.kind != CONTACT:
            return self.logic.yes
        return self.logic.all(
            self._word_in(facts[f"action.{key}"], words) for key, words in scope.items()
        )

    def good(self, facts: Mapping[str, Fact]) -> Term:
        """Every fact that the call needs is of its type, within its bounds and fresh."""
        logic = self.logic
        parts = []
        for fact in facts.values():
            fine = [self.of(fact).is_this, self._within(fact)]
            if fact.age is not None:
                fine.append(self.of(facts[fact.age]).term <= logic.number(fact.max_age))
            needed = self.in_scope(fact.when, facts)
            parts.append(logic.any([logic.negated(needed), logic.all(fine)]))
        return logic.all(parts)

    def _word_in(self, fact: Fact, words: Sequence[str]) -> Term:
        unknown = self.of(fact)
        return self.logic.any(unknown.words[word] for word in words)

    def _within(self, fact: Fact) -> Term:
        unknown, logic = self.of(fact), self.logic
        if unknown.family is Family.NUMBER:
            low, high = bounds(fact)
            return logic.all([logic.number(low) <= unknown.term, unknown.term <= high])
        if unknown.family is Family.WORD:
            return self._word_in(fact, fact.values)
        if unknown.family is Family.SET:
            others = [term for word, term in unknown.words.items() if word not in fact.values]
            return logic.all(logic.negated(term) for term in others)
        return logic.yes

    def _declare(self, name: str, declared: Sequence[Fact]) -> None:
        logic = self.logic
        families = sorted({FAMILY[fact.type] for fact in declared})
        found: list[Unknown] = []
        for family in families:
            called = f"{name}:{family.value}"
            only = len(families) == 1
            unknown = Unknown(name, family, logic.yes if only else logic.unknown(f"{called}?"))
            same = [fact for fact in declared if FAMILY[fact.type] is family]
            if family is Family.TRUTH:
                unknown.term = logic.unknown(called)
            elif family is Family.NUMBER:
                unknown.term = logic.unknown_number(called)
                spans = sorted({bounds(fact) for fact in same})
                logic.assume(logic.any(
                    logic.all([unknown.term >= low, unknown.term <= high]) for low, high in spans
                ))  # fmt: skip
            elif family is Family.WORD:
                words = dict.fromkeys(word for fact in same for word in fact.values)
                unknown.words = {word: logic.unknown(f"{called}={word}") for word in words}
                logic.assume(logic.one_of(list(unknown.words.values())))
            elif family is Family.SET:
                words = dict.fromkeys(word for fact in same for word in fact.values)
                unknown.words = {word: logic.unknown(f"{called}={word}") for word in words}
            found.append(unknown)
        if len(found) > 1:
            logic.assume(logic.one_of([unknown.is_this for unknown in found]))
        self.unknowns[name] = found
