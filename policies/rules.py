"""Hard rules, that nobody overrides, soft ones, that a recorded reason lifts, and those that ask.

A rule of `ask:` wants a person to look, whatever the table of autonomy says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ruamel.yaml.nodes import Node

from policies.conditions import Condition, read_condition
from policies.facts import KINDS, LEARNED, Fact, FactType
from policies.limits import NOW, ZONES
from policies.obligations import (
    CAP_DISCOUNT_BP,
    DEFER_UNTIL_LOCAL,
    REQUIRE_FOOTER,
    REQUIRE_WORDING,
    VOCABULARY,
)
from policies.overrides import Overrides, read_overrides
from policies.params import ParamValue
from policies.problems import did_you_mean, words
from policies.quiet_hours import read_clock, require_clock_facts
from policies.scope import CONTACT, Scope, check_known, read_scope, reads
from policies.source import Source
from policies.verdict import Outcome

DISCOUNT = "action.discount_bp"
DISCLOSURES = "action.disclosures"
Strength = Literal["hard", "soft", "ask"]
_WHEN: Final = {"hard": "never_when", "soft": "avoid_when", "ask": "ask_when"}
_MAY: Final = {
    "hard": ("on", "obeys", "then"),
    "soft": ("on", "obeys", "overrides"),
    "ask": ("on", "obeys"),
}
_WHO: Final = {"operator": Outcome.REVIEW, "approver": Outcome.APPROVAL}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. With `then` a hard rule asks for these things instead of denying.

    In `then`, `defer_until_local` is a minute of the day, `require_wording` a disclosure's name.
    `obeys` says which contacts are held to the rule; calls of other kinds in `on` always are.
    `outcome`: what it answers when it fires. `overrides`: how often a reason may lift a soft rule;
    as often as there are reasons where it does not say.
    """

    id: str
    strength: Strength
    outcome: Outcome
    on: tuple[str, ...]
    obeys: Scope
    condition: Condition
    because: str
    then: Mapping[str, int | str]
    line: int
    overrides: Overrides | None = None

    def facts(self, kind: str) -> tuple[str, ...]:
        """Every fact the rule reads in a call of one kind."""
        scope = reads(self.obeys) if kind == CONTACT else ()
        read = {CAP_DISCOUNT_BP: DISCOUNT, REQUIRE_WORDING: DISCLOSURES}
        extra = [fact for owed, fact in read.items() if owed in self.then]
        if self.overrides is not None:
            extra.append(self.overrides.fact)
        return tuple(dict.fromkeys((*scope, *self.condition.facts, *extra)))


def read_rule(
    source: Source,
    node: Node,
    *,
    strength: Strength,
    facts: dict[str, Fact],
    params: Mapping[str, ParamValue],
) -> Rule | None:
    """Read one member of `hard:`, `soft:` or `ask:`."""
    when = _WHEN[strength]
    needs = ("id", when, "of", "because") if strength == "ask" else ("id", when, "because")
    keys = source.mapping(node, f"{_a(strength)} rule", needs=needs, may=_MAY[strength])
    if keys is None:
        return None
    outcome = Outcome.NEEDS_REASON if strength == "soft" else Outcome.DENY
    if strength == "ask":
        who = source.string(keys["of"], "of:")
        if who not in _WHO:
            hint = did_you_mean(who or "", _WHO)
            source.say(keys["of"], f"of: is one of {words(_WHO)}, not '{who}'{hint}")
            return None
        outcome = _WHO[who]
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
    if strength != "soft":
        for fact in condition.facts:
            if fact.startswith(LEARNED):
                source.say(keys[when], f"'{fact}' is learned; only soft rules may read it")
    overrides = None
    if "overrides" in keys:
        overrides = read_overrides(source, keys["overrides"], name, facts, on=on, obeys=obeys)
    if name is None or because is None or not on:
        return None
    line = source.line(keys["id"])
    return Rule(name, strength, outcome, on, obeys, condition, because, then, line, overrides)


def _a(strength: Strength) -> str:
    return f"an {strength}" if strength == "ask" else f"a {strength}"


def _then(
    source: Source,
    node: Node,
    facts: Mapping[str, Fact],
    params: Mapping[str, ParamValue],
    on: tuple[str, ...],
    obeys: Scope,
) -> dict[str, int | str]:
    owed: dict[str, int | str] = {}
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
        elif key == REQUIRE_WORDING:
            owed[key] = _wording(source, value, facts, on)
        elif key == CAP_DISCOUNT_BP:
            owed[key] = _limit(source, value, facts, params, on)
    return owed


def _wording(source: Source, node: Node, facts: Mapping[str, Fact], on: tuple[str, ...]) -> str:
    fact = facts.get(DISCLOSURES)
    if fact is None or fact.type is not FactType.SET or set(on) != {CONTACT} or fact.when:
        needs = f"needs the fact '{DISCLOSURES}' (a set) of every contact, and on: [{CONTACT}]"
        source.say(node, f"{REQUIRE_WORDING} {needs}")
        return ""
    name = source.string(node, REQUIRE_WORDING) or ""
    if name and name not in fact.values:
        hint = did_you_mean(name, fact.values)
        source.say(node, f"'{name}' is not among the words of '{DISCLOSURES}'{hint}")
    return name


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
