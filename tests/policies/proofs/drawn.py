"""Random facts for a kind of call of a pack, near the values at which its answers change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random
from typing import Any

from policies.facts import Fact, FactType
from policies.limits import NOW
from policies.pack import Pack
from tests.policies.packs import HOUR, NOON

ZONES = (("Etc/UTC",), ("Europe/Berlin", "Pacific/Auckland"), ("America/St_Johns",))


def numbers_of(*texts: str) -> list[int]:
    """Every number that stands in a text: where answers change."""
    return sorted({int(found) for text in texts for found in re.findall(r"-?\b\d{1,9}\b", text)})


def facts(
    pack: Pack, kind: str, chance: Random, near: list[int], *, zones: bool = True
) -> dict[str, Any]:
    """Good values for all facts that calls of this kind need, drawn at random."""
    declared: Mapping[str, Fact] = pack.content.facts_for(kind)
    drawn = {name: value(fact, chance, near, zones=zones) for name, fact in declared.items()}
    for name, fact in declared.items():
        if fact.age is not None and chance.random() < 0.8:
            drawn[fact.age] = min(drawn[fact.age], fact.max_age)
        assert fact.accepts(drawn[name])
    return drawn


def value(fact: Fact, chance: Random, near: list[int], *, zones: bool = True) -> Any:
    """One good value of a fact."""
    match fact.type:
        case FactType.BOOL:
            return chance.random() < 0.5
        case FactType.ENUM:
            return chance.choice(fact.values)
        case FactType.ZONES:
            return chance.choice(ZONES) if zones else ZONES[0]
        case FactType.INSTANT:
            return NOON - NOON % HOUR + chance.randrange(48 * 60) * 60_000_000
    if fact.name == NOW or not near or chance.random() < 0.1:
        return chance.randint(fact.low, fact.high)
    wanted = chance.choice(near) + chance.choice((-1, 0, 1))
    return min(fact.high, max(fact.low, wanted))
