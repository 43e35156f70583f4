"""Each rule, table, cap, budget and the quiet hours as a few lines of Python: a clause.

Only checked names, numbers and quoted words get into the lines. A clause names the facts it
reads, so that it can be left out when one of them is not known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from policies.approvals import BLAST_FACT, BLAST_ID, BLAST_KINDS, BlastRadius
from policies.content import CANNOT_BE_MET, OVERRIDE_OF_HARD, QUIET_ID, Content
from policies.facts import Fact, FactType
from policies.limits import NOW, OFFER, USEFUL, ZONES, Budget, Cap, QuietHours
from policies.obligations import (
    CAP_DISCOUNT_BP,
    DEFER_UNTIL_LOCAL,
    NOT_BEFORE_US,
    REQUIRE_FOOTER,
    clock,
)
from policies.rules import DISCOUNT, Rule
from policies.scope import CONTACT, Scope, reads, test
from policies.tables import GATE, Cell, Table
from policies.verdict import FiredKind, Outcome

TOO_LATE = "The message may only leave when it is no longer of use"
NO_ROW = "No row of the autonomy matrix fits, so a person decides"
NO_LIFT = "Somebody tried to lift a rule that nobody may lift"


@dataclass(frozen=True, slots=True)
class Clause:
    """Lines of code, and the facts they read."""

    reads: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass
class Clauses:
    """The clauses for calls of one kind; `of` names the variable that holds each fact.

    A rule that fires calls `add((S, F(...)))`. `places` gives the number of each S: by it
    the fired rules sort strictest first, then by id.
    """

    content: Content
    kind: str
    of: Mapping[str, str]
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
                (), [self._fire("autonomy.unmatched", FiredKind.AUTONOMY, Outcome.APPROVAL, NO_ROW)]
            )
        if kind == CONTACT:
            for cap in content.caps:
                self._cap(cap)
            if content.quiet:
                self._quiet(content.quiet)
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
        return self.content.quiet is not None or any(
            DEFER_UNTIL_LOCAL in rule.then and self.kind in rule.on for rule in self.content.rules
        )

    def places(self) -> dict[str, int]:
        """The number of each place that fires."""
        order = {site: place for place, site in enumerate(sorted(set(self._sites)))}
        return {f"S{number}": order[site] for number, site in enumerate(self._sites)}

    def _add(self, facts: tuple[str, ...], lines: list[str]) -> None:
        self.every.append(Clause(facts, tuple(lines)))

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
        return f"add(({site}, F({rule!r}, K_{kind.name}, {because!r}, {seen}, O_{outcome.name})))"

    def _overrides(self) -> None:
        fire = self._fire(OVERRIDE_OF_HARD, FiredKind.HARD, Outcome.DENY, NO_LIFT,
                          seen="{'overrides': wrong}")  # fmt: skip
        self._add((), [
            "if overrides:",
            "    wrong = tuple(sorted(NOT_LIFTABLE.intersection(overrides)))",
            "    if wrong:",
            f"        {fire}",
        ])  # fmt: skip

    def _scoped(self, scope: Scope, code: str) -> str:
        if self.kind == CONTACT and scope:
            return f"{test(scope, self.of)} and {code}"
        return code

    def _rule(self, rule: Rule) -> None:
        facts = rule.facts(self.kind)
        lines = [f"if {self._scoped(rule.obeys, rule.condition.code(self.of))}:"]
        if rule.soft:
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
            lines.append(
                "    " + self._fire(rule.id, FiredKind.HARD, Outcome.DENY, rule.because, facts)
            )
        if DEFER_UNTIL_LOCAL in rule.then:
            facts = tuple(dict.fromkeys((*facts, NOW, ZONES)))
        self._add(facts, lines)

    def _used_up(self, rule: Rule, facts: tuple[str, ...]) -> list[str]:
        """No reason lifts a rule whose exceptions are used up; a person may."""
        if rule.overrides is None:
            return []
        because = f"{rule.because}; {rule.overrides.used_up}"
        person = self._fire(rule.id, FiredKind.SOFT, Outcome.APPROVAL, because, facts)
        return [f"    elif {self.of[rule.overrides.fact]} < 1:", f"        {person}"]

    def _then(self, rule: Rule, facts: tuple[str, ...]) -> list[str]:
        lines: list[str] = []
        asks = self._fire(rule.id, FiredKind.HARD, Outcome.ALLOW, rule.because, facts)
        if REQUIRE_FOOTER in rule.then:
            lines.append(f"    owed[{REQUIRE_FOOTER!r}] = True")
        if DEFER_UNTIL_LOCAL in rule.then:
            minute = rule.then[DEFER_UNTIL_LOCAL]
            lines += [
                f"    later = next_local({self.of[NOW]}, {self.of[ZONES]}, {minute})",
                "    if later > hold:",
                "        hold = later",
                f"        owed[{DEFER_UNTIL_LOCAL!r}] = {clock(minute)!r}",
            ]
        if CAP_DISCOUNT_BP not in rule.then:
            return [*lines, f"    {asks}"]
        limit = rule.then[CAP_DISCOUNT_BP]
        deny = self._fire(rule.id, FiredKind.HARD, Outcome.DENY, rule.because, facts)
        return [
            *lines,
            f"    cap_discount(owed, {limit})",
            f"    if {self.of[DISCOUNT]} > {limit}:",
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
                    f"    cap_discount(owed, {row.limit})",
                    f"    if {self.of[str(table.exceeds)]} > {row.limit}:",
                    f"        {deny}",
                ]
        outcome, because = (Outcome.APPROVAL, NO_ROW) if gate else (Outcome.DENY, table.because)
        rest = self._fire(f"{table.id}.unmatched", kind, outcome, because, table.facts)
        self._add(table.facts, [*lines, "else:", f"    {rest}"])

    def _cap(self, cap: Cap) -> None:
        facts = (*reads(cap.obeys), cap.fact)
        fire = self._fire(cap.id, FiredKind.CAP, Outcome.DENY, cap.because, facts)
        full = self._scoped(cap.obeys, f"{self.of[cap.fact]} + 1 > {cap.max}")
        self._add(facts, [f"if {full}:", f"    {fire}"])

    def _blast(self, radius: BlastRadius) -> None:
        facts = (*reads(radius.obeys), BLAST_FACT) if self.kind == CONTACT else (BLAST_FACT,)
        fire = self._fire(BLAST_ID, FiredKind.BLAST, Outcome.APPROVAL, radius.because, facts)
        full = self._scoped(radius.obeys, f"{self.of[BLAST_FACT]} + 1 > {radius.effects}")
        self._add(facts, [f"if {full}:", f"    {fire}"])

    def _budget(self, budget: Budget) -> None:
        facts = (budget.charges, budget.fact)
        over = Outcome.APPROVAL if budget.signed else Outcome.DENY
        fire = self._fire(budget.id, FiredKind.BUDGET, over, budget.because, facts)
        spent = f"{self.of[budget.charges]} > {self.of[budget.fact]}"
        self._add(facts, [f"if {spent}:", f"    {fire}"])

    def _quiet(self, quiet: QuietHours) -> None:
        facts = (*reads(quiet.obeys), NOW, ZONES)
        fire = self._fire(QUIET_ID, FiredKind.QUIET, Outcome.ALLOW, quiet.because, facts)
        never = self._fire(
            CANNOT_BE_MET, FiredKind.OBLIGATION, Outcome.DENY, TOO_LATE, (NOW, ZONES)
        )
        self._add(facts, [
            f"if {test(quiet.obeys, self.of) or True}:",
            "    try:",
            f"        later = quiet_until(hold, {self.of[ZONES]}, {quiet.start}, {quiet.end})",
            "    except CannotBeMet:",
            "        later = hold = None",
            f"        {fire}",
            f"        {never}",
            "    if later is not None:",
            "        hold = later",
            f"        owed[{DEFER_UNTIL_LOCAL!r}] = {clock(quiet.end)!r}",
            f"        {fire}",
        ])  # fmt: skip

    def _too_late(self) -> None:
        now, facts = self.of[NOW], (NOW, USEFUL)
        fire = self._fire(CANNOT_BE_MET, FiredKind.OBLIGATION, Outcome.DENY, TOO_LATE, facts)
        self._add(facts, [
            f"if hold is not None and hold > {now}:",
            f"    owed[{NOT_BEFORE_US!r}] = hold",
            f"    if hold > {now} + {self.of[USEFUL]} * 60_000_000:",
            f"        {fire}",
        ])  # fmt: skip


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
