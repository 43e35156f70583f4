"""When a fact is missing, stale or malformed: the answer is `deny`, and still a full one.

Every such fact is named, and the rules whose own facts are all there are looked at as always.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from policies.content import ENGINE, Content
from policies.facts import Fact, broken_line_of, line_of, plain, shown
from policies.scope import CONTACT, holds, reads
from policies.verdict import FactValue, Fired, FiredKind, Outcome, Verdict

Partial = Callable[..., None]
Decide = Callable[[Mapping[str, FactValue], str, Mapping[str, str]], Verdict]


def closed(content: Content, kind: str, *, decide: Decide, partial: Partial) -> Decide:
    """What to ask when `decide` has found that something is wrong with the facts.

    `partial` looks at the clauses that read none of the facts it is told are broken.
    """
    facts = content.facts_for(kind)

    def answer(
        given: Mapping[str, FactValue], call_digest: str, overrides: Mapping[str, str]
    ) -> Verdict:
        values = {name: plain(given.get(name)) for name in facts}
        broken, idle = _sort(facts, values, kind)
        if not broken:  # only words of an enumeration that were no plain text
            return decide(values, call_digest, overrides)
        found: list[tuple[int, Fired]] = []
        owed: dict[str, Any] = {}
        partial(values, frozenset(broken), overrides, found, owed)
        fired = [one for _, one in found]
        for name, because in broken.items():
            seen = {} if values[name] is None else {name: shown(values[name])}
            fired.append(Fired(f"missing:{name}", FiredKind.MISSING, because, seen, Outcome.DENY))
        fired.sort(key=lambda one: (-one.outcome.rank, one.rule))
        known = {name: value for name, value in values.items() if value is not None}
        lines = [f"{kind}\n"]
        for name in facts:
            if name in broken:
                lines.append(broken_line_of(name, known))
            else:
                lines.append(line_of(name, "-" if name in idle else values[name]))
        return Verdict(
            Outcome.DENY, tuple(fired), owed, content.name, content.version, content.sha256,
            ENGINE, call_digest, sha256("".join(lines).encode()).hexdigest(),
        )  # fmt: skip

    return answer


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
