"""A policy pack: one YAML file, read once, then asked about every call.

`load_pack` refuses a pack that has any problem and tells them all. A loaded pack is pure:
no clock, no I/O; the same facts get the same verdict, byte for byte.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Final, TypeVar

from ruamel.yaml.nodes import Node, SequenceNode

from policies.compiler import compile_kind
from policies.conditions import ParamValue
from policies.content import ENGINE, QUIET_ID, Content
from policies.facts import KINDS, Fact, check_ages, read_facts, shown
from policies.limits import (
    NOW,
    OFFER,
    ZONES,
    Budget,
    Cap,
    QuietHours,
    read_budget,
    read_cap,
    read_quiet,
)
from policies.nearness import Nearness, limits_of, near
from policies.obligations import clock
from policies.problems import PolicyError, Problem
from policies.rules import Rule, Strength, read_rule
from policies.scope import CONTACT, read_when, reads, said
from policies.source import Source
from policies.tables import GATE, Table, read_table
from policies.verdict import FactValue, Fired, FiredKind, Outcome, Verdict
from policies.zones import known

__all__ = ["Pack", "PolicyError", "Problem", "RuleView", "load_pack"]

NO_OVERRIDES: Final[Mapping[str, str]] = MappingProxyType({})
_SECTIONS: Final = ("params", "hard", "soft", "ask", "tables", "caps", "quiet_hours", "budgets")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RuleView:
    """What there is to say about one rule: where it stands, what it asks, and why."""

    id: str
    kind: FiredKind
    on: tuple[str, ...]
    because: str
    condition: str
    facts: tuple[str, ...]
    file: str
    line: int


class Pack:
    """One loaded pack."""

    def __init__(self, content: Content, *, file: str) -> None:
        """Compile the checked content; use `load_pack` to come by it."""
        self.content = content
        self.file = file
        self.name: str = content.name
        self.version: int = content.version
        self.sha256: str = content.sha256
        self.currency: str = content.currency
        self.params: Mapping[str, ParamValue] = MappingProxyType(dict(content.params))
        self.caps: tuple[Cap, ...] = content.caps
        self.budgets: tuple[Budget, ...] = content.budgets
        self.quiet_hours: QuietHours | None = content.quiet
        self.tables: tuple[Table, ...] = content.tables
        self.facts: Mapping[str, Fact] = MappingProxyType(dict(content.facts))
        self._needs = {kind: frozenset(content.facts_for(kind)) for kind in KINDS}
        self._decide = {kind: compile_kind(content, kind) for kind in KINDS}
        self._limits = {kind: limits_of(content, kind) for kind in KINDS}
        self._views = {view.id: view for view in _views(content, file)}

    def needs(self, kind: str) -> frozenset[str]:
        """Names of the facts that calls of this kind need; empty for an unknown kind."""
        return self._needs.get(kind, frozenset())

    def decide(
        self,
        kind: str,
        facts: Mapping[str, FactValue],
        *,
        call_digest: str,
        overrides: Mapping[str, str] = NO_OVERRIDES,
    ) -> Verdict:
        """Decide one call.

        Facts that the kind does not need are not looked at. `overrides` gives reasons by
        soft rule id. An unknown kind of action is denied, as is any missing fact.
        """
        decide = self._decide.get(kind) if isinstance(kind, str) else None
        if decide is None:
            return self._unknown(kind, call_digest)
        return decide(facts, call_digest, overrides)

    def near(self, kind: str, facts: Mapping[str, FactValue]) -> tuple[Nearness, ...]:
        """The hard limits that a call with these facts came close to, the closest first."""
        return near(self._limits.get(kind, ()), facts)

    def rule(self, rule_id: str) -> RuleView | None:
        """Look up a rule, a cap, a table's row (`table.row`) or `quiet_hours` by its id."""
        return self._views.get(rule_id)

    @property
    def rules(self) -> tuple[RuleView, ...]:
        """Every rule of the pack, in the order of the file."""
        return tuple(sorted(self._views.values(), key=lambda view: (view.line, view.id)))

    def _unknown(self, kind: str, call_digest: str) -> Verdict:
        kind = str(shown(kind))
        because = f"'{kind}' is no kind of action that this gate knows"
        fired = Fired("missing:kind", FiredKind.MISSING, because, {}, Outcome.DENY)
        digest = sha256(f"{kind}\n".encode("utf-8", "surrogatepass")).hexdigest()
        return Verdict(
            Outcome.DENY, (fired,), {}, self.name, self.version, self.sha256, ENGINE,
            call_digest, digest,
        )  # fmt: skip


