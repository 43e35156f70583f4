"""The facts a pack may read: a name, a type with its bounds, the kinds of action it is for.

A value that is not exactly of its type is malformed, which the gate treats as missing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from policies.problems import did_you_mean, words
from policies.source import Source
from policies.verdict import FactValue
from policies.zones import known

KINDS: Final = (
    *("read", "contact", "offer", "ticket", "suppression", "control"),
    *("subscription", "recommendation", "booking"),
)
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
    SET = "set"
    JURISDICTIONS = "jurisdictions"
    INSTANT = "instant"


@dataclass(frozen=True, slots=True)
class Fact:
    """One declared fact. `low`/`high` bound an int, `values` are an enum's words or known places.

    A set holds some of `values`, or none. `age` names the fact that holds this one's age in
    minutes, `max_age` the oldest allowed.
    `when` narrows the contacts that need the fact, such as `{class: (marketing,)}`. `says` is what
    the fact is called to people; empty where the pack does not say.
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
    says: str = ""

    def shape(self) -> str:
        """Say in words what a good value looks like."""
        match self.type:
            case FactType.BOOL:
                return "yes or no"
            case FactType.INT:
                return f"a whole number from {self.low} to {self.high}"
            case FactType.ENUM:
                return f"one of {words(self.values)}"
            case FactType.SET:
                return f"some of {words(self.values)}, or none"
            case FactType.ZONES:
                return f"1 to {MAX_ZONES} IANA time zones"
            case FactType.JURISDICTIONS:
                return "places of the file of jurisdictions, or none of them"
            case FactType.INSTANT:
                return "an instant in UTC microseconds"

    def some(self) -> FactValue:
        """One value of this type, it does not matter which."""
        match self.type:
            case FactType.BOOL:
                return False
            case FactType.ENUM:
                return self.values[0]
            case FactType.SET | FactType.JURISDICTIONS:
                return ()
            case FactType.ZONES:
                return ("Etc/UTC",)
            case FactType.INT | FactType.INSTANT:
                return self.low

    def accepts(self, value: Any) -> bool:
        """Whether a value is exactly of this type and within its bounds."""
        match self.type:
            case FactType.BOOL:
                return type(value) is bool
            case FactType.INT:
                return type(value) is int and self.low <= value <= self.high
            case FactType.ENUM:
                return type(value) is str and value in self.values
            case FactType.SET:
                return good_set(value, self.values)
            case FactType.ZONES:
                return good_zones(value)
            case FactType.JURISDICTIONS:
                return good_set(value, self.values)
            case FactType.INSTANT:
                return type(value) is int and 0 <= value <= LAST_INSTANT_US


def good_zones(value: Any) -> bool:
    """Whether a value is a tuple of known zone names, at least one."""
    return (
        type(value) is tuple
        and 0 < len(value) <= MAX_ZONES
        and all(type(name) is str and known(name) for name in value)
    )


def good_set(value: Any, words_: tuple[str, ...]) -> bool:
    """Whether a value is a tuple of different words, each one of those listed."""
    return (
        type(value) is tuple
        and all(type(word) is str and word in words_ for word in value)
        and len(set(value)) == len(value)
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


_TYPES: Final = ("bool", "int", "enum", "set", "currency", "zones", "jurisdictions", "instant")
_BESIDE: Final = ("for", "when", "age", "max_age_minutes", "says")
_BARE: Final = ("bool", "currency", "zones", "jurisdictions", "instant")


def read_facts(
    source: Source,
    node: Node,
    currency: str | None,
    facts: dict[str, Fact],
    places: tuple[str, ...] | None = None,
) -> None:
    """Add what a `facts:` section says: `name: {type, for: [kinds]}`; `when:` is read afterwards.

    `facts` holds those of the packs below. A fact that is declared again is needed for more kinds.
    `places`: ids of the jurisdictions, None where the pack does not say `jurisdictions: true`.
    """
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
            if fact.type is FactType.JURISDICTIONS:
                if places is None:
                    source.say(body, f"'{name}' is for packs that say jurisdictions: true")
                fact = replace(fact, values=places or ())
            again = _again(source, body, facts[name], fact) if name in facts else fact
            if again is not None:
                facts[name] = again


def _again(source: Source, node: Node, old: Fact, new: Fact) -> Fact | None:
    """A fact of a pack below, needed for more kinds of call."""
    restated = isinstance(node, MappingNode) and any(
        str(key.value) in ("when", "age") for key, _ in node.value
    )
    if (old.type, old.low, old.high, old.values) != (new.type, new.low, new.high, new.values):
        source.say(node, f"fact '{old.name}' is {old.shape()} below, and stays so")
    elif restated:
        source.say(node, f"when: and age: of '{old.name}' are said below; only for: adds to it")
    else:
        kinds = tuple(kind for kind in KINDS if kind in old.kinds or kind in new.kinds)
        return replace(old, kinds=kinds, says=new.says or old.says)
    return None


def _read_fact(source: Source, name: str, node: Node, currency: str | None) -> Fact | None:
    what = f"fact '{name}'"
    if isinstance(node, ScalarNode):
        keys: dict[str, Node] = {str(node.value): node}
        if str(node.value) not in _BARE:
            hint = did_you_mean(str(node.value), _TYPES)
            source.say(node, f"unknown type '{node.value}' of {what}{hint}")
            return None
    else:
        read = source.mapping(node, what, may=(*_TYPES, *_BESIDE))
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
    says = source.string(keys["says"], f"says: of {what}") or "" if "says" in keys else ""
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
    elif kind in ("enum", "set"):
        values = source.words(value, f"the words of {what}")
        if not values:
            return None
    elif kind == "currency":
        kind, values = "enum", (currency or "",)
    return Fact(name, FactType(kind), kinds, low, high, values, age, max_age, says=says)


def check_ages(source: Source, node: Node, facts: Mapping[str, Fact]) -> None:
    """Note a problem for each fact whose age is not known wherever the fact itself is."""
    bodies = {str(key.value): body for key, body in node.value}
    for fact in facts.values():
        if fact.age is None or fact.name not in bodies:
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
