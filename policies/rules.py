"""Hard rules, that nobody overrides, and soft ones, that a recorded reason lifts."""

from collections.abc import Mapping
from dataclasses import dataclass

from ruamel.yaml.nodes import Node

from policies.conditions import Condition, ParamValue, read_condition
from policies.facts import KINDS, LEARNED, Fact, FactType
from policies.limits import NOW, ZONES, read_clock, require_clock_facts
from policies.obligations import (
    CAP_DISCOUNT_BP,
    DEFER_UNTIL_LOCAL,
    REQUIRE_FOOTER,
    VOCABULARY,
)
from policies.overrides import Overrides, read_overrides
from policies.problems import words
from policies.scope import CONTACT, Scope, check_known, read_scope, reads
from policies.source import Source

DISCOUNT = "action.discount_bp"


@dataclass(frozen=True, slots=True)
class Rule:
    """One hard or soft rule. With `then` a hard rule asks for these things instead of denying.

    In `then`, `defer_until_local` is a minute of the day. `obeys` says which contacts are held
    to the rule; calls of other kinds in `on` always are. `overrides`: how often a reason may lift a
    soft rule; as often as there are reasons where it does not say.
    """

    id: str
    soft: bool
    on: tuple[str, ...]
    obeys: Scope
    condition: Condition
    because: str
    then: Mapping[str, int]
    line: int
    overrides: Overrides | None = None

    def facts(self, kind: str) -> tuple[str, ...]:
        """Every fact the rule reads in a call of one kind."""
        scope = reads(self.obeys) if kind == CONTACT else ()
        extra = (DISCOUNT,) if CAP_DISCOUNT_BP in self.then else ()
        if self.overrides is not None:
            extra = (*extra, self.overrides.fact)
        return tuple(dict.fromkeys((*scope, *self.condition.facts, *extra)))


def read_rule(
    source: Source,
    node: Node,
    *,
    soft: bool,
    facts: dict[str, Fact],
    params: Mapping[str, ParamValue],
) -> Rule | None:
    """Read one member of `hard:` or `soft:`."""
    what, when = ("a soft rule", "avoid_when") if soft else ("a hard rule", "never_when")
    may = ("on", "obeys", "overrides") if soft else ("on", "obeys", "then")
    keys = source.mapping(node, what, needs=("id", when, "because"), may=may)
    if keys is None:
        return None
    name = source.identifier(keys["id"])
    on = source.words(keys["on"], "on:", KINDS) if "on" in keys else ()
    because = source.string(keys["because"], "because:")
    condition = read_condition(source, keys[when], facts=facts, params=params, kinds=on)
    if condition is None:
        return None
    if not condition.facts:
        source.say(keys[when], "this condition reads no fact: it would always say the same")
        return None
    if "on" not in keys:
        on = tuple(kind for kind in KINDS if all(kind in facts[f].kinds for f in condition.facts))
        if not on:
            source.say(keys[when], f"no kind of action has all of {words(condition.facts)}")
    obeys: Scope = {}
    if "obeys" in keys:
        obeys = read_scope(source, keys["obeys"], "obeys:", facts)
        if on and CONTACT not in on:
            source.say(keys["obeys"], f"obeys: narrows calls of {CONTACT}, this is not about any")
    check_known(source, keys[when], condition.facts, facts, on=on, obeys=obeys)
    then = _then(source, keys["then"], facts, params, on, obeys) if "then" in keys else {}
    if not soft:
        for fact in condition.facts:
            if fact.startswith(LEARNED):
                source.say(keys[when], f"'{fact}' is learned; only soft rules may read it")
    overrides = None
    if "overrides" in keys:
        overrides = read_overrides(source, keys["overrides"], name, facts, on=on, obeys=obeys)
    if name is None or because is None or not on:
        return None
    line = source.line(keys["id"])
    return Rule(name, soft, on, obeys, condition, because, then, line, overrides)


def _then(
    source: Source,
    node: Node,
    facts: Mapping[str, Fact],
    params: Mapping[str, ParamValue],
    on: tuple[str, ...],
    obeys: Scope,
) -> dict[str, int]:
    owed: dict[str, int] = {}
    keys = source.mapping(node, "then: (the obligations)", may=VOCABULARY)
    if keys is None:
        return owed
    if not node.value:
        source.say(node, f"then: asks for nothing; it may hold {words(VOCABULARY)}")
        return owed
    for key, value in keys.items():
        if key == REQUIRE_FOOTER:
            if source.scalar(value) is not True or set(on) != {CONTACT}:
                source.say(value, f"{key}: is true, and for on: [{CONTACT}] only")
            owed[key] = 1
        elif key == DEFER_UNTIL_LOCAL:
            if set(on) != {CONTACT}:
                source.say(value, f"{key}: is for on: [{CONTACT}] only")
            require_clock_facts(source, value, facts, key)
            check_known(source, value, (NOW, ZONES), facts, on=on, obeys=obeys)
            owed[key] = read_clock(source, value, key) or 0
        elif key == CAP_DISCOUNT_BP:
            owed[key] = _limit(source, value, facts, params, on)
    return owed


def _limit(
    source: Source,
    node: Node,
    facts: Mapping[str, Fact],
    params: Mapping[str, ParamValue],
    on: tuple[str, ...],
) -> int:
    fact = facts.get(DISCOUNT)
    if fact is None or fact.type is not FactType.INT or not set(on) <= set(fact.kinds):
        source.say(node, f"{CAP_DISCOUNT_BP} needs the fact '{DISCOUNT}' for all of on:")
    value = source.scalar(node)
    if isinstance(value, str) and value.startswith("params."):
        value = params.get(value.removeprefix("params."))  # type: ignore[assignment]
    if type(value) is not int or not 0 <= value <= 10_000:
        source.say(
            node, f"{CAP_DISCOUNT_BP} is 0 to 10000 basis points, or such a number of params"
        )
        return 0
    return value
