"""From a checked pack to one Python function per kind of action.

The function loads and type-checks every fact first; then it looks at every rule, never
stopping at the first. When a fact is missing, stale or malformed the answer is `deny`, and
a second function still looks at the rules whose own facts are all there.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from policies.conditions import ParamValue
from policies.facts import LAST_INSTANT_US, Fact, FactType, broken_line_of, good_zones

from policies.facts import line_of, plain, shown  # isort: skip
from policies.limits import CONTACT, NOW, OFFER, USEFUL, ZONES, Budget, Cap, QuietHours
from policies.obligations import (
    CAP_DISCOUNT_BP,
    DEFER_UNTIL_LOCAL,
    NOT_BEFORE_US,
    REQUIRE_FOOTER,
    cap_discount,
    clock,
)
from policies.quiet import CannotBeMet, next_local, quiet_until
from policies.rules import DISCOUNT, Rule
from policies.tables import GATE, Cell, Table
from policies.verdict import FactValue, Fired, FiredKind, Outcome, Verdict
from policies.zones import RELEASE

ENGINE: Final = f"gate/1 tzdata/{RELEASE}"
QUIET_ID: Final = "quiet_hours"
CANNOT_BE_MET: Final = "cannot_be_met"
OVERRIDE_OF_HARD: Final = "override_of_hard"
TOO_LATE: Final = "The message may only leave when it is no longer of use"
NO_ROW: Final = "No row of the autonomy matrix fits, so a person decides"
NO_LIFT: Final = "Somebody tried to lift a rule that nobody may lift"

Decide = Callable[[Mapping[str, FactValue], str, Mapping[str, str]], Verdict]


@dataclass(frozen=True, slots=True)
class Content:
    """What a pack says, read and checked."""

    name: str
    version: int
    sha256: str
    currency: str
    facts: Mapping[str, Fact]
    params: Mapping[str, ParamValue]
    rules: tuple[Rule, ...]
    tables: tuple[Table, ...]
    caps: tuple[Cap, ...]
    quiet: QuietHours | None
    budgets: tuple[Budget, ...]

    def facts_for(self, kind: str) -> dict[str, Fact]:
        """The facts declared for a kind of action, by name in alphabetical order."""
        return {name: self.facts[name] for name in sorted(self.facts)
                if kind in self.facts[name].kinds}  # fmt: skip

    def not_liftable(self) -> frozenset[str]:
        """Ids of everything that an override must not name."""
        ids = {rule.id for rule in self.rules if not rule.soft} | {QUIET_ID}
        ids |= {limit.id for limit in (*self.caps, *self.budgets)}
        for table in self.tables:
            ids |= {table.id, *(f"{table.id}.{row.id}" for row in table.rows)}
        return frozenset(ids)


def lifted(overrides: Mapping[str, str], rule: str) -> bool:
    """Whether a soft rule is lifted: a reason in words is given for it."""
    reason = overrides.get(rule)
    return isinstance(reason, str) and bool(reason.strip())


def compile_kind(content: Content, kind: str) -> Decide:
    """Build the function that decides calls of one kind."""
    facts = content.facts_for(kind)
    writer = _Writer(content, kind, {name: f"f{i}" for i, name in enumerate(facts)})
    writer.all()
    space: dict[str, Any] = {
        "F": Fired,
        "V": Verdict,
        "sha256": sha256,
        "good_zones": good_zones,
        "quiet_until": quiet_until,
        "next_local": next_local,
        "CannotBeMet": CannotBeMet,
        "cap_discount": cap_discount,
        "lifted": lifted,
        "NOT_LIFTABLE": content.not_liftable(),
        **{f"K_{member.name}": member for member in FiredKind},
        **{f"O_{member.name}": member for member in Outcome},
    }
    exec(compile(writer.source(facts), f"<{content.name} {kind}>", "exec"), space)
    space["slow"] = _slow(content, kind, facts, space)
    decide: Decide = space["decide"]
    return decide


def _slow(content: Content, kind: str, facts: Mapping[str, Fact], space: dict[str, Any]) -> Decide:
    def slow(
        given: Mapping[str, FactValue], call_digest: str, overrides: Mapping[str, str]
    ) -> Verdict:
        values = {name: plain(given.get(name)) for name in facts}
        broken: dict[str, str] = {}
        for name, fact in facts.items():
            if values[name] is None:
                broken[name] = f"It is not known: {name}"
            elif not fact.accepts(values[name]):
                broken[name] = f"{name} must be {fact.shape()}"
        for name, fact in facts.items():
            if (
                fact.age
                and not {name, fact.age} & broken.keys()
                and values[fact.age] > fact.max_age
            ):
                broken[name] = f"{name} is older than {fact.max_age} minutes"
        if not broken:  # only words of an enumeration that were no plain text
            verdict: Verdict = space["decide"](values, call_digest, overrides)
            return verdict
        found: list[tuple[int, Fired]] = []
        owed: dict[str, Any] = {}
        space["partial"](values, frozenset(broken), overrides, found, owed)
        fired = [one for _, one in found]
        for name, because in broken.items():
            seen = {} if values[name] is None else {name: shown(values[name])}
            fired.append(Fired(f"missing:{name}", FiredKind.MISSING, because, seen, Outcome.DENY))
        fired.sort(key=lambda one: (-one.outcome.rank, one.rule))
        known = {name: value for name, value in values.items() if value is not None}
        text = f"{kind}\n" + "".join(
            broken_line_of(name, known) if name in broken else line_of(name, values[name])
            for name in facts
        )
        digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        return Verdict(
            Outcome.DENY, tuple(fired), owed, content.name, content.version,
            content.sha256, ENGINE, call_digest, digest,
        )  # fmt: skip

    return slow


@dataclass
class _Writer:
    content: Content
    kind: str
    of: dict[str, str]
    blocks: list[tuple[tuple[str, ...], list[str]]] = field(default_factory=list)
    sites: list[tuple[int, str]] = field(default_factory=list)

    # -- the rules, a block each -----------------------------------------------------

    def all(self) -> None:
        self.add((), [
            "if overrides:",
            "    wrong = tuple(sorted(NOT_LIFTABLE.intersection(overrides)))",
            "    if wrong:",
            "        " + self.fire(OVERRIDE_OF_HARD, FiredKind.HARD, Outcome.DENY, NO_LIFT,
                                   code="{'overrides': wrong}"),
        ])  # fmt: skip
        for rule in self.content.rules:
            if self.kind in rule.on:
                self.rule(rule)
        for table in self.content.tables:
            if self.kind in table.on:
                self.table(table)
        if not any(self.kind in t.on and t.outcome == GATE for t in self.content.tables):
            fire = self.fire("autonomy.unmatched", FiredKind.AUTONOMY, Outcome.APPROVAL, NO_ROW, ())
            self.add((), [fire])
        if self.kind == CONTACT:
            for cap in self.content.caps:
                self.cap(cap)
            if self.content.quiet:
                self.quiet(self.content.quiet)
            if self.defers:
                self.too_late()
        if self.kind == OFFER:
            for budget in self.content.budgets:
                self.budget(budget)

    def add(self, reads: tuple[str, ...], lines: list[str]) -> None:
        self.blocks.append((reads, lines))

    def fire(
        self,
        rule: str,
        kind: FiredKind,
        outcome: Outcome,
        because: str,
        reads: tuple[str, ...] = (),
        *,
        code: str = "",
    ) -> str:
        seen = code or "{" + ", ".join(f"{name!r}: {self.of[name]}" for name in reads) + "}"
        self.sites.append((-outcome.rank, rule))
        site = len(self.sites) - 1
        return f"add((@{site}@, F({rule!r}, K_{kind.name}, {because!r}, {seen}, O_{outcome.name})))"

    @property
    def defers(self) -> bool:
        return self.content.quiet is not None or any(
            DEFER_UNTIL_LOCAL in rule.then and self.kind in rule.on for rule in self.content.rules
        )

    def rule(self, rule: Rule) -> None:
        reads = rule.facts
        lines = [f"if {rule.condition.code(self.of)}:"]
        if rule.soft:
            for test, outcome in (
                (f"if lifted(overrides, {rule.id!r}):", Outcome.ALLOW),
                ("else:", Outcome.NEEDS_REASON),
            ):
                fire = self.fire(rule.id, FiredKind.SOFT, outcome, rule.because, reads)
                lines += [f"    {test}", f"        {fire}"]
        elif not rule.then:
            fire = self.fire(rule.id, FiredKind.HARD, Outcome.DENY, rule.because, reads)
            lines.append(f"    {fire}")
        else:
            asks = self.fire(rule.id, FiredKind.HARD, Outcome.ALLOW, rule.because, reads)
            if REQUIRE_FOOTER in rule.then:
                lines.append(f"    owed[{REQUIRE_FOOTER!r}] = True")
            if DEFER_UNTIL_LOCAL in rule.then:
                minute = rule.then[DEFER_UNTIL_LOCAL]
                reads = tuple(dict.fromkeys((*reads, NOW, ZONES, USEFUL)))
                lines += [
                    f"    later = next_local({self.of[NOW]}, {self.of[ZONES]}, {minute})",
                    "    if later > hold:",
                    "        hold = later",
                    f"        owed[{DEFER_UNTIL_LOCAL!r}] = {clock(minute)!r}",
                ]
            if CAP_DISCOUNT_BP in rule.then:
                limit = rule.then[CAP_DISCOUNT_BP]
                deny = self.fire(rule.id, FiredKind.HARD, Outcome.DENY, rule.because, reads)
                lines += [
                    f"    cap_discount(owed, {limit})",
                    f"    if {self.of[DISCOUNT]} > {limit}:",
                    f"        {deny}",
                    "    else:",
                    f"        {asks}",
                ]
            else:
                lines.append(f"    {asks}")
        self.add(reads, lines)

    def table(self, table: Table) -> None:
        gate = table.outcome == GATE
        kind = FiredKind.AUTONOMY if gate else FiredKind.TABLE
        lines: list[str] = []
        for row in table.rows:
            tests = [
                _cell(cell, fact, self.of[fact.name])
                for cell, fact in zip(row.cells, table.columns, strict=True)
            ]
            test = " and ".join(test for test in tests if test) or "True"
            lines.append(f"{'elif' if lines else 'if'} {test}:")
            name = f"{table.id}.{row.id}"
            if row.gate is not None:
                lines.append("    " + self.fire(name, kind, row.gate, row.because, table.facts))
            else:
                deny = self.fire(name, kind, Outcome.DENY, row.because, table.facts)
                lines += [
                    f"    cap_discount(owed, {row.limit})",
                    f"    if {self.of[str(table.exceeds)]} > {row.limit}:",
                    f"        {deny}",
                ]
        outcome, because = (Outcome.APPROVAL, NO_ROW) if gate else (Outcome.DENY, table.because)
        rest = self.fire(f"{table.id}.unmatched", kind, outcome, because, table.facts)
        self.add(table.facts, [*lines, "else:", f"    {rest}"])

    def obeys(self, obeys: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, ...], str]:
        reads = tuple(f"action.{key}" for key in obeys)
        tests = (f"{self.of[f'action.{key}']} in {words!r}" for key, words in obeys.items())
        return reads, " and ".join(tests) or "True"

    def cap(self, cap: Cap) -> None:
        reads, test = self.obeys(cap.obeys)
        reads = (cap.fact, *reads)
        fire = self.fire(cap.id, FiredKind.CAP, Outcome.DENY, cap.because, reads)
        self.add(reads, [f"if {self.of[cap.fact]} + 1 > {cap.max} and {test}:", f"    {fire}"])

    def budget(self, budget: Budget) -> None:
        reads = (budget.charges, budget.fact)
        fire = self.fire(budget.id, FiredKind.BUDGET, Outcome.APPROVAL, budget.because, reads)
        test = f"{self.of[budget.charges]} > {self.of[budget.fact]}"
        self.add(reads, [f"if {test}:", f"    {fire}"])

    def quiet(self, quiet: QuietHours) -> None:
        reads, test = self.obeys(quiet.obeys)
        reads = (NOW, ZONES, *reads)
        fire = self.fire(QUIET_ID, FiredKind.QUIET, Outcome.ALLOW, quiet.because, reads)
        never = self.fire(CANNOT_BE_MET, FiredKind.OBLIGATION, Outcome.DENY, TOO_LATE, (NOW, ZONES))
        self.add(reads, [
            f"if {test}:",
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

    def too_late(self) -> None:
        now = self.of[NOW]
        reads = (NOW, USEFUL)
        fire = self.fire(CANNOT_BE_MET, FiredKind.OBLIGATION, Outcome.DENY, TOO_LATE, (NOW, USEFUL))
        self.add(reads, [
            f"if hold is not None and hold > {now}:",
            f"    owed[{NOT_BEFORE_US!r}] = hold",
            f"    if hold > {now} + {self.of[USEFUL]} * 60_000_000:",
            f"        {fire}",
        ])  # fmt: skip

    # -- the two functions -------------------------------------------------------------

    def source(self, facts: Mapping[str, Fact]) -> str:
        load = [f"{self.of[name]} = get({name!r})" for name in facts]
        checks = [_check(fact, self.of[name]) for name, fact in facts.items()]
        checks += [f"{self.of[fact.age]} <= {fact.max_age}" for fact in facts.values() if fact.age]
        hold = [f"hold = {self.of[NOW]}"] if self.kind == CONTACT and self.defers else []
        digest = "".join(
            f"{name}={{{_printed(fact, self.of[name])}}}\\n" for name, fact in facts.items()
        )
        content = self.content
        full = [
            "def decide(facts, call_digest, overrides):",
            "    get = facts.get",
            *_in(load),
            f"    if not ({' and '.join(checks) or 'True'}):",
            "        return slow(facts, call_digest, overrides)",
            "    fired = []",
            "    add = fired.append",
            "    owed = {}",
            *_in(hold),
            *(line for _, lines in self.blocks for line in _in(lines)),
            "    fired.sort()",
            "    return V(fired[0][1].outcome, tuple([one for _, one in fired]), owed, "
            f"{content.name!r}, {content.version}, {content.sha256!r}, {ENGINE!r}, call_digest, "
            f'sha256(f"{self.kind}\\n{digest}".encode()).hexdigest())',
        ]
        partial = [
            "def partial(facts, missing, overrides, fired, owed):",
            "    get = facts.get",
            "    add = fired.append",
            *_in(load),
            *_in(hold),
        ]
        for reads, lines in self.blocks:
            partial.append(f"    if missing.isdisjoint({reads!r}):")
            partial += _in(_in(lines))
        order = {site: place for place, site in enumerate(sorted(set(self.sites)))}
        text = "\n".join([*full, *partial, ""])
        return re.sub(r"@(\d+)@", lambda m: str(order[self.sites[int(m[1])]]), text)


def _in(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _check(fact: Fact, var: str) -> str:
    match fact.type:
        case FactType.BOOL:
            return f"type({var}) is bool"
        case FactType.INT:
            return f"type({var}) is int and {fact.low} <= {var} <= {fact.high}"
        case FactType.ENUM:
            return f"type({var}) is str and {var} in {fact.values!r}"
        case FactType.ZONES:
            return f"good_zones({var})"
        case FactType.INSTANT:
            return f"type({var}) is int and 0 <= {var} <= {LAST_INSTANT_US}"


def _printed(fact: Fact, var: str) -> str:
    return f"','.join({var})" if fact.type is FactType.ZONES else var


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
