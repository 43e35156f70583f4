"""The facts a pack may read: a name, a type with its bounds, the kinds of action it is for.

A value that is not exactly of its type is malformed, which the gate treats as missing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
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
    """

    name: str
    type: FactType
    kinds: tuple[str, ...]
    low: int = 0
    high: int = 0
    values: tuple[str, ...] = ()
    age: str | None = None
    max_age: int = 0

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
    if type(value) in (bool, int, str):
        return value  # type: ignore[no-any-return]
    if type(value) is tuple and all(type(part) is str for part in value):
        return value
    return f"<{type(value).__name__}>"


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


def read_facts(source: Source, node: Node, currency: str | None) -> dict[str, Fact]:
    """Read the `facts:` section: `name: {type, for: [kinds]}`."""
    facts: dict[str, Fact] = {}
    for name, body in (source.mapping(node, "facts", may=None) or {}).items():
        if not all(part.isidentifier() for part in name.split(".")) or not name.isascii():
            source.say(body, f"'{name}' is not a fact's name such as customer.orders")
        elif name.startswith(("cap.", "budget.", "params.")):
            source.say(body, f"'{name}': the engine declares cap., budget. and params. itself")
        elif fact := _read_fact(source, name, body, currency):
            facts[name] = fact
    for name, body in (source.mapping(node, "facts", may=None) or {}).items():
        if name in facts and facts[name].age:
            _check_age(source, facts[name], body, facts)
    return facts


_TYPES: Final = ("bool", "int", "enum", "currency", "zones", "instant")


def _read_fact(source: Source, name: str, node: Node, currency: str | None) -> Fact | None:
    what = f"fact '{name}'"
    if isinstance(node, ScalarNode):
        keys: dict[str, Node] = {str(node.value): node}
        if str(node.value) not in ("bool", "zones", "instant", "currency"):
            hint = did_you_mean(str(node.value), _TYPES)
            source.say(node, f"unknown type '{node.value}' of {what}{hint}")
            return None
    else:
        read = source.mapping(node, what, may=(*_TYPES, "for", "age", "max_age_minutes"))
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
    kind, value = types[0], keys[types[0]]
    low, high, values = 0, 0, ()
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


def _check_age(source: Source, fact: Fact, node: Node, facts: Mapping[str, Fact]) -> None:
    age = facts.get(fact.age or "")
    if age is None:
        hint = did_you_mean(fact.age or "", facts)
        source.say(node, f"unknown fact '{fact.age}'{hint}")
    elif age.type is not FactType.INT or not set(fact.kinds) <= set(age.kinds):
        source.say(node, f"'{age.name}' must be an int declared for {words(fact.kinds)} too")
