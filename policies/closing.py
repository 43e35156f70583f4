"""When a fact is missing, stale or malformed: what hangs on it is denied, and nothing else.

Every such fact is named. The rules whose answer is the same whatever the missing facts are speak as
always; where one cannot be told, the answer is `deny`, and the facts it wanted are named as the
reason. So a missing fact never makes an answer milder than any value of it would.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

from policies.clauses import Clause
from policies.content import ENGINE, Content
from policies.facts import Fact, broken_line_of, line_of, plain, shown
from policies.scope import CONTACT, holds, reads
from policies.verdict import FactValue, Fired, FiredKind, Outcome, Verdict

Partial = Callable[..., None]
Decide = Callable[[Mapping[str, FactValue], str, Mapping[str, str]], Verdict]


def closed(
    content: Content, kind: str, clauses: Sequence[Clause], *, decide: Decide, partial: Partial
) -> Decide:
    """What to ask when `decide` has found that something is wrong with the facts.

    `partial` runs every clause but those it is told cannot be told.
    """
    facts = content.facts_for(kind)
    # What is declared and read by no rule is wanted for its own sake: a currency, an age.
    guards = frozenset(facts).difference(*(clause.reads for clause in clauses))

    def answer(
        given: Mapping[str, FactValue], call_digest: str, overrides: Mapping[str, str]
    ) -> Verdict:
        values = {name: plain(given.get(name)) for name in facts}
        broken, idle = _sort(facts, values, kind)
        if not broken:  # only words of an enumeration that were no plain text
            return decide(values, call_digest, overrides)
        missing = frozenset(broken)
        known = {n: v for n, v in values.items() if n not in missing and n not in idle}
        wanted = {
            n: missing.intersection(clause.wants(known))
            for n, clause in enumerate(clauses)
            if not missing.isdisjoint(clause.reads)
        }
        untold = {n for n, names in wanted.items() if names}
        blamed = set(missing & guards).union(*wanted.values())
        found: list[tuple[int, Fired]] = []
        owed: dict[str, Any] = {}
        # What is told is told for any value of the missing facts, so one value of each will do.
        any_value = {name: facts[name].some() for name in missing}
        partial({**values, **any_value}, missing, untold, overrides, found, owed, blamed.add)
        fired = [_without(one, missing) for _, one in found]
        for name, because in broken.items():
            seen = {} if values[name] is None else {name: shown(values[name])}
            stops = name in blamed
            said = because if stops else f"{because}; nothing hangs on it here"
            outcome = Outcome.DENY if stops else Outcome.ALLOW
            fired.append(Fired(f"missing:{name}", FiredKind.MISSING, said, seen, outcome))
        fired.sort(key=lambda one: (-one.outcome.rank, one.rule))
        present = {name: value for name, value in values.items() if value is not None}
        lines = [f"{kind}\n"]
        for name in facts:
            if name in broken:
                lines.append(broken_line_of(name, present))
            else:
                lines.append(line_of(name, "-" if name in idle else values[name]))
        return Verdict(
            fired[0].outcome, tuple(fired), owed, content.name, content.version, content.sha256,
            ENGINE, call_digest, sha256("".join(lines).encode()).hexdigest(),
        )  # fmt: skip

    return answer


def _without(fired: Fired, missing: frozenset[str]) -> Fired:
    """A rule that spoke, without the values that were put in for what is not known."""
    if missing.isdisjoint(fired.facts):
        return fired
    seen = {name: value for name, value in fired.facts.items() if name not in missing}
    return replace(fired, facts=seen)


def _sort(
    facts: Mapping[str, Fact], values: Mapping[str, Any], kind: str
) -> tuple[dict[str, str], frozenset[str]]:
    """What is wrong with each broken fact, and the facts that this call does not need."""
    broken: dict[str, str] = {}
    idle: set[str] = set()
    # What tells whether a fact is needed comes first; if that is broken, the fact is needed.
    for name, fact in sorted(facts.items(), key=lambda item: bool(item[1].when)):
        told = kind == CONTACT and broken.keys().isdisjoint(reads(fact.when))
        if told and not holds(fact.when, values):
            idle.add(name)
        elif values[name] is None:
            broken[name] = f"It is not known: {name}"
        elif not fact.accepts(values[name]):
            broken[name] = f"{name} must be {fact.shape()}"
    for name, fact in facts.items():
        if fact.age is None or name in idle or {name, fact.age} & broken.keys():
            continue
        if values[fact.age] > fact.max_age:
            broken[name] = f"{name} is older than {fact.max_age} minutes"
    return broken, frozenset(idle)
