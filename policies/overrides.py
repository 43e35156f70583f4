"""The override budget of a soft rule: how often a reason may lift it, and who answers for that."""

from dataclasses import dataclass
from typing import Final

from ruamel.yaml.nodes import Node

from policies.facts import Fact, FactType
from policies.problems import words
from policies.scope import Scope
from policies.source import Source

MAX_OVERRIDES: Final = 1_000_000
#: A lift is counted when its call becomes an effect; reads and waiting never do.
COUNTED_KINDS: Final = ("contact", "offer", "ticket", "suppression")
_UNITS: Final = ("day", "week", "month", "year")


@dataclass(frozen=True, slots=True)
class Overrides:
    """A reason lifts the rule at most `max` times a calendar `unit` in UTC, the same for everybody.

    When they are used up a person decides; `owner` is who answers for how many there are.
    """

    max: int
    unit: str
    owner: str
    fact: str

    @property
    def used_up(self) -> str:
        """What the gate says when no reason lifts the rule any more."""
        return (
            f"the {self.max} exceptions of this {self.unit} are used up, so a person decides; "
            f"{self.owner} answers for them"
        )


def left_fact(rule: str) -> str:
    """The fact that holds how often a rule may be lifted still."""
    return f"override.{rule}.left"


def read_overrides(
    source: Source,
    node: Node,
    rule: str | None,
    facts: dict[str, Fact],
    *,
    on: tuple[str, ...],
    obeys: Scope,
) -> Overrides | None:
    """Read `overrides:` of a soft rule and declare its fact."""
    keys = source.mapping(node, "overrides", needs=("max", "window", "owner"))
    if keys is None:
        return None
    most = source.integer(keys["max"], "max:")
    if most is not None and not 0 <= most <= MAX_OVERRIDES:
        source.say(keys["max"], f"max: is 0 to {MAX_OVERRIDES}")
    window = source.mapping(keys["window"], "window: of overrides", needs=("calendar",))
    unit = source.string(window["calendar"], "calendar:") if window else None
    if window and unit is not None and unit not in _UNITS:
        source.say(window["calendar"], f"calendar: is one of {words(_UNITS)}, not '{unit}'")
        unit = None
    owner = source.string(keys["owner"], "owner:")
    if uncounted := [kind for kind in on if kind not in COUNTED_KINDS]:
        text = f"overrides: counts effects; add on: without {words(uncounted)}"
        source.say(node, text)
    if rule is None:
        return None
    fact = left_fact(rule)
    facts[fact] = Fact(fact, FactType.INT, on, -MAX_OVERRIDES, MAX_OVERRIDES, when=obeys)
    if most is None or unit is None or owner is None:
        return None
    return Overrides(most, unit, owner, fact)
