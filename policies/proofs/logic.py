"""The one door to z3: yes-or-no and whole-number terms, and questions about them.

A question takes a bounded effort, counted in steps and not in seconds: the same question comes to
the same answer on every machine. What could not be told within it is UNKNOWN, never a proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Any, Final, TypeAlias

Term: TypeAlias = Any
EFFORT: Final = 2_000_000
"""Steps for one question: a second or two on a small machine."""


class Possible(Enum):
    """Whether something can be so at all."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class OutOfTime(Exception):
    """Whoever asked wants no more answers."""


def no_end() -> bool:
    """For who has all the time in the world."""
    return False


class Logic:
    """One set of terms and what is taken to be so. Not to be used by two threads at once."""

    def __init__(self, *, effort: int = EFFORT, over: Callable[[], bool] = no_end) -> None:
        import z3  # type: ignore[import-untyped]  # half a second and 60 MB: only for proofs

        self._z3: Any = z3
        self._context = z3.Context()
        # Python may collect a term in another thread than the one that asks.
        z3.Z3_enable_concurrent_dec_ref(self._context.ref())
        self._solver = z3.Solver(ctx=self._context)
        self._solver.set("rlimit", effort)
        self._solver.set("core.minimize", True)
        self._over = over
        self._named = 0
        self._model: Any = None
        self.questions = 0
        self.yes = z3.BoolVal(True, self._context)
        self.no = z3.BoolVal(False, self._context)

    # -- terms -----------------------------------------------------------------------

    def unknown(self, name: str) -> Term:
        """Something that is so or is not."""
        return self._z3.Bool(name, self._context)

    def unknown_number(self, name: str) -> Term:
        """Some whole number."""
        return self._z3.Int(name, self._context)

    def number(self, value: int) -> Term:
        """This whole number."""
        return self._z3.IntVal(value, self._context)

    def truth(self, value: bool) -> Term:
        """Yes or no, as given."""
        return self.yes if value else self.no

    def all(self, parts: Iterable[Term]) -> Term:
        """Every part is so."""
        listed = list(parts)
        return self._z3.And(listed) if len(listed) > 1 else listed[0] if listed else self.yes

    def any(self, parts: Iterable[Term]) -> Term:
        """At least one part is so."""
        listed = list(parts)
        return self._z3.Or(listed) if len(listed) > 1 else listed[0] if listed else self.no

    def negated(self, part: Term) -> Term:
        """The part is not so."""
        return self._z3.Not(part)

    def either(self, test: Term, one: Term, other: Term) -> Term:
        """`one` where the test holds, else `other`."""
        return self._z3.If(test, one, other)

    def one_of(self, parts: Sequence[Term]) -> Term:
        """Exactly one part is so."""
        pairs = [self._z3.PbEq([(part, 1) for part in parts], 1)] if len(parts) > 1 else list(parts)
        return self.all(pairs)

    def named(self, term: Term) -> Term:
        """A name for a term: questions are asked about names."""
        self._named += 1
        name = self._z3.Bool(f"#{self._named}", self._context)
        self._solver.add(name == term)
        return name

    def assume(self, term: Term) -> None:
        """From now on this is so."""
        self._solver.add(term)

    # -- questions -------------------------------------------------------------------

    def possible(self, *names: Term) -> Possible:
        """Whether all of these can be so together. Raises `OutOfTime`."""
        if self._over():
            raise OutOfTime
        self.questions += 1
        self._model = None
        answer = self._solver.check(*names)
        if answer == self._z3.sat:
            self._model = self._solver.model()
            return Possible.YES
        return Possible.NO if answer == self._z3.unsat else Possible.UNKNOWN

    def value(self, term: Term) -> bool | int:
        """What a term is in the case that the last question found."""
        found = self._model.eval(term, model_completion=True)
        return bool(self._z3.is_true(found)) if self._z3.is_bool(found) else int(found.as_long())

    def clash(self, names: Sequence[Term]) -> list[int]:
        """Which of these names the last question could not have together, by their places."""
        ids = {part.get_id() for part in self._solver.unsat_core()}
        return [place for place, name in enumerate(names) if name.get_id() in ids]
