"""What a pack says about asking people: how long, whom, and how much may happen unasked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ruamel.yaml.nodes import Node

from policies.facts import Fact, FactType
from policies.scope import CONTACT, OFFER, Scope, read_scope
from policies.source import Source
from policies.windows import read_duration

BLAST_ID: Final = "blast_radius"
BLAST_FACT: Final = "agent.effects_in_window"
#: What counts towards a blast radius, and is held to it: what costs money or reaches somebody.
BLAST_KINDS: Final = (CONTACT, OFFER)
MAX_EFFECTS: Final = 1_000_000_000
ANSWER_WITHIN_US: Final = 24 * 3_600 * 1_000_000
_DAY_US: Final = 86_400 * 1_000_000
_LONGEST_US: Final = 31 * _DAY_US
_WIDEST_US: Final = 7 * _DAY_US


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """So many `effects` of one agent and message within a time need nobody; the next a person.

    How many there are, queued ones too, is the fact `agent.effects_in_window`.
    """

    effects: int
    within_us: int
    obeys: Scope
    because: str
    line: int


@dataclass(frozen=True, slots=True)
class Approvals:
    """How long a question waits before it lapses, the trait that names who answers, the radius."""

    answer_within_us: int = ANSWER_WITHIN_US
    assignee: str | None = None
    blast_radius: BlastRadius | None = None


def read_approvals(source: Source, node: Node, facts: dict[str, Fact]) -> Approvals:
    """Read `approvals:` and declare the fact of its blast radius."""
    keys = source.mapping(
        node, "approvals", may=("answer_within", "assignee", "blast_radius")
    )  # fmt: skip
    if keys is None:
        return Approvals()
    if not node.value:
        source.say(node, "approvals: is empty; leave it out, or say answer_within: PT24H")
    within, assignee, blast = ANSWER_WITHIN_US, None, None
    if "answer_within" in keys:
        within = read_duration(source, keys["answer_within"], "answer_within:") or within
        if not 60_000_000 <= within <= _LONGEST_US:
            source.say(keys["answer_within"], "answer_within: is a minute (PT1M) to 31 days (P31D)")
    if "assignee" in keys:
        assignee = source.string(keys["assignee"], "assignee:")
        if assignee is not None and not (assignee.isascii() and assignee.isidentifier()):
            text = f"'{assignee}' is not the name of a trait such as relationship_manager"
            source.say(keys["assignee"], text)
    if "blast_radius" in keys:
        blast = _blast_radius(source, keys["blast_radius"], facts)
    return Approvals(within, assignee, blast)


def _blast_radius(source: Source, node: Node, facts: dict[str, Fact]) -> BlastRadius | None:
    keys = source.mapping(
        node, "blast_radius", needs=("effects", "within", "because"), may=("obeys",)
    )
    if keys is None:
        return None
    effects = source.integer(keys["effects"], "effects:")
    if effects is not None and not 0 <= effects < MAX_EFFECTS:
        source.say(keys["effects"], f"effects: is 0 to {MAX_EFFECTS - 1}")
    within = read_duration(source, keys["within"], "within:")
    if within is not None and within > _WIDEST_US:
        source.say(keys["within"], "within: is at most 7 days (P7D)")
    because = source.string(keys["because"], "because:")
    obeys: Scope = {}
    if "obeys" in keys:
        obeys = read_scope(source, keys["obeys"], "obeys:", facts)
    facts[BLAST_FACT] = _fact(obeys)
    if effects is None or within is None or because is None:
        return None
    return BlastRadius(effects, within, obeys, because, source.line(node))


def _fact(obeys: Mapping[str, tuple[str, ...]]) -> Fact:
    return Fact(BLAST_FACT, FactType.INT, BLAST_KINDS, 0, MAX_EFFECTS, when=obeys)
