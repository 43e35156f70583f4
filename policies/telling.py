"""Can it be told what a rule says, although some facts are not known?

Three values: it fires, it does not, it cannot be told. A rule whose answer is the same whatever the
missing facts are is told; every other blocks. So an unknown value blocks what hangs on it and
nothing else, and taking a fact away never widens an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from policies.caps import Cap
from policies.expressions import Expression, truth
from policies.facts import Fact
from policies.scope import Scope
from policies.tables import Cell, Table

Known: TypeAlias = Mapping[str, Any]
Told: TypeAlias = Callable[[Known], bool]


def always_told(known: Known) -> bool:
    """What reads no fact, or looks for itself."""
    return True


def rule_told(tree: Expression, scope: Scope, also: tuple[str, ...], known: Known) -> bool:
    """A rule; `also` are the facts it needs beside its condition once it fires."""
    fires = _all(_in_scope(scope, known), truth(tree, known))
    if fires is None:
        return False
    return not fires or all(name in known for name in also)


def cap_told(cap: Cap, known: Known) -> bool:
    """A cap: told where nobody is held to it, where it is known not to be full, or is full."""
    full = known[cap.fact] + 1 > cap.max if cap.fact in known else None
    return _all(_in_scope(cap.obeys, known), full) is not None


def limit_told(scope: Scope, needs: tuple[str, ...], known: Known) -> bool:
    """A budget or quiet hours: told where nobody is held to it, or all of it is known."""
    held = _in_scope(scope, known)
    if held is None:
        return False
    return not held or all(name in known for name in needs)


def table_told(table: Table, known: Known) -> bool:
    """A table: exactly one row can be the one, and what it is held against is known."""
    exceeds = table.exceeds is None or table.exceeds in known
    for row in table.rows:
        cells = zip(row.cells, table.columns, strict=True)
        hit = _all(*(_fits(cell, fact, known) for cell, fact in cells))
        if hit is None:
            return False
        if hit:
            return exceeds
    return True


def _in_scope(scope: Scope, known: Known) -> bool | None:
    return _all(*(_among(f"action.{key}", values, known) for key, values in scope.items()))


def _fits(cell: Cell, fact: Fact, known: Known) -> bool | None:
    if cell.span is not None:
        low, high = cell.span
        if low <= fact.low and fact.high <= high:
            return True
        return low <= known[fact.name] <= high if fact.name in known else None
    if cell.values is None:
        return True
    return _among(fact.name, cell.values, known)


def _among(name: str, values: tuple[str | bool, ...], known: Known) -> bool | None:
    return known[name] in values if name in known else None


def _all(*parts: bool | None) -> bool | None:
    if False in parts:
        return False
    return None if None in parts else True
