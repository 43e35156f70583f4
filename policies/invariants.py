"""What must hold whatever the rules of a pack come to say: `invariants:`.

Each names cases and the mildest answer they may get. Nothing is decided by them; they are proved
over every fact there could be when a pack is checked, and a pack that breaks one is not published.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ruamel.yaml.nodes import Node

from policies.conditions import Condition, read_condition
from policies.facts import KINDS, Fact
from policies.params import ParamValue
from policies.problems import did_you_mean, words
from policies.source import Source
from policies.verdict import Outcome

AT_LEAST: Final = {"deny": Outcome.DENY, "approval": Outcome.APPROVAL, "review": Outcome.REVIEW}


@dataclass(frozen=True, slots=True)
class Invariant:
    """Calls of these kinds for which the condition is true get `at_least` this answer."""

    id: str
    on: tuple[str, ...]
    condition: Condition
    at_least: Outcome
    because: str
    file: str
    line: int
    col: int


def read_invariant(
    source: Source, node: Node, *, facts: Mapping[str, Fact], params: Mapping[str, ParamValue]
) -> Invariant | None:
    """Read one member of `invariants:`; None, with its problems noted, when it cannot be used."""
    needs = ("id", "when", "at_least", "because")
    keys = source.mapping(node, "an invariant", needs=needs, may=("on",))
    if keys is None:
        return None
    name = source.identifier(keys["id"])
    on = source.words(keys["on"], "on:", KINDS) if "on" in keys else ()
    because = source.string(keys["because"], "because:")
    asked = source.string(keys["at_least"], "at_least:")
    if asked is not None and asked not in AT_LEAST:
        hint = did_you_mean(asked, AT_LEAST)
        text = f"at_least: is one of {words(AT_LEAST)}, not '{asked}'{hint}"
        source.say(keys["at_least"], text)
    condition = read_condition(source, keys["when"], facts=facts, params=params, kinds=on)
    if condition is None:
        return None
    if not condition.facts:
        source.say(keys["when"], "this condition reads no fact: it would always say the same")
        return None
    if "on" not in keys:
        on = tuple(kind for kind in KINDS if all(kind in facts[f].kinds for f in condition.facts))
        if not on:
            source.say(keys["when"], f"no kind of action has all of {words(condition.facts)}")
    outcome = AT_LEAST.get(asked or "")
    if name is None or because is None or outcome is None or not on:
        return None
    line, col = source.place(keys["id"], 0)
    return Invariant(name, on, condition, outcome, because, source.file, line + 1, col + 1)