def load_pack(text: str, *, file: str) -> Pack:
    """Read a pack's text; raises PolicyError with every problem, `file` names it in them."""
    source = Source(file, text)
    content = _read(source)
    if source.problems or content is None:
        raise PolicyError(source.problems)
    return Pack(content, file=file)


def _read(source: Source) -> Content | None:
    root = source.root()
    if root is None:
        return None
    keys = source.mapping(
        root, "the pack", needs=("policy", "version", "currency", "facts"), may=_SECTIONS
    )
    if keys is None:
        return None
    name = source.string(keys["policy"], "policy:")
    version = source.integer(keys["version"], "version:")
    if version is not None and not 1 <= version < 2**31:
        source.say(keys["version"], "version: counts from 1")
    currency = source.string(keys["currency"], "currency:")
    if currency and not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        source.say(keys["currency"], f"'{currency}' is not an ISO 4217 code such as EUR")
    params = _params(source, keys["params"]) if "params" in keys else {}
    facts = read_facts(source, keys["facts"], currency)
    if facts:
        read_when(source, keys["facts"], facts)
        check_ages(source, keys["facts"], facts)

    def members(section: str, read: Callable[[Node], T | None]) -> tuple[T, ...]:
        node = keys.get(section)
        if node is None:
            return ()
        found = (read(item) for item in source.items(node, f"{section}:"))
        return tuple(item for item in found if item is not None)

    # Caps and budgets come first: they declare facts that conditions may read.
    caps = members("caps", lambda node: read_cap(source, node, facts))
    budgets = members("budgets", lambda node: read_budget(source, node, facts))
    quiet = read_quiet(source, keys["quiet_hours"], facts) if "quiet_hours" in keys else None

    def read_rules(strength: Strength) -> tuple[Rule, ...]:
        return members(
            strength,
            lambda node: read_rule(source, node, strength=strength, facts=facts, params=params),
        )

    rules = (*read_rules("hard"), *read_rules("soft"), *read_rules("ask"))
    tables = members("tables", lambda node: read_table(source, node, facts=facts, params=params))
    if name is None or version is None or currency is None:
        return None
    digest = sha256(source.text.encode("utf-8", "surrogatepass")).hexdigest()
    return Content(
        name, version, digest, currency, facts, params, rules, tables, caps, quiet, budgets
    )


def _params(source: Source, node: Node) -> dict[str, ParamValue]:
    params: dict[str, ParamValue] = {}
    for key, value in (source.mapping(node, "params", may=None) or {}).items():
        if not (key.isidentifier() and key.isascii()):
            source.say(value, f"'{key}' is not a name such as max_discount_bp")
        elif isinstance(value, SequenceNode):
            params[key] = source.words(value, f"params.{key}")
            for item in value.value if key.startswith("zones") else ():
                if not known(str(item.value)):
                    source.say(item, f"unknown time zone '{item.value}'")
        else:
            scalar = source.scalar(value)
            if scalar is None or scalar == "":
                source.say(value, f"params.{key} must be a whole number, text or list of texts")
            else:
                params[key] = scalar
    return params


def _views(content: Content, file: str) -> list[RuleView]:
    views: list[RuleView] = []
    for rule in content.rules:
        kind = FiredKind(rule.strength)
        text = rule.condition.text + (f", for {said(rule.obeys)}" if rule.obeys else "")
        names = rule.facts(CONTACT if CONTACT in rule.on else "")
        views.append(RuleView(rule.id, kind, rule.on, rule.because, text,
                              names, file, rule.line))  # fmt: skip
    for table in content.tables:
        kind = FiredKind.AUTONOMY if table.outcome == GATE else FiredKind.TABLE
        for row in table.rows:
            views.append(RuleView(f"{table.id}.{row.id}", kind, table.on, row.because, row.text,
                                  table.facts, file, row.line))  # fmt: skip
    for cap in content.caps:
        text = f"{cap.fact} + 1 > {cap.max} for {said(cap.obeys)}"
        views.append(RuleView(cap.id, FiredKind.CAP, (CONTACT,), cap.because, text,
                              (cap.fact, *reads(cap.obeys)), file, cap.line))  # fmt: skip
    for budget in content.budgets:
        text = f"{budget.charges} > {budget.fact}"
        views.append(RuleView(budget.id, FiredKind.BUDGET, (OFFER,), budget.because, text,
                              (budget.charges, budget.fact), file, budget.line))  # fmt: skip
    if quiet := content.quiet:
        text = f"local time in [{clock(quiet.start)}, {clock(quiet.end)}) for {said(quiet.obeys)}"
        views.append(RuleView(QUIET_ID, FiredKind.QUIET, (CONTACT,), quiet.because, text,
                              (NOW, ZONES, *reads(quiet.obeys)), file, quiet.line))  # fmt: skip
    return views
