"""What one pack answers to calls of one kind, as terms: each rule's firing, and the whole answer.

Only cases in which every needed fact is known: a missing one denies, whatever else is so. A reason
lifts a soft rule, so soft rules count for no more than `needs_reason`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from policies.approvals import BLAST_FACT, BLAST_ID, BLAST_KINDS, BlastRadius
from policies.content import CANNOT_BE_MET, Content
from policies.jurisdictions import MARKETING
from policies.limits import NOW, USEFUL, ZONES
from policies.obligations import CAP_DISCOUNT_BP, DEFER_UNTIL_LOCAL, REQUIRE_FOOTER, REQUIRE_WORDING
from policies.proofs.logic import Term
from policies.proofs.space import Space
from policies.proofs.waiting import Clock, Held, Quiet, Waiting
from policies.proofs.writing import written
from policies.rules import DISCLOSURES, DISCOUNT, Rule
from policies.scope import CONTACT, OFFER, reads
from policies.tables import GATE, Cell, Table
from policies.verdict import FiredKind, Outcome

NO_LIMIT: Final = 1_000_000
MAX_DISCOUNT: Final = "max_discount_bp"
UNMATCHED: Final = "unmatched"
NO_TABLE: Final = f"autonomy.{UNMATCHED}"


@dataclass(frozen=True, slots=True)
class Said:
    """One rule, row or limit: what it alone asks for, where it fires, and where it is silent."""

    rule: str
    kind: FiredKind
    outcome: Outcome
    fires: Term
    silent: Term
    facts: tuple[str, ...]


class Answers:
    """The answers of one pack within a space.

    `answers` says where the whole answer is exactly this, `reaches` where it is at least as strict;
    `rows` where each row of a table is taken; `footer`, `limit`, `deferred` what is owed.
    """

    def __init__(self, space: Space, content: Content, clock: Clock | None) -> None:
        self.space, self.content, self.kind = space, content, space.kind
        self.logic = space.logic
        self.facts = content.facts_for(space.kind)
        self.good = self.logic.named(space.good(self.facts))
        self.said: list[Said] = []
        self.rows: dict[str, Term] = {}
        self._limits: list[tuple[int, Term]] = []
        self._footers: list[Term] = []
        self._held: list[Held] = []
        self._worded: list[Term] = []
        for rule in content.rules:
            if self.kind in rule.on:
                self._rule(rule)
        for table in content.tables:
            if self.kind in table.on:
                self._table(table)
        if not any(self.kind in table.on and table.outcome == GATE for table in content.tables):
            self._say(NO_TABLE, FiredKind.AUTONOMY, Outcome.APPROVAL, self.logic.yes, ())
        self._caps()
        if self.kind in BLAST_KINDS and content.approvals.blast_radius is not None:
            self._blast(content.approvals.blast_radius)
        if self.kind == CONTACT and clock is not None:
            self._waiting(clock)
        if self.kind == OFFER:
            self._budgets()
        self.reaches = {outcome: self._at_least(outcome) for outcome in Outcome}
        self.answers = {outcome: self._exactly(outcome) for outcome in Outcome}
        self.footer = self.logic.named(self.logic.any(self._footers))
        self.limit = self._limit()
        self.deferred = {one.key: one.fires for one in self._held}

    def _exactly(self, outcome: Outcome) -> Term:
        stricter = [self.reaches[one] for one in Outcome if one.rank == outcome.rank + 1]
        milder = self.logic.negated(self.logic.any(stricter))
        return self.logic.named(self.logic.all([self.reaches[outcome], milder]))

    def _at_least(self, outcome: Outcome) -> Term:
        if outcome is Outcome.ALLOW:
            return self.logic.named(self.logic.yes)
        strict = [one.fires for one in self.said if one.outcome.rank >= outcome.rank]
        return self.logic.named(self.logic.any([self.logic.negated(self.good), *strict]))

    def _say(
        self, rule: str, kind: FiredKind, outcome: Outcome, fires: Term, facts: tuple[str, ...]
    ) -> Term:
        name = self.logic.named(fires)
        self.said.append(Said(rule, kind, outcome, name, self.logic.negated(name), facts))
        return name

    def _rule(self, rule: Rule) -> None:
        logic = self.logic
        facts = rule.facts(self.kind)
        scope = self.space.in_scope(rule.obeys, self.facts)
        fires = logic.all([scope, written(rule.condition.tree, self.space)])
        outcome = Outcome.ALLOW if rule.then else rule.outcome
        fires = self._say(rule.id, FiredKind(rule.strength), outcome, fires, facts)
        if REQUIRE_FOOTER in rule.then:
            self._footers.append(fires)
        minute = rule.then.get(DEFER_UNTIL_LOCAL)
        if isinstance(minute, int):
            key = repr((minute, rule.condition.tree, sorted(rule.obeys.items())))
            self._held.append(Held(minute, fires, key))
        wording = rule.then.get(REQUIRE_WORDING)
        if isinstance(wording, str):
            carried = self.space.of(self.facts[DISCLOSURES]).words[wording]
            denies = logic.all([fires, logic.negated(carried)])
            self._say(rule.id, FiredKind(rule.strength), Outcome.DENY, denies, facts)
            self._worded.append(fires)
        limit = rule.then.get(CAP_DISCOUNT_BP)
        if isinstance(limit, int):
            self._limits.append((limit, fires))
            above = self.space.of(self.facts[DISCOUNT]).term > limit
            denies = logic.all([fires, above])
            self._say(rule.id, FiredKind(rule.strength), Outcome.DENY, denies, facts)

    def _table(self, table: Table) -> None:
        logic = self.logic
        gate = table.outcome == GATE
        kind = FiredKind.AUTONOMY if gate else FiredKind.TABLE
        rest = logic.yes
        for row in table.rows:
            fits = logic.all(
                self._cell(cell, column.name)
                for cell, column in zip(row.cells, table.columns, strict=True)
            )
            name = f"{table.id}.{row.id}"
            taken = logic.named(logic.all([rest, fits]))
            self.rows[name] = taken
            if row.gate is not None:
                self._say(name, kind, row.gate, taken, table.facts)
            else:
                above = self.space.of(self.facts[str(table.exceeds)]).term > row.limit
                denies = logic.all([taken, above])
                self._say(name, kind, Outcome.DENY, denies, table.facts)
                if table.outcome == MAX_DISCOUNT:
                    self._limits.append((row.limit, taken))
            rest = logic.named(logic.all([rest, logic.negated(fits)]))
        outcome = Outcome.APPROVAL if gate else Outcome.DENY
        self._say(f"{table.id}.{UNMATCHED}", kind, outcome, rest, table.facts)

    def _cell(self, cell: Cell, name: str) -> Term:
        unknown, logic = self.space.of(self.facts[name]), self.logic
        if cell.span is not None:
            low, high = cell.span
            return logic.all([unknown.term >= low, unknown.term <= high])
        if cell.values is None:
            return logic.yes
        if unknown.words:
            return logic.any(unknown.words[str(word)] for word in cell.values)
        return unknown.term if cell.values[0] else logic.negated(unknown.term)

    def _caps(self) -> None:
        for cap in self.content.caps:
            if cap.on != self.kind:
                continue
            facts = (*reads(cap.obeys), cap.fact)
            full = self.space.of(self.facts[cap.fact]).term + 1 > cap.max
            fires = self.logic.all([self.space.in_scope(cap.obeys, self.facts), full])
            self._say(cap.id, FiredKind.CAP, Outcome.DENY, fires, facts)

    def _blast(self, radius: BlastRadius) -> None:
        full = self.space.of(self.facts[BLAST_FACT]).term + 1 > radius.effects
        fires = self.logic.all([self.space.in_scope(radius.obeys, self.facts), full])
        facts = (*reads(radius.obeys), BLAST_FACT) if self.kind == CONTACT else (BLAST_FACT,)
        self._say(BLAST_ID, FiredKind.BLAST, Outcome.APPROVAL, fires, facts)

    def _budgets(self) -> None:
        for budget in self.content.budgets:
            cost = self.space.of(self.facts[budget.charges]).term
            spent = cost > self.space.of(self.facts[budget.fact]).term
            facts = (budget.charges, budget.fact)
            over = Outcome.APPROVAL if budget.signed else Outcome.DENY
            self._say(budget.id, FiredKind.BUDGET, over, spent, facts)

    def _waiting(self, clock: Clock) -> None:
        hours, laws = self.content.quiet, self.content.laws
        if not hours and not laws and not self._held:
            return
        quiet = [
            Quiet(repr(one.hours), one.hours, self.space.in_scope(one.obeys, self.facts))
            for one in hours
        ]
        if laws:
            marketing = self.space.in_scope({"class": (MARKETING,)}, self.facts)
            quiet.append(Quiet(repr([law.windows for law in laws]), None, marketing))
        waiting = Waiting(self.space, clock, self._held, quiet)
        for one in hours:
            facts = (*reads(one.obeys), NOW, ZONES)
            self._say(one.id, FiredKind.QUIET, Outcome.ALLOW, waiting.fires, facts)
        late = (NOW, ZONES, USEFUL)
        self._say(CANNOT_BE_MET, FiredKind.OBLIGATION, Outcome.DENY, waiting.too_late, late)

    def _limit(self) -> Term:
        """The highest discount that is owed; of several limits the lowest."""
        lowest = self.logic.number(NO_LIMIT)
        for limit, fires in sorted(self._limits, key=lambda one: -one[0]):
            lowest = self.logic.either(fires, self.logic.number(limit), lowest)
        return lowest
