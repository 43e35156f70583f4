"""The facts a pack may read: a name, a type with its bounds, the kinds of action it is for.

A value that is not exactly of its type is malformed, which the gate treats as missing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from ruamel.yaml.nodes import Node, ScalarNode

from policies.problems import did_you_mean, words
from policies.source import Source
from policies.verdict import FactValue
from policies.zones import known

KINDS: Final = ("read", "contact", "offer", "ticket", "suppression", "control")
LAST_INSTANT_US: Final = 7_258_118_400_000_000  # the year 2200
MONEY: Final = 10**15
MAX_ZONES: Final = 64
MAX_SHOWN: Final = 200
LEARNED: Final = "learned."


class FactType(StrEnum):
    """How a fact's value is written in a mapping of facts."""

    BOOL = "bool"
    INT = "int"
    ENUM = "enum"
    ZONES = "zones"
    INSTANT = "instant"


@dataclass(frozen=True, slots=True)
class Fact:
    """One declared fact. `low`/`high` bound an int, `values` are an enum's words.

    `age` names the fact that holds this one's age in minutes, `max_age` the oldest allowed.
    `when` narrows the contacts that need the fact, such as `{class: (marketing,)}`.
    """

    name: str
    type: FactType
    kinds: tuple[str, ...]
    low: int = 0
    high: int = 0
    values: tuple[str, ...] = ()
    age: str | None = None
    max_age: int = 0
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def shape(self) -> str:
        """Say in words what a good value looks like."""
        match self.type:
            case FactType.BOOL:
                return "yes or no"
            case FactType.INT:
                return f"a whole number from {self.low} to {self.high}"
            case FactType.ENUM:
                return f"one of {words(self.values)}"
            case FactType.ZONES:
                return f"1 to {MAX_ZONES} IANA time zones"
            case FactType.INSTANT:
                return "an instant in UTC microseconds"

    def accepts(self, value: Any) -> bool:
        """Whether a value is exactly of this type and within its bounds."""
        match self.type:
            case FactType.BOOL:
                return type(value) is bool
            case FactType.INT:
                return type(value) is int and self.low <= value <= self.high
            case FactType.ENUM:
                return type(value) is str and value in self.values
            case FactType.ZONES:
                return good_zones(value)
            case FactType.INSTANT:
                return type(value) is int and 0 <= value <= LAST_INSTANT_US


def good_zones(value: Any) -> bool:
    """Whether a value is a tuple of known zone names, at least one."""
    return (
        type(value) is tuple
        and 0 < len(value) <= MAX_ZONES
        and all(type(name) is str and known(name) for name in value)
    )


def plain(value: Any) -> Any:
    """A `StrEnum` member as the word it stands for; any other value as it is."""
    return value.value if isinstance(value, StrEnum) else value


def shown(value: Any) -> FactValue:
    """A malformed value in a form that can be written down: itself, or its type's name."""
    if type(value) is bool or (type(value) is int and -(2**63) <= value < 2**63):
        return value
    if type(value) is str and len(value) <= MAX_SHOWN and _encodes(value):
        return value
    if type(value) is tuple and len(value) <= MAX_ZONES:
        return tuple(part if type(part) is str and shown(part) == part else "?" for part in value)
    return f"<{type(value).__name__}>"


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def line_of(name: str, value: FactValue) -> str:
    """One fact as it enters the facts' digest; the compiler writes the same for good values."""
    if isinstance(value, tuple):
        return f"{name}={','.join(value)}\n"
    return f"{name}={value}\n"


def broken_line_of(name: str, facts: Mapping[str, FactValue]) -> str:
    """A missing or malformed fact as it enters the facts' digest."""
    if name not in facts:
        return f"{name}?\n"
    return f"{name}!{json.dumps(shown(facts[name]))}\n"


_TYPES: Final = ("bool", "int", "enum", "currency", "zones", "instant")
_BARE: Final = ("bool", "currency", "zones", "instant")


