"""How contacts compete: which factors count, and what the business puts on top for a goal.

The formula is `agent.arbitration`'s. A factor that is switched off counts as 1, the contact cost as
nothing; levers are in percent of the rest. A pack built on another says it anew or keeps it: this
chooses between contacts that all rules allow, so no side of it is the stricter one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from ruamel.yaml.nodes import Node

from policies.source import Source

NAME: Final = "arbitration"
PROPENSITY, CHANNEL, VALUE = "propensity", "channel", "value"
LEVERS, CONTACT_COST = "levers", "contact_cost"
FACTORS: Final = (PROPENSITY, CHANNEL, VALUE, LEVERS, CONTACT_COST)
#: A lever of -100 % takes a goal out of the contest, one of 900 % makes it ten times as strong.
LEAST_LEVER, LARGEST_LEVER = -100, 900


@dataclass(frozen=True, slots=True)
class Arbitration:
    """The factors that are switched off, and each goal's lever in percent (0 where none is)."""

    without: frozenset[str] = frozenset()
    levers: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def counts(self, factor: str) -> bool:
        """Whether a factor is switched on."""
        return factor not in self.without


def read_arbitration(source: Source, node: Node) -> Arbitration:
    """Read `arbitration:`; problems are noted in the source."""
    keys = source.mapping(node, f"{NAME}:", may=("without", LEVERS))
    if keys is None:
        return Arbitration()
    if not keys:
        source.say(node, f"{NAME}: is empty; leave it out, or say which factors are off: without:")
    off: tuple[str, ...] = ()
    if "without" in keys:
        off = source.words(keys["without"], "without:", FACTORS)
    levers: dict[str, int] = {}
    said = source.mapping(keys[LEVERS], f"{LEVERS}:", may=None) if LEVERS in keys else None
    for goal, value in (said or {}).items():
        percent = source.integer(value, f"the lever of '{goal}'")
        if percent is None:
            continue
        if not LEAST_LEVER <= percent <= LARGEST_LEVER:
            source.say(value, f"a lever is in percent, from {LEAST_LEVER} to {LARGEST_LEVER}")
            continue
        levers[goal] = percent
    return Arbitration(frozenset(off), MappingProxyType(levers))
