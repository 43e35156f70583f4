"""From the texts of a pack to its content, or to every problem that is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

from ruamel.yaml.nodes import Node

from policies.approvals import BLAST_ID, Approvals, read_approvals
from policies.arbitration import NAME as CONTEST
from policies.arbitration import Arbitration, read_arbitration
from policies.caps import Cap, read_cap
from policies.content import Content, Text
from policies.facts import Fact, check_ages, read_facts
from policies.invariants import Invariant, read_invariant
from policies.jurisdictions import FILE, NAME, Jurisdiction, read_jurisdictions, require_facts
from policies.layers import Layer, digest, open_layers
from policies.limits import Budget, read_budget
from policies.params import Param, ParamValue, read_params
from policies.problems import PolicyError
from policies.quiet_hours import QUIET_ID, SPREAD_MINUTES, QuietHours, read_quiet_hours
from policies.rules import Rule, Strength, read_rule
from policies.scope import read_when
from policies.source import Source
from policies.tables import Table, read_table

_STRENGTHS: Final[tuple[Strength, ...]] = ("hard", "soft", "ask")
T = TypeVar("T")


def read(
    source: Source, library: Mapping[str, str], what_if: Mapping[str, ParamValue]
) -> Content | None:
    """Read a text and those it is built on; None, or problems noted, where it cannot be used.

    `library`: other texts by the name of their pack. `what_if`: params taken to be something else.
    """
    layers = open_layers(source, library)
    if not layers:
        return None
    reading = _Reading(layers, library, what_if)
    return reading.content()


class _Reading:
    def __init__(
        self, layers: list[Layer], library: Mapping[str, str], what_if: Mapping[str, ParamValue]
    ) -> None:
        self.layers = layers
        self.library = library
        self.taken: dict[str, str] = {}
        self.files: dict[str, str] = {}
        self.currency = self._currency()
        self.params = self._params(what_if)
        self.laws = self._laws()
        self.facts = self._facts()

    def content(self) -> Content | None:
        """Every part of every layer, the lowest first."""
        # Caps and budgets come first: they declare facts that conditions may read.
        caps: list[Cap] = []
        budgets: list[Budget] = []
        quiet: list[QuietHours] = []
        spread = SPREAD_MINUTES
        rules: list[Rule] = []
        tables: list[Table] = []
        invariants: list[Invariant] = []
        goals: tuple[str, ...] = ()
        asks: Approvals | None = None
        contest = Arbitration()
        for layer in self._in_turn():
            asks = self._approvals(layer, asks)
            if CONTEST in layer.keys:
                contest = read_arbitration(layer.source, layer.keys[CONTEST])
            caps += _members(layer, "caps", self._cap)
            budgets += _members(layer, "budgets", self._budget)
            if QUIET_ID in layer.keys:
                found, spread = self._quiet(layer)
                quiet += found
        for layer in self._in_turn():
            for strength in _STRENGTHS:
                rules += _members(layer, strength, self._rule(strength))
            tables += _members(layer, "tables", self._table)
            invariants += _members(layer, "invariants", self._invariant)
        top = self.layers[-1]
        if self.laws:
            first = next(layer for layer in self.layers if NAME in layer.keys)
            require_facts(first.source, first.keys[NAME], self.facts)
        if "goals" in top.keys:
            goals = top.source.words(top.keys["goals"], "goals:")
        if self.currency is None:
            return None
        return Content(
            name=top.name,
            version=top.version,
            sha256=digest(self.layers, {NAME: self.library[NAME]} if self.laws else {}),
            currency=self.currency,
            facts=self.facts,
            params=self.params,
            rules=tuple(rules),
            tables=tuple(tables),
            caps=tuple(caps),
            quiet=tuple(quiet),
            spread_minutes=spread,
            laws=self.laws or (),
            budgets=tuple(budgets),
            goals=goals,
            four_eyes=self._four_eyes(),
            texts=tuple(
                Text(layer.name, layer.version, layer.source.file, layer.source.text)
                for layer in self.layers
            ),
            files=self.files,
            approvals=asks or Approvals(),
            arbitration=contest,
            invariants=tuple(invariants),
        )

    def _in_turn(self) -> Iterator[Layer]:
        """Each layer, told which ids are taken below it; afterwards its own are known."""
        for layer in self.layers:
            own = layer.source.file
            for name, place in self.taken.items():
                layer.source.seen[name] = place.removesuffix(f" of {own}")
            yield layer
            for name, place in layer.source.seen.items():
                if name not in self.taken:
                    self.taken[name] = f"{place} of {own}"
                    self.files[name] = own

    def _currency(self) -> str | None:
        found: str | None = None
        for layer in self.layers:
            if "currency" not in layer.keys:
                continue
            node, source = layer.keys["currency"], layer.source
            said = source.string(node, "currency:")
            if said and not (len(said) == 3 and said.isascii() and said.isupper()):
                source.say(node, f"'{said}' is not an ISO 4217 code such as EUR")
            found = said or found
        return found

    def _params(self, what_if: Mapping[str, ParamValue]) -> dict[str, ParamValue]:
        params: dict[str, Param] = {}
        for layer in self.layers:
            if "params" in layer.keys:
                params |= read_params(layer.source, layer.keys["params"], params)
        return {name: what_if.get(name, param.value) for name, param in params.items()}

    def _facts(self) -> dict[str, Fact]:
        facts: dict[str, Fact] = {}
        places = None if self.laws is None else tuple(law.id for law in self.laws)
        for layer in self.layers:
            if "facts" not in layer.keys:
                continue
            source, node = layer.source, layer.keys["facts"]
            read_facts(source, node, self.currency, facts, places)
            if facts:
                read_when(source, node, facts)
                check_ages(source, node, facts)
        return facts

    def _four_eyes(self) -> bool:
        said = False
        for layer in self.layers:
            if "four_eyes" in layer.keys:
                value = layer.source.scalar(layer.keys["four_eyes"])
                if not isinstance(value, bool) or (said and not value):
                    layer.source.say(
                        layer.keys["four_eyes"],
                        "four_eyes: is true or false, and true stays true for packs built on it",
                    )
                said = said or value is True
        return said

    def _quiet(self, layer: Layer) -> tuple[tuple[QuietHours, ...], int]:
        node = layer.keys[QUIET_ID]
        found, spread = read_quiet_hours(layer.source, node, self.facts)
        rules = {law.rule for law in self.laws or ()}
        for quiet in found:
            if quiet.id in rules:
                layer.source.say(node, f"'{quiet.id}' is the rule of a jurisdiction")
            elif self.files.get(quiet.id, layer.source.file) != layer.source.file:
                layer.source.say(
                    node, f"{QUIET_ID} of {self.files[QUIET_ID]} stay; give these an id:"
                )
            else:
                self.files[quiet.id] = layer.source.file
        return found, spread

    def _approvals(self, layer: Layer, below: Approvals | None) -> Approvals | None:
        """How people are asked: sooner than below, never later."""
        if "approvals" not in layer.keys:
            return below
        node = layer.keys["approvals"]
        said = read_approvals(layer.source, node, self.facts)
        if said.blast_radius is not None:
            if BLAST_ID in self.files:
                layer.source.say(node, "blast_radius: is said below, and stays so")
            self.files[BLAST_ID] = layer.source.file
        if below is None:
            return said
        if said.answer_within_us > below.answer_within_us:
            layer.source.say(node, "answer_within: may be shorter than below, not longer")
        return Approvals(
            said.answer_within_us,
            said.assignee or below.assignee,
            said.blast_radius or below.blast_radius,
        )

    def _laws(self) -> tuple[Jurisdiction, ...] | None:
        """The jurisdictions that the pack applies; None where it applies none."""
        said = [layer for layer in self.layers if NAME in layer.keys]
        for layer in said:
            if layer.source.scalar(layer.keys[NAME]) is not True:
                layer.source.say(layer.keys[NAME], f"{NAME}: is true, or is left out")
                return None
        if not said:
            return None
        if NAME not in self.library:
            said[0].source.say(said[0].keys[NAME], f"{NAME}: needs {FILE}, which is not there")
            return ()
        try:
            return read_jurisdictions(self.library[NAME])
        except PolicyError as error:
            said[0].source.problems += error.problems
            return ()

    def _cap(self, source: Source, node: Node) -> Cap | None:
        return read_cap(source, node, self.facts)

    def _budget(self, source: Source, node: Node) -> Budget | None:
        return read_budget(source, node, self.facts)

    def _table(self, source: Source, node: Node) -> Table | None:
        return read_table(source, node, facts=self.facts, params=self.params)

    def _invariant(self, source: Source, node: Node) -> Invariant | None:
        return read_invariant(source, node, facts=self.facts, params=self.params)

    def _rule(self, strength: Strength) -> Callable[[Source, Node], Rule | None]:
        return lambda source, node: read_rule(
            source, node, strength=strength, facts=self.facts, params=self.params
        )


def _members(layer: Layer, section: str, read_one: Callable[[Source, Node], T | None]) -> list[T]:
    node = layer.keys.get(section)
    if node is None:
        return []
    found = (read_one(layer.source, item) for item in layer.source.items(node, f"{section}:"))
    return [item for item in found if item is not None]
