"""One kind of call of one pack, ready to be asked about."""

from __future__ import annotations

from collections.abc import Callable

from policies.pack import Pack
from policies.proofs.answers import Answers
from policies.proofs.cases import Case, Finder
from policies.proofs.logic import Logic
from policies.proofs.space import Space
from policies.proofs.waiting import clock_of
from policies.verdict import Verdict


class Setting:
    """The space of one kind of call, and what the pack answers there. All facts are good."""

    def __init__(self, pack: Pack, kind: str, *, effort: int, over: Callable[[], bool]) -> None:
        self.pack, self.kind = pack, kind
        self.logic = Logic(effort=effort, over=over)
        self.space = Space(self.logic, kind, [pack.content.facts_for(kind)])
        clock = clock_of(self.space)
        self.answers = Answers(self.space, pack.content, clock)
        self.logic.assume(self.answers.good)
        self.finder = Finder(self.space, clock)


def decided(pack: Pack, case: Case) -> Verdict:
    """What the gate itself says to a case."""
    return pack.decide(case.kind, case.facts, call_digest="")
