"""What there is to say about each rule of a pack: where it stands, what it asks, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from policies.approvals import BLAST_FACT, BLAST_ID, BLAST_KINDS
from policies.content import Content
from policies.jurisdictions import CHANNEL, CLASS, FILE, JURISDICTIONS
from policies.limits import NOW, ZONES
from policies.quiet_hours import said_hours
from policies.scope import CONTACT, OFFER, reads, said
from policies.tables import GATE
from policies.verdict import FiredKind

_LAW_FACTS: Final = (CLASS, CHANNEL, JURISDICTIONS, NOW, ZONES)


@dataclass(frozen=True, slots=True)
class RuleView:
    """One rule, for people: `condition` as its author wrote it."""

    id: str
    kind: FiredKind
    on: tuple[str, ...]
    because: str
    condition: str
    facts: tuple[str, ...]
    file: str
    line: int


def views(content: Content) -> list[RuleView]:
    """Every rule, row, cap and budget, and the quiet hours."""
    found: list[RuleView] = []
    for rule in content.rules:
        kind = FiredKind(rule.strength)
        text = rule.condition.text + (f", for {said(rule.obeys)}" if rule.obeys else "")
        names = rule.facts(CONTACT if CONTACT in rule.on else "")
        found.append(RuleView(rule.id, kind, rule.on, rule.because, text,
                              names, content.files[rule.id], rule.line))  # fmt: skip
    for table in content.tables:
        kind = FiredKind.AUTONOMY if table.outcome == GATE else FiredKind.TABLE
        for row in table.rows:
            found.append(RuleView(f"{table.id}.{row.id}", kind, table.on, row.because, row.text,
                                  table.facts, content.files[table.id], row.line))  # fmt: skip
    for cap in content.caps:
        text, file = f"{cap.fact} + 1 > {cap.max} for {said(cap.obeys)}", content.files[cap.id]
        found.append(RuleView(cap.id, FiredKind.CAP, (cap.on,), cap.because, text,
                              (cap.fact, *reads(cap.obeys)), file, cap.line))  # fmt: skip
    for budget in content.budgets:
        text, file = f"{budget.charges} > {budget.fact}", content.files[budget.id]
        found.append(RuleView(budget.id, FiredKind.BUDGET, (OFFER,), budget.because, text,
                              (budget.charges, budget.fact), file, budget.line))  # fmt: skip
    if radius := content.approvals.blast_radius:
        text = f"{BLAST_FACT} + 1 > {radius.effects} for {said(radius.obeys)}"
        file = content.files[BLAST_ID]
        found.append(RuleView(BLAST_ID, FiredKind.BLAST, BLAST_KINDS, radius.because, text,
                              (BLAST_FACT, *reads(radius.obeys)), file, radius.line))  # fmt: skip
    for quiet in content.quiet:
        text, file = f"{said_hours(quiet.hours)} for {said(quiet.obeys)}", content.files[quiet.id]
        found.append(RuleView(quiet.id, FiredKind.QUIET, (CONTACT,), quiet.because, text,
                              (NOW, ZONES, *reads(quiet.obeys)), file, quiet.line))  # fmt: skip
    for law in content.laws:
        text = "; ".join(f"{said_hours(hours)} by {' or '.join(on)}" for on, hours in law.windows)
        found.append(RuleView(law.rule, FiredKind.QUIET, (CONTACT,), law.because, text,
                              _LAW_FACTS, FILE, law.line))  # fmt: skip
    return found
