"""How close a call that may go ahead came to each hard limit that has a numeric distance.

A limit is looked at as the last value it still lets pass. `at` is exactly that value, `close`
within a tenth of it, `past` means the rule fired. Who takes nothing of an upper limit (no discount,
no cost, the first contact a cap counts) is `far` from it, however small the limit is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from policies.caps import Cap
from policies.content import Content
from policies.expressions import Compare, Expression, Fixed, Read, Sum, nodes, truth
from policies.facts import Fact, FactType
from policies.limits import Budget
from policies.obligations import CAP_DISCOUNT_BP
from policies.rules import DISCOUNT, Rule
from policies.scope import CONTACT, OFFER, Scope, holds
from policies.tables import GATE, Row, Table
from policies.verdict import FactValue

FULL_BP: Final = 10_000
_CLOSE_BP: Final = 9_000
_ORDERED: Final = ("<", "<=", ">", ">=")
Facts: TypeAlias = Mapping[str, Any]


class Closeness(StrEnum):
    """How close, from the farthest to what has been overstepped."""

    FAR = "far"
    CLOSE = "close"
    AT = "at"
    PAST = "past"

    @property
    def rank(self) -> int:
        """0 (far) to 3 (past)."""
        return list(Closeness).index(self)


@dataclass(frozen=True, slots=True)
class Nearness:
    """One limit and one call: how much of the limit is used, and what the closest fact lacks.

    `used_bp` is 10,000 at the limit and past it. `distance` is how much `fact` may still change,
    in its own unit, before the rule fires; 0 where it has fired.
    """

    rule: str
    because: str
    fact: str
    closeness: Closeness
    used_bp: int
    distance: int


Limit: TypeAlias = Callable[[Facts], Nearness | None]


def limits_of(content: Content, kind: str) -> tuple[Limit, ...]:
    """What calls of one kind are measured against; made once a pack, then asked with facts."""
    found: list[Limit] = []
    for rule in content.rules:
        if rule.strength != "soft" and kind in rule.on and (limit := _rule(rule, kind)):
            found.append(limit)
    found += [_table(t) for t in content.tables if t.outcome != GATE and kind in t.on]
    found += [_cap(cap) for cap in content.caps if cap.on == kind]
    if kind == OFFER:
        found += [_budget(budget) for budget in content.budgets]
    return tuple(found)


def near(limits: Iterable[Limit], facts: Mapping[str, FactValue]) -> tuple[Nearness, ...]:
    """Each limit that this call came close to, is at or is past, the closest first."""
    found = [one for limit in limits if (one := limit(facts)) and one.closeness.rank]
    return tuple(sorted(found, key=lambda one: (-one.closeness.rank, -one.used_bp, one.rule)))


def closeness_of(value: int, last: int, *, up: bool) -> tuple[Closeness, int]:
    """How close a value is to the last one that passes, and the share of the limit that is used."""
    room = last - value if up else value - last
    if room < 0:
        return Closeness.PAST, FULL_BP
    if up and value <= 0:
        return Closeness.FAR, 0
    if room == 0:
        return Closeness.AT, FULL_BP
    used = max(0, FULL_BP + -room * FULL_BP // abs(last)) if last else 0
    return (Closeness.CLOSE if used >= _CLOSE_BP else Closeness.FAR), min(used, FULL_BP - 1)


def _cap(cap: Cap) -> Limit:
    def limit(facts: Facts) -> Nearness | None:
        used = facts.get(cap.fact)
        if not isinstance(used, int) or not _obeys(cap.obeys, facts):
            return None
        taken = used + 1 if used or not cap.max else 0
        return _nearness(cap.id, cap.because, cap.fact, taken, cap.max)

    return limit


def _budget(budget: Budget) -> Limit:
    def limit(facts: Facts) -> Nearness | None:
        cost, left = facts.get(budget.charges), facts.get(budget.fact)
        if not isinstance(cost, int) or not isinstance(left, int):
            return None
        whole = budget.limit_minor
        # A budget that shrank this month may be overspent; a call without cost takes nothing of it.
        taken = whole - left + cost if cost else min(0, whole - left)
        if cost > left:
            taken = max(taken, whole + 1)
        return _nearness(budget.id, budget.because, budget.charges, taken, whole)

    return limit


def _table(table: Table) -> Limit:
    def limit(facts: Facts) -> Nearness | None:
        asked = facts.get(str(table.exceeds))
        row = next((row for row in table.rows if _fits(row, table, facts)), None)
        if row is None or not isinstance(asked, int):
            return None
        return _nearness(f"{table.id}.{row.id}", row.because, str(table.exceeds), asked, row.limit)

    return limit


def _fits(row: Row, table: Table, facts: Facts) -> bool:
    for cell, fact in zip(row.cells, table.columns, strict=True):
        value = facts.get(fact.name)
        if value is None:
            return False
        if cell.span is not None and not cell.span[0] <= value <= cell.span[1]:
            return False
        if cell.values is not None and value not in cell.values:
            return False
    return True


def _rule(rule: Rule, kind: str) -> Limit | None:
    """None where the rule has no numeric distance."""
    scope: Scope = rule.obeys if kind == CONTACT else {}
    tree = rule.condition.tree
    most = rule.then.get(CAP_DISCOUNT_BP)
    if isinstance(most, int):

        def capped(facts: Facts) -> Nearness | None:
            asked = facts.get(DISCOUNT)
            if not isinstance(asked, int) or not _obeys(scope, facts) or not truth(tree, facts):
                return None
            return _nearness(rule.id, rule.because, DISCOUNT, asked, most)

        return capped
    edges = _edges(tree)
    if rule.then or not edges:
        return None

    def limit(facts: Facts) -> Nearness | None:
        if not _obeys(scope, facts):
            return None
        fires = truth(tree, facts)
        if fires is None:
            return None
        if fires:
            return Nearness(rule.id, rule.because, edges[0][0].name, Closeness.PAST, FULL_BP, 0)
        found = [one for fact, compared in edges if (one := _nearest(rule, fact, compared, facts))]
        return max(found, key=lambda one: (one.closeness.rank, one.used_bp), default=None)

    return limit


def _nearest(
    rule: Rule, fact: Fact, compared: tuple[Compare, ...], facts: Facts
) -> Nearness | None:
    """The smallest change of one fact, all else equal, that would make the rule fire."""
    value = facts.get(fact.name)
    if not isinstance(value, int):
        return None
    turns = sorted({*_turns(fact, compared, facts)} - {value}, key=lambda at: abs(at - value))
    if all(_of(value, at)[0] is Closeness.FAR for at in turns):
        return None  # most calls, at little cost: whether the rule would fire is not even asked
    changed = dict(facts)
    for at in turns:
        changed[fact.name] = at
        if truth(rule.condition.tree, changed):
            closeness, used_bp = _of(value, at)
            return Nearness(rule.id, rule.because, fact.name, closeness, used_bp, abs(at - value))
    return None


def _of(value: int, fires_at: int) -> tuple[Closeness, int]:
    """How close a value is to one at which the rule would fire."""
    up = fires_at > value
    return closeness_of(value, fires_at - 1 if up else fires_at + 1, up=up)


def _edges(tree: Expression) -> tuple[tuple[Fact, tuple[Compare, ...]], ...]:
    """For every number that the condition orders, the comparisons it is in."""
    found: dict[str, tuple[Fact, list[Compare]]] = {}
    for node in nodes(tree):
        if isinstance(node, Compare) and node.sign in _ORDERED:
            reads = [part.fact for part in nodes(node) if isinstance(part, Read)]
            for fact in {fact.name: fact for fact in reads}.values():
                if fact.type is FactType.INT:
                    found.setdefault(fact.name, (fact, []))[1].append(node)
    return tuple((fact, tuple(compared)) for fact, compared in found.values())


def _turns(fact: Fact, compared: Iterable[Compare], facts: Facts) -> Iterator[int]:
    """Values of the fact between which no comparison changes its answer, within its bounds."""
    for compare in compared:
        left, right = _linear(compare.left, fact, facts), _linear(compare.right, fact, facts)
        if left is None or right is None or left[0] == right[0]:
            continue
        times, rest = left[0] - right[0], right[1] - left[1]
        middle = rest // times
        for at in range(middle - 1, middle + 3):
            if fact.low <= at <= fact.high:
                yield at


def _linear(node: Expression, fact: Fact, facts: Facts) -> tuple[int, int] | None:
    """A number as `a * fact + b`; None where another fact in it is not known."""
    match node:
        case Fixed(value=int() as value):
            return 0, value
        case Read(fact=read) if read.name == fact.name:
            return 1, 0
        case Read(fact=read):
            known = facts.get(read.name)
            return (0, known) if isinstance(known, int) else None
        case Sum(left=left, sign=sign, right=right):
            one, two = _linear(left, fact, facts), _linear(right, fact, facts)
            if one is None or two is None:
                return None
            times = 1 if sign == "+" else -1
            return one[0] + times * two[0], one[1] + times * two[1]
        case _:
            return None


def _nearness(rule: str, because: str, fact: str, value: int, last: int) -> Nearness:
    """How close a value is to the largest that passes."""
    closeness, used_bp = closeness_of(value, last, up=True)
    return Nearness(rule, because, fact, closeness, used_bp, max(0, last - value + 1))


def _obeys(scope: Scope, facts: Facts) -> bool:
    return all(f"action.{key}" in facts for key in scope) and holds(scope, facts)
