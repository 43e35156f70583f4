"""A shadow in figures and words: who, how much money, which rules, and what cannot be said.

Decisions add up: those with the same answers, those with another one, those that could not be
decided again. A person is told by their newest decision that came out otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from agent.fact_words import money, name_of
from agent.shadow import Again, Shadowed
from agent.shadow_changes import SAYS, Change, behind, change_of
from policies.pack import Pack
from tools.tool import ActionKind

T = TypeVar("T")
_COST, _CURRENCY = "action.cost_minor", "cart.currency"
_SUMS = {
    Change.REFUSED: "refused_minor",
    Change.ALLOWED: "allowed_minor",
    Change.ASKS: "asked_minor",
    Change.ASKS_OTHER: "asked_minor",
}
_SUMMED = tuple(dict.fromkeys(_SUMS.values()))


@dataclass(slots=True)
class Tally:
    """Decisions and people."""

    decisions: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)

    def add(self, again: Again) -> None:
        """Count a call."""
        self.decisions.add(again.call.decision_id)
        self.people.add(again.call.customer_id)

    def as_json(self) -> dict[str, int]:
        """How many."""
        return {"decisions": len(self.decisions), "people": len(self.people)}


@dataclass(slots=True)
class _Rule:
    because: str
    tally: Tally = field(default_factory=Tally)
    changes: Counter[Change] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Affected:
    """One person, by their newest decision that came out otherwise."""

    customer_id: str
    decision_id: str
    at: int
    changes: tuple[Change, ...]
    reasons: tuple[str, ...]
    costs: tuple[tuple[str, int], ...]


def told(shadowed: Shadowed, packs: Mapping[str, Pack]) -> dict[str, Any]:
    """The counted part: `looked_at`, `unchanged`, `changed`, `undecided`, `kinds`, `rules`,
    `money`."""
    looks = shadowed.looks
    every = Tally({x.decision_id for x in looks}, {x.customer_id for x in looks})
    changed, lost = Tally(), Tally()
    kinds: dict[Change, Tally] = {}
    rules: dict[tuple[str, str], _Rule] = {}
    sums: dict[str, Counter[str]] = {}
    facts: Counter[str] = Counter()
    for again in shadowed.otherwise:
        facts.update(again.unknown)
        if again.answer is None:
            lost.add(again)
        change = change_of(again)
        if change is None:
            continue
        changed.add(again)
        kinds.setdefault(change, Tally()).add(again)
        for side, spoke in behind(again):
            rule = rules.setdefault((side, spoke.rule), _Rule(spoke.because))
            rule.tally.add(again)
            rule.changes[change] += 1
        for currency, minor in cost_of(again, shadowed.draft, packs):
            if change in _SUMS:
                sums.setdefault(currency, Counter())[_SUMS[change]] += minor
    undecided = lost.decisions - changed.decisions
    same = every.decisions - changed.decisions - undecided
    return {
        "looked_at": {**every.as_json(), "calls": shadowed.calls},
        "unchanged": {"decisions": len(same)},
        "changed": changed.as_json(),
        "undecided": {
            "decisions": len(undecided),
            "facts": [
                {"fact": fact, "name": name_of(fact), "calls": n} for fact, n in facts.most_common()
            ],
        },
        "kinds": [
            {"kind": change.value, "says": SAYS[change], **kinds[change].as_json()}
            for change in Change
            if change in kinds
        ],
        "rules": [
            {
                "rule": name,
                "because": rule.because,
                "pack": side,
                **rule.tally.as_json(),
                "kinds": [
                    {"kind": c.value, "says": SAYS[c], "calls": n}
                    for c, n in rule.changes.most_common()
                ],
            }
            for (side, name), rule in sorted(
                rules.items(), key=lambda item: (-len(item[1].tally.people), item[0])
            )
        ],
        "money": [
            {"currency": currency, **{name: sums[currency][name] for name in _SUMMED}}
            for currency in sorted(sums)
        ],
    }  # fmt: skip


def affected(shadowed: Shadowed, packs: Mapping[str, Pack]) -> list[Affected]:
    """Everybody for whom something comes out otherwise, newest first."""
    of: dict[str, list[Again]] = {}
    for again in shadowed.otherwise:
        if again.answer is not None:
            of.setdefault(again.call.customer_id, []).append(again)
    found = [_person(calls, shadowed.draft, packs) for calls in of.values()]
    return sorted(found, key=lambda one: one.decision_id, reverse=True)


def _person(calls: list[Again], draft: Pack, packs: Mapping[str, Pack]) -> Affected:
    newest = max(calls, key=lambda again: again.call.decision_id).call
    costs: Counter[str] = Counter()
    for again in calls:
        for currency, minor in cost_of(again, draft, packs):
            costs[currency] += minor
    reasons = [spoke.because for again in calls for _, spoke in behind(again)]
    return Affected(
        customer_id=newest.customer_id,
        decision_id=newest.decision_id,
        at=newest.at,
        changes=_once(change for again in calls if (change := change_of(again))),
        reasons=_once(reasons),
        costs=tuple(sorted(costs.items())),
    )


def _once(things: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(things))


def cost_of(again: Again, draft: Pack, packs: Mapping[str, Pack]) -> list[tuple[str, int]]:
    """What an offer costs, with its currency; nothing for other calls."""
    call = again.call
    minor, currency = call.facts.get(_COST), call.facts.get(_CURRENCY)
    if call.kind != ActionKind.OFFER.value or type(minor) is not int:
        return []
    if not isinstance(currency, str):
        currency = (packs.get(call.pack) or draft).currency
    return [(currency, minor)]


def summary(told_: Mapping[str, Any], span: str) -> str:
    """The first sentence: what the draft would have done in that span."""
    looked, changed, lost = told_["looked_at"], told_["changed"], told_["undecided"]["decisions"]
    every = f"{looked['decisions']:,}"
    if not looked["decisions"]:
        return f"Nothing was decided {span}, so nothing can be said about this draft."
    if changed["decisions"]:
        people = "1 person" if changed["people"] == 1 else f"{changed['people']:,} people"
        comes = "comes" if changed["decisions"] == 1 else "come"
        return (
            f"{people} would have been affected {span}: {changed['decisions']:,} of {every} "
            f"decisions {comes} out otherwise."
        )
    if lost:
        return (
            f"Nobody is known to be affected {span}, but {lost:,} of {every} decisions could not "
            "be decided again."
        )
    same = "the one decision comes" if looked["decisions"] == 1 else f"all {every} decisions come"
    return f"Nobody would have been affected {span}: {same} out the same."


def money_words(sums: Iterable[Mapping[str, Any]]) -> list[str]:
    """What it means in money, a sentence for each currency and kind."""
    said = {
        "refused_minor": "in offers would not have been made",
        "allowed_minor": "in offers would have been made on top",
        "asked_minor": "in offers would have waited for a person",
    }
    return [
        f"{money(each[name], each['currency'])} {words}."
        for each in sums
        for name, words in said.items()
        if each[name]
    ]
