"""Each rule, table, cap, budget and the quiet hours as a few lines of Python: a clause.

Only checked names, numbers and quoted words get into the lines. A clause names the facts it
reads, so that it can be left out when one of them is not known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from policies.approvals import BLAST_FACT, BLAST_ID, BLAST_KINDS, BlastRadius
from policies.caps import Cap
from policies.content import CANNOT_BE_MET, OVERRIDE_OF_HARD, Content
from policies.expressions import code
from policies.facts import Fact, FactType
from policies.jurisdictions import CHANNEL, CLASS, JURISDICTIONS, MARKETING
from policies.limits import NOW, USEFUL, ZONES, Budget
from policies.obligations import (
    DEFER_UNTIL_LOCAL,
    NOT_BEFORE_US,
    REQUIRE_FOOTER,
    SPREAD_UNTIL_US,
    clock,
)
from policies.rules import DISCLOSURES, DISCOUNT, Rule
from policies.scope import CONTACT, OFFER, Scope, reads, test
from policies.tables import GATE, LIMITS, Cell, Table
from policies.telling import Wants, nothing, of_cap, of_limit, of_rule, of_table
from policies.verdict import FiredKind, Outcome

TOO_LATE = "The message may only leave when it is no longer of use"
NO_ROW = "No row of the autonomy matrix fits, so a person decides"
NO_LIFT = "Somebody tried to lift a rule that nobody may lift"


@dataclass(frozen=True, slots=True)
class Clause:
    """Lines of code, and the facts they read.

    `wants(known)`: the facts that are wanted before it can be told what the clause says; none where
    it says the same whatever they are. `if_unknown`: the lines to run instead where a fact it reads
    is missing.
    """

    reads: tuple[str, ...]
    lines: tuple[str, ...]
    wants: Wants
    if_unknown: tuple[str, ...]


@dataclass
class Clauses:
    """The clauses for calls of one kind; `of` names the variable that holds each fact.

    A rule that fires calls `add((S, F(...)))`; without `reasons`, `add((S, outcome))`. `places`
    gives the number of each S: by it the fired rules sort strictest first, then by id.
    """

    content: Content
    kind: str
    of: Mapping[str, str]
    reasons: bool = True
    every: list[Clause] = field(default_factory=list)
    _sites: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        content, kind = self.content, self.kind
        self._overrides()
        for rule in content.rules:
            if kind in rule.on:
                self._rule(rule)
        for table in content.tables:
            if kind in table.on:
                self._table(table)
        if not any(kind in table.on and table.outcome == GATE for table in content.tables):
            self._add(
                (),
                [self._fire("autonomy.unmatched", FiredKind.AUTONOMY, Outcome.APPROVAL, NO_ROW)],
                nothing,
            )
        for cap in content.caps:
            if cap.on == kind:
                self._cap(cap)
        if kind == CONTACT:
            if content.quiet or content.laws:
                self._quiet()
            if self.defers:
                self._too_late()
        if kind in BLAST_KINDS and content.approvals.blast_radius is not None:
            self._blast(content.approvals.blast_radius)
        if kind == OFFER:
            for budget in content.budgets:
                self._budget(budget)

    @property
    def defers(self) -> bool:
        """Whether anything may put off calls of this kind; then the code has a variable `hold`."""
        if self.kind != CONTACT:
            return False
        return bool(self.content.quiet or self.content.laws) or any(
            DEFER_UNTIL_LOCAL in rule.then and self.kind in rule.on for rule in self.content.rules
        )

    def places(self) -> dict[str, int]:
        """The number of each place that fires."""
        order = {site: place for place, site in enumerate(sorted(set(self._sites)))}
        return {f"S{number}": order[site] for number, site in enumerate(self._sites)}

    def _add(
        self,
        facts: tuple[str, ...],
        lines: list[str],
        wants: Wants,
        if_unknown: list[str] | None = None,
    ) -> None:
        instead = tuple(lines if if_unknown is None else if_unknown)
        self.every.append(Clause(facts, tuple(lines), wants, instead))

    def _fire(
        self,
        rule: str,
        kind: FiredKind,
        outcome: Outcome,
        because: str,
        facts: tuple[str, ...] = (),
        *,
        seen: str = "",
    ) -> str:
        seen = seen or "{" + ", ".join(f"{name!r}: {self.of[name]}" for name in facts) + "}"
        self._sites.append((-outcome.rank, rule))
        site = f"S{len(self._sites) - 1}"
        if not self.reasons:
            return f"add(({site}, O_{outcome.name}))"
        return f"add(({site}, F({rule!r}, K_{kind.name}, {because!r}, {seen}, O_{outcome.name})))"

    def _overrides(self) -> None:
        fire = self._fire(OVERRIDE_OF_HARD, FiredKind.HARD, Outcome.DENY, NO_LIFT,
                          seen="{'overrides': wrong}")  # fmt: skip
        self._add((), [
            "if overrides:",
            "    wrong = tuple(sorted(NOT_LIFTABLE.intersection(overrides)))",
            "    if wrong:",
            f"        {fire}",
        ], nothing)  # fmt: skip

    def _scoped(self, scope: Scope, code: str) -> str:
        if self.kind == CONTACT and scope:
            return f"{test(scope, self.of)} and {code}"
        return code

    def _rule(self, rule: Rule) -> None:
        facts = rule.facts(self.kind)
        lines = [f"if {self._scoped(rule.obeys, code(rule.condition.tree, self.of))}:"]
        if rule.strength == "soft":
            lifted = self._fire(rule.id, FiredKind.SOFT, Outcome.ALLOW, rule.because, facts)
            asks = self._fire(rule.id, FiredKind.SOFT, Outcome.NEEDS_REASON, rule.because, facts)
            lines += [
                f"    if not lifted(overrides, {rule.id!r}):",
                f"        {asks}",
                *self._used_up(rule, facts),
                "    else:",
                f"        {lifted}",
            ]
        elif rule.then:
            lines += self._then(rule, facts)
        else:
            kind = FiredKind(rule.strength)
            lines.append("    " + self._fire(rule.id, kind, rule.outcome, rule.because, facts))
        if DEFER_UNTIL_LOCAL in rule.then:
            facts = tuple(dict.fromkeys((*facts, NOW, ZONES)))
        also = tuple(name for name in facts if name not in rule.condition.facts)
        scope = rule.obeys if self.kind == CONTACT else {}
        self._add(facts, lines, partial(of_rule, rule.condition.tree, scope, facts, also))

    def _used_up(self, rule: Rule, facts: tuple[str, ...]) -> list[str]:
        """No reason lifts a rule whose exceptions are used up; a person may."""
        if rule.overrides is None:
            return []
        because = f"{rule.because}; {rule.overrides.used_up}"
        person = self._fire(rule.id, FiredKind.SOFT, Outcome.APPROVAL, because, facts)
        return [f"    elif {self.of[rule.overrides.fact]} < 1:", f"        {person}"]

    def _then(self, rule: Rule, facts: tuple[str, ...]) -> list[str]:
        lines: list[str] = []
        unmet: list[str] = []
        for owed, value in rule.then.items():
            match owed, value:
                case "require_footer", _:
                    lines.append(f"    owed[{REQUIRE_FOOTER!r}] = True")
                case "require_wording", str() as name:
                    lines.append(f"    require_wording(owed, {name!r})")
                    unmet.append(f"{name!r} not in {self.of[DISCLOSURES]}")
                case "cap_discount_bp", int() as limit:
                    lines.append(f"    lower(owed, {owed!r}, {limit})")
                    unmet.append(f"{self.of[DISCOUNT]} > {limit}")
                case "defer_until_local", int() as minute:
                    lines += [
                        f"    later = next_local({self.of[NOW]}, {self.of[ZONES]}, {minute})",
                        "    if later > hold:",
                        "        hold = later",
                        f"        owed[{DEFER_UNTIL_LOCAL!r}] = {clock(minute)!r}",
                    ]
        asks = self._fire(rule.id, FiredKind.HARD, Outcome.ALLOW, rule.because, facts)
        if not unmet:
            return [*lines, f"    {asks}"]
        deny = self._fire(rule.id, FiredKind.HARD, Outcome.DENY, rule.because, facts)
        return [
            *lines,
            f"    if {' or '.join(unmet)}:",
            f"        {deny}",
            "    else:",
            f"        {asks}",
        ]

    def _table(self, table: Table) -> None:
        gate = table.outcome == GATE
        kind = FiredKind.AUTONOMY if gate else FiredKind.TABLE
        lines: list[str] = []
        for row in table.rows:
            columns = zip(row.cells, table.columns, strict=True)
            tests = [_cell(cell, fact, self.of[fact.name]) for cell, fact in columns]
            lines.append(
                f"{'elif' if lines else 'if'} {' and '.join(filter(None, tests)) or True}:"
            )
            name = f"{table.id}.{row.id}"
            if row.gate is not None:
                lines.append("    " + self._fire(name, kind, row.gate, row.because, table.facts))
            else:
                deny = self._fire(name, kind, Outcome.DENY, row.because, table.facts)
                lines += [
                    f"    lower(owed, {LIMITS[table.outcome]!r}, {row.limit})",
                    f"    if {self.of[str(table.exceeds)]} > {row.limit}:",
                    f"        {deny}",
                ]
        outcome, because = (Outcome.APPROVAL, NO_ROW) if gate else (Outcome.DENY, table.because)
        rest = self._fire(f"{table.id}.unmatched", kind, outcome, because, table.facts)
        self._add(table.facts, [*lines, "else:", f"    {rest}"], partial(of_table, table))

    def _cap(self, cap: Cap) -> None:
        facts = (*reads(cap.obeys), cap.fact)
        fire = self._fire(cap.id, FiredKind.CAP, Outcome.DENY, cap.because, facts)
        full = f"{self.of[cap.fact]} + 1 > {cap.max}"
        held = test(cap.obeys, self.of)
        lines = [f"if {held} and {full}:" if held else f"if {full}:", f"    {fire}"]
        self._add(facts, lines, partial(of_cap, cap.obeys, cap.fact, cap.max, facts))

    def _blast(self, radius: BlastRadius) -> None:
        facts = (*reads(radius.obeys), BLAST_FACT) if self.kind == CONTACT else (BLAST_FACT,)
        fire = self._fire(BLAST_ID, FiredKind.BLAST, Outcome.APPROVAL, radius.because, facts)
        full = self._scoped(radius.obeys, f"{self.of[BLAST_FACT]} + 1 > {radius.effects}")
        held = radius.obeys if self.kind == CONTACT else {}
        wants = partial(of_cap, held, BLAST_FACT, radius.effects, facts)
        self._add(facts, [f"if {full}:", f"    {fire}"], wants)

    def _budget(self, budget: Budget) -> None:
        facts = (budget.charges, budget.fact)
        over = Outcome.APPROVAL if budget.signed else Outcome.DENY
        fire = self._fire(budget.id, FiredKind.BUDGET, over, budget.because, facts)
        spent = f"{self.of[budget.charges]} > {self.of[budget.fact]}"
        self._add(facts, [f"if {spent}:", f"    {fire}"], partial(of_limit, {}, facts))

    def _quiet(self) -> None:
        """First what holds this contact is put together, then one end is found for all of it."""
        content, zones = self.content, self.of[ZONES]
        read_by = [(*reads(quiet.obeys), NOW, ZONES) for quiet in content.quiet]
        for number, quiet in enumerate(content.quiet):
            facts = (*reads(quiet.obeys), NOW, ZONES)
            held = f"    held.append((H{number}, {zones}, {number}))"
            lines = [f"if {test(quiet.obeys, self.of) or True}:", held]
            self._add(facts, lines, partial(of_limit, quiet.obeys, facts))
        if content.laws:
            facts = (CLASS, CHANNEL, NOW, ZONES, JURISDICTIONS)
            held = f"    held += laws({self.of[JURISDICTIONS]}, {zones}, {self.of[CHANNEL]})"
            lines = [f"if {self.of[CLASS]} == {MARKETING!r}:", held]
            self._add(facts, lines, partial(of_limit, {"class": (MARKETING,)}, facts))
            read_by += [(CLASS, CHANNEL, JURISDICTIONS, NOW, ZONES)] * len(content.laws)
        rules = [
            *((quiet.id, quiet.because) for quiet in content.quiet),
            *((law.rule, law.because) for law in content.laws),
        ]
        fires = [
            line
            for number, ((rule, because), facts) in enumerate(zip(rules, read_by, strict=True))
            for line in (
                f"if {number} in made_by:",
                "    " + self._fire(rule, FiredKind.QUIET, Outcome.ALLOW, because, facts),
            )
        ]
        never = self._fire(
            CANNOT_BE_MET, FiredKind.OBLIGATION, Outcome.DENY, TOO_LATE, (NOW, ZONES)
        )
        self._add((NOW, ZONES), [
            "made_by = ()",
            "if held:",
            "    try:",
            "        spell = quiet_spell(hold, held)",
            "    except CannotBeMet as no_end:",
            "        hold = None",
            "        made_by = no_end.rules",
            f"        {never}",
            "    else:",
            "        if spell is not None:",
            "            hold, made_by, minute = spell",
            f"            owed[{DEFER_UNTIL_LOCAL!r}] = CLOCKS[minute]",
            "if made_by:",
            *(f"    {line}" for line in fires),
        ], nothing)  # fmt: skip

    def _too_late(self) -> None:
        now, facts = self.of[NOW], (NOW, USEFUL)
        fire = self._fire(CANNOT_BE_MET, FiredKind.OBLIGATION, Outcome.DENY, TOO_LATE, facts)
        spread_us = self.content.spread_minutes * 60_000_000
        spread = [
            "    else:",
            f"        latest = min(latest, hold + {spread_us})",
            f"        latest = free_until(hold, latest, held, {self.of[ZONES]})",
            "        if latest > hold:",
            f"            owed[{SPREAD_UNTIL_US!r}] = latest",
        ]
        waits = f"if hold is not None and hold > {now}:"
        owed = f"    owed[{NOT_BEFORE_US!r}] = hold"
        late = [
            f"    latest = {now} + {self.of[USEFUL]} * 60_000_000",
            "    if hold > latest:",
            f"        {fire}",
            *(spread if spread_us else []),
        ]
        # Whether it waits is known only once the others have spoken.
        unknown = [waits, owed, f"    blame({USEFUL!r})"]
        self._add(facts, [waits, owed, *late], nothing, unknown)


def _cell(cell: Cell, fact: Fact, var: str) -> str:
    if cell.span is not None:
        low, high = cell.span
        if low == high:
            return f"{var} == {low}"
        left = f"{low} <= " if low > fact.low else ""
        right = f" <= {high}" if high < fact.high else ""
        return f"{left}{var}{right}" if left or right else ""
    if cell.values is None:
        return ""
    if fact.type is FactType.BOOL:
        return var if cell.values[0] else f"not {var}"
    return f"{var} in {cell.values!r}"
