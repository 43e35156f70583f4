"""Can it be told what a rule says, although some facts are not known?

Three values: it fires, it does not, it cannot be told. A rule whose answer is the same whatever the
missing facts are is told; every other blocks. So an unknown value blocks what hangs on it and
nothing else, and taking a fact away never widens an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from policies.expressions import Expression, truth
from policies.facts import Fact
from policies.scope import Scope
from policies.tables import Cell, Table

Known: TypeAlias = Mapping[str, Any]
#: Which facts a clause wants before it can be told; those that are known may be among them.
Wants: TypeAlias = Callable[[Known], tuple[str, ...]]


def nothing(known: Known) -> tuple[str, ...]:
    """What reads no fact, or looks for itself."""
    return ()


def of_rule(
    tree: Expression, scope: Scope, reads: tuple[str, ...], also: tuple[str, ...], known: Known
) -> tuple[str, ...]:
    """A rule; `also` are the facts it needs beside its condition once it fires."""
    fires = _all(_in_scope(scope, known), truth(tree, known))
    if fires is None:
        return reads
    return also if fires else ()


def of_cap(
    scope: Scope, used: str, most: int, reads: tuple[str, ...], known: Known
) -> tuple[str, ...]:
    """A cap: told where nobody is held to it, where it is known not to be full, or is full."""
    full = known[used] + 1 > most if used in known else None
    return reads if _all(_in_scope(scope, known), full) is None else ()


def of_limit(scope: Scope, reads: tuple[str, ...], known: Known) -> tuple[str, ...]:
    """A budget or quiet hours: told where nobody is held to it, or all of it is known."""
    return () if _in_scope(scope, known) is False else reads


def of_table(table: Table, known: Known) -> tuple[str, ...]:
    """A table: exactly one row can be the one, and what it is held against is known."""
    for row in table.rows:
        cells = zip(row.cells, table.columns, strict=True)
        hit = _all(*(_fits(cell, fact, known) for cell, fact in cells))
        if hit is None:
            return table.facts
        if hit:
            return () if table.exceeds is None else (table.exceeds,)
    return ()


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
