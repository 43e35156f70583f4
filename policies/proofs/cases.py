"""A case in which something is so, as plain as it can be, and asked of the real gate again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from policies.limits import NOW
from policies.proofs.logic import Logic, Possible, Term
from policies.proofs.space import Family, Space, Unknown
from policies.proofs.waiting import Clock
from policies.verdict import FactValue

UTC: Final = ("Etc/UTC",)
PLAIN_DAY: Final = 20_819  # 1 January 2027
NOON: Final = 720
MOST_STEPS: Final = 24
MOST_BACK: Final = 8


@dataclass(frozen=True, slots=True)
class Case:
    """Every fact of one call, and those of them that make it what it is."""

    kind: str
    facts: dict[str, FactValue]
    telling: tuple[str, ...]

    @property
    def told(self) -> dict[str, FactValue]:
        """The facts that matter, with their values."""
        return {name: self.facts[name] for name in self.telling}


class Finder:
    """Finds cases in one space."""

    def __init__(self, space: Space, clock: Clock | None) -> None:
        self._space, self._logic, self._clock = space, space.logic, clock
        self._plain = [(name, self._logic.named(term)) for name, term in self._plain_terms()]

    @property
    def exact(self) -> list[Term]:
        """What makes a case one that the gate can be asked."""
        return [self._clock.exact] if self._clock is not None else []

    def find(self, names: Sequence[Term], about: Iterable[str]) -> Case | None:
        """A case in which all of these are so; None when none was found that is real.

        `about` are facts to be told in any event; of the others, those that are not plain.
        """
        base = [*names, *self.exact]
        kept, dropped = dict(self._plain), dict[str, Term]()
        while self._logic.possible(*base, *kept.values()) is not Possible.YES:
            asked = list(kept.items())
            clash = self._logic.clash([term for _, term in asked])
            if not clash:
                return None
            for place in clash:
                dropped[asked[place][0]] = kept.pop(asked[place][0])
        for name in list(dropped)[:MOST_BACK]:
            if self._logic.possible(*base, *kept.values(), dropped[name]) is Possible.YES:
                kept[name] = dropped.pop(name)
        base += kept.values()
        for name in dropped:
            if self._logic.possible(*base) is not Possible.YES:
                return None
            if name in self._space.unknowns and name != NOW:
                base += self._small(base, self._here(name))
        if self._logic.possible(*base) is not Possible.YES:
            return None
        facts = {name: self._value(self._here(name)) for name in self._space.unknowns}
        telling = dict.fromkeys(name for name in (*about, *dropped) if name in facts)
        return Case(self._space.kind, facts, tuple(telling))

    def _here(self, name: str) -> Unknown:
        """The one of a fact's families that the case at hand is of."""
        found = self._space.unknowns[name]
        return next((one for one in found if self._logic.value(one.is_this)), found[0])

    def _value(self, unknown: Unknown) -> FactValue:
        if unknown.family is Family.ZONES:
            return UTC
        if unknown.family is Family.SET:
            return tuple(word for word, is_in in unknown.words.items() if self._logic.value(is_in))
        if unknown.family is Family.WORD:
            return next(word for word, is_it in unknown.words.items() if self._logic.value(is_it))
        return self._logic.value(unknown.term)

    def _small(self, base: Sequence[Term], unknown: Unknown) -> list[Term]:
        """The number as near to nought as it can be, as something taken to be so."""
        logic = self._logic
        if unknown.family is not Family.NUMBER:
            return []
        high = abs(int(logic.value(unknown.term)))
        low, best = 0, _near(logic, unknown.term, high)
        for _ in range(MOST_STEPS):
            if low >= high:
                break
            middle = (low + high) // 2
            near = _near(logic, unknown.term, middle)
            if logic.possible(*base, near) is Possible.YES:
                high, best = abs(int(logic.value(unknown.term))), near
            else:
                low = middle + 1
        return [best]

    def _plain_terms(self) -> Iterable[tuple[str, Term]]:
        logic = self._logic
        if self._clock is not None:
            yield "the day", self._clock.day == PLAIN_DAY
            yield NOW, self._clock.minute == NOON
        for name, found in self._space.unknowns.items():
            first = found[0]
            if len(found) > 1:
                yield f"{name}?", first.is_this
            if first.family is Family.TRUTH:
                yield name, logic.negated(first.term)
            elif first.family is Family.WORD:
                yield name, next(iter(first.words.values()))
            elif first.family is Family.SET:
                yield name, logic.negated(logic.any(first.words.values()))
            elif first.family is Family.NUMBER and name != NOW:
                yield name, first.term == 0


def _near(logic: Logic, term: Term, far: int) -> Term:
    return logic.named(logic.all([term <= far, term >= -far]))
