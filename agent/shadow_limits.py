"""What a shadow cannot say: each limit as a sentence, and only where it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.fact_words import moment, name_of
from agent.shadow import Shadowed
from agent.shadow_reading import Reading
from policies.compiler import ENGINE
from policies.pack import Pack

OF_THEN = (
    "Each call is decided on the facts of then; a decision that comes out otherwise would have "
    "changed what came after it."
)
CAPS = (
    "Contact caps are counted forward: a contact that the draft refuses does not count for the "
    "person's later ones, one that it newly allows does, and one that it puts before a person "
    "counts as if it had gone out."
)
BUDGETS = "Money that a refused offer would have freed is not given to anybody else."
ZONES = "Where a person's time zone was not known, the zones that were served then count."


def limits(
    shadowed: Shadowed,
    reading: Reading,
    told: Mapping[str, Any],
    packs: Mapping[str, Pack],
    in_force: str | None,
) -> list[str]:
    """Every limit that holds for this shadow."""
    if not shadowed.looks and not reading.erased:
        return []
    said = [OF_THEN]
    if shadowed.draft.caps:
        said.append(CAPS)
    if shadowed.draft.budgets and any(sums["refused_minor"] for sums in told["money"]):
        said.append(BUDGETS)
    if reading.cut and reading.looks:
        said.append(
            f"Only the newest {_many(reading.limit, 'decision', 'was', 'were')} looked at, from "
            f"{moment(reading.looks[-1].at, None)} on."
        )
    return [*said, *_undecided(told), *_left_out(reading), *_others(shadowed, packs, in_force)]


def _undecided(told: Mapping[str, Any]) -> list[str]:
    undecided = told["undecided"]
    if not undecided["facts"]:
        return []
    names = ", ".join(dict.fromkeys(name_of(each["fact"]) for each in undecided["facts"]))
    return [
        f"{_many(undecided['decisions'], 'decision', 'could', 'could')} not be decided again, "
        f"because the draft asks what was not written down then: {names}."
    ]


def _left_out(reading: Reading) -> list[str]:
    if not reading.erased:
        return []
    people = len(set(reading.erased.values()))
    return [
        f"{_many(len(reading.erased), 'decision', 'was', 'were')} left out, of {people:,} erased "
        f"{'person' if people == 1 else 'people'}: nothing of them can be read any more."
    ]


def _others(
    shadowed: Shadowed,
    packs: Mapping[str, Pack],
    in_force: str | None,
) -> list[str]:
    said = []
    older = sum(look.engine != ENGINE for look in shadowed.looks)
    if older:
        said.append(
            f"{_many(older, 'verdict', 'was', 'were')} given by another release of the gate; what "
            "it said then is compared with what this one says of the draft."
        )
    elsewhere = sum(look.pack != in_force for look in shadowed.looks)
    if in_force is not None and elsewhere:
        said.append(
            f"{_many(elsewhere, 'verdict', 'was', 'were')} given under another version than the "
            "one in force; the draft is compared with what was decided then."
        )
    served = shadowed.draft.params.get("zones_served")
    if any(pack.params.get("zones_served") != served for pack in packs.values()):
        said.append(ZONES)
    return said


def _many(n: int, thing: str, one: str, more: str) -> str:
    return f"{n:,} {thing}{'' if n == 1 else 's'} {one if n == 1 else more}"