def read_facts(source: Source, node: Node, currency: str | None) -> dict[str, Fact]:
    """Read the `facts:` section: `name: {type, for: [kinds]}`; `when:` is read afterwards."""
    facts: dict[str, Fact] = {}
    bodies = source.mapping(node, "facts", may=None) or {}
    for name, body in bodies.items():
        if not all(part.isidentifier() for part in name.split(".")) or not name.isascii():
            source.say(body, f"'{name}' is not a fact's name such as customer.orders")
        elif name.startswith(("cap.", "budget.", "params.")):
            source.say(body, f"'{name}': the engine declares cap., budget. and params. itself")
        elif name.startswith("override."):
            source.say(body, f"'{name}': the engine declares override. itself")
        elif name == "agent.effects_in_window":
            source.say(body, f"'{name}': the engine declares it itself, for approvals.blast_radius")
        elif fact := _read_fact(source, name, body, currency):
            facts[name] = fact
    return facts


def _read_fact(source: Source, name: str, node: Node, currency: str | None) -> Fact | None:
    what = f"fact '{name}'"
    if isinstance(node, ScalarNode):
        keys: dict[str, Node] = {str(node.value): node}
        if str(node.value) not in _BARE:
            hint = did_you_mean(str(node.value), _TYPES)
            source.say(node, f"unknown type '{node.value}' of {what}{hint}")
            return None
    else:
        read = source.mapping(node, what, may=(*_TYPES, "for", "when", "age", "max_age_minutes"))
        if read is None:
            return None
        keys = read
    types = [key for key in keys if key in _TYPES]
    if len(types) != 1:
        source.say(node, f"{what} needs exactly one type of {words(_TYPES)}")
        return None
    kinds = source.words(keys["for"], f"for: of {what}", KINDS) if "for" in keys else KINDS
    age, max_age = None, 0
    if ("age" in keys) != ("max_age_minutes" in keys):
        source.say(node, f"{what} needs both age: and max_age_minutes:, or neither")
    elif "age" in keys:
        age = source.string(keys["age"], f"age: of {what}")
        max_age = source.integer(keys["max_age_minutes"], f"max_age_minutes: of {what}") or 0
        if max_age < 0:
            source.say(keys["max_age_minutes"], f"max_age_minutes: of {what} is 0 or more")
    kind, value = types[0], keys[types[0]]
    low, high, values = 0, 0, tuple[str, ...]()
    if kind in _BARE and value is not node and (not isinstance(value, ScalarNode) or value.value):
        source.say(value, f"{kind} of {what} takes no value")
        return None
    if kind == "int":
        bounds = [source.integer(item, f"a bound of {what}") for item in source.items(value, what)]
        if len(bounds) != 2 or bounds[0] is None or bounds[1] is None or bounds[0] > bounds[1]:
            source.say(value, f"{what} needs bounds such as [0, 10000], the lower one first")
            return None
        low, high = bounds[0], bounds[1]
    elif kind == "enum":
        values = source.words(value, f"the words of {what}")
        if not values:
            return None
    elif kind == "currency":
        kind, values = "enum", (currency or "",)
    return Fact(name, FactType(kind), kinds, low, high, values, age, max_age)


def check_ages(source: Source, node: Node, facts: Mapping[str, Fact]) -> None:
    """Note a problem for each fact whose age is not known wherever the fact itself is."""
    bodies = {str(key.value): body for key, body in node.value}
    for fact in facts.values():
        if fact.age is None:
            continue
        age = facts.get(fact.age)
        if age is None:
            hint = did_you_mean(fact.age, facts)
            source.say(bodies[fact.name], f"unknown fact '{fact.age}'{hint}")
        elif age.type is not FactType.INT or not set(fact.kinds) <= set(age.kinds):
            text = f"'{age.name}' must be an int declared for {words(fact.kinds)} too"
            source.say(bodies[fact.name], text)
        elif age.when and age.when != fact.when:
            source.say(bodies[fact.name], f"'{age.name}' must be known whenever this fact is")
