"""`diff`: what changes from one pack to another, in its text and in what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from policies.content import Content
from policies.facts import KINDS, Fact
from policies.pack import Pack
from policies.problems import words
from policies.proofs.changes import Change, Compared, Owed, same_rules
from policies.proofs.check import Told, nobody
from policies.proofs.logic import EFFORT, Logic, OutOfTime, no_end
from policies.scope import said

What = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Altered:
    """One part of the text that is not what it was: `before` and `after` as the pack says it."""

    section: str
    name: str
    what: What
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Diff:
    """All that changes. `finished`, nothing `untold`: no other answer changes, whatever the facts.

    That goes for facts that are known. A call without a fact that one pack needs is denied by it;
    `altered` tells which facts come and go.
    """

    altered: tuple[Altered, ...]
    outcomes: tuple[Change, ...]
    owed: tuple[Owed, ...]
    untold: tuple[str, ...]
    finished: bool

    @property
    def answers_alike(self) -> bool:
        """Proved: both packs answer every call with known facts alike."""
        return self.finished and not self.outcomes and not self.untold


def diff(
    before: Pack,
    after: Pack,
    *,
    effort: int = EFFORT,
    over: Callable[[], bool] = no_end,
    tell: Told = nobody,
) -> Diff:
    """Hold two packs against each other, kind of call by kind of call."""
    outcomes: list[Change] = []
    owed: list[Owed] = []
    untold: list[str] = []
    finished = True
    for done, kind in enumerate(KINDS):
        tell(done, len(KINDS))
        if same_rules(before.content, after.content, kind):
            continue
        try:
            logic = Logic(effort=effort, over=over)
            found = Compared(before, after, logic, kind).changes()
        except OutOfTime:
            finished = False
            untold.append(f"calls of {kind}: there was no time left")
            continue
        outcomes += found.outcomes
        owed += found.owed
        untold += found.untold
    tell(len(KINDS), len(KINDS))
    altered = tuple(_altered(before, after))
    return Diff(altered, tuple(outcomes), tuple(owed), tuple(dict.fromkeys(untold)), finished)


def _altered(before: Pack, after: Pack) -> Iterator[Altered]:
    for section, old, new in (
        ("params", _params(before.content), _params(after.content)),
        ("facts", _facts(before.content), _facts(after.content)),
        ("rules", _rules(before), _rules(after)),
        ("invariants", _invariants(before.content), _invariants(after.content)),
    ):
        for name in dict.fromkeys((*old, *new)):
            was, now = old.get(name), new.get(name)
            if was == now:
                continue
            what: What = "added" if was is None else "removed" if now is None else "changed"
            yield Altered(section, name, what, was or "", now or "")


def _params(content: Content) -> dict[str, str]:
    return {
        name: words(value) if isinstance(value, tuple) else str(value)
        for name, value in content.params.items()
    }


def _facts(content: Content) -> dict[str, str]:
    return {name: _declared(fact) for name, fact in content.facts.items()
            if not name.startswith(("cap.", "budget."))}  # fmt: skip


def _declared(fact: Fact) -> str:
    narrowed = [f"{key} {words(values)}" for key, values in fact.when.items()]
    fresh = [f"at most {fact.max_age} minutes old"] if fact.age else []
    return ", ".join([fact.shape(), f"for {words(fact.kinds)}", *narrowed, *fresh])


def _rules(pack: Pack) -> dict[str, str]:
    content = pack.content
    more: dict[str, str] = {}
    for rule in content.rules:
        if rule.then:
            more[rule.id] = " then " + words(f"{key} {value}" for key, value in rule.then.items())
        elif rule.strength == "ask":
            more[rule.id] = f" asks for {rule.outcome}"
    for cap in content.caps:
        window = cap.window.unit or f"{cap.window.duration_us // 3_600_000_000} hours"
        more[cap.id] = f", per {cap.per} in {cap.window.kind} {window}, counts {said(cap.counts)}"
    for budget in content.budgets:
        more[budget.id] = f", at most {budget.limit_minor} a {budget.window.unit}"
    return {
        view.id: f"{view.kind} on {words(view.on)}: {view.condition}{more.get(view.id, '')}"
        f" ({view.because})"
        for view in pack.rules
    }


def _invariants(content: Content) -> dict[str, str]:
    return {
        one.id: f"at least {one.at_least} on {words(one.on)} when {one.condition.text}"
        f" ({one.because})"
        for one in content.invariants
    }
