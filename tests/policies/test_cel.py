"""The shipped packs, asked beside Google's CEL: two engines, one answer.

CEL gets each rule's own words, not our tree, with typed variables; every rule of a kind stands in
one list. What it says fired and what the gate says fired must be the same, request after request.
"""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest
from cel_expr_python import cel

from policies.facts import Fact, FactType
from policies.pack import Pack
from policies.scope import Scope
from policies.tables import Cell
from tests.policies.packs import ask, shipped

REQUESTS = 24_000
_TYPES = {
    FactType.BOOL: cel.Type.BOOL,
    FactType.INT: cel.Type.INT,
    FactType.INSTANT: cel.Type.INT,
    FactType.ENUM: cel.Type.STRING,
}
ASKED = [
    *(("commerce", kind) for kind in ("contact", "offer", "ticket")),
    *(("finance", kind) for kind in ("contact", "offer", "recommendation")),
    *(("travel", kind) for kind in ("contact", "offer", "booking")),
]


def in_cel(text: str, pack: Pack) -> str:
    """A condition as CEL writes it."""
    for name, value in pack.params.items():
        text = re.sub(rf"\bparams\.{name}\b", str(value), text)
    text = re.sub(r"\bin \(([^)]*)\)", r"in [\1]", text)
    for word, sign in (("and", "&&"), ("or", "||"), ("not", "!")):
        text = re.sub(rf"\b{word}\b", sign, text)
    return f"({text})"


def of_scope(scope: Scope) -> str:
    parts = [f"action.{key} in {quoted(values)}" for key, values in scope.items()]
    return " && ".join(["true", *parts])


def quoted(values: tuple[Any, ...]) -> str:
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"


def of_cell(cell: Cell, fact: Fact) -> str:
    if cell.span is not None:
        return f"({fact.name} >= {cell.span[0]} && {fact.name} <= {cell.span[1]})"
    if cell.values is None:
        return "true"
    if fact.type is FactType.BOOL:
        return fact.name if cell.values[0] else f"!{fact.name}"
    return f"{fact.name} in {quoted(cell.values)}"


def told_in_cel(pack: Pack, kind: str) -> dict[str, str]:
    """By rule: when it fires."""
    found: dict[str, str] = {}
    contact = kind == "contact"
    for rule in pack.content.rules:
        if kind in rule.on:
            scope = of_scope(rule.obeys) if contact else "true"
            found[rule.id] = f"{scope} && {in_cel(rule.condition.text, pack)}"
    for table in pack.content.tables:
        if kind not in table.on:
            continue
        above = "false"
        for row in table.rows:
            cells = zip(row.cells, table.columns, strict=True)
            fits = " && ".join(["true", *(of_cell(cell, fact) for cell, fact in cells)])
            over = f"{table.exceeds} > {row.limit}" if row.gate is None else "true"
            found[f"{table.id}.{row.id}"] = f"!({above}) && ({fits}) && {over}"
            above = f"{above} || ({fits})"
        if table.outcome == "gate":
            found[f"{table.id}.unmatched"] = f"!({above})"
    for cap in pack.content.caps:
        if cap.on == kind and contact:
            found[cap.id] = f"{of_scope(cap.obeys)} && {cap.fact} + 1 > {cap.max}"
        elif cap.on == kind:
            found[cap.id] = f"{cap.fact} + 1 > {cap.max}"
    for budget in pack.content.budgets:
        if kind == "offer":
            found[budget.id] = f"{budget.charges} > {budget.fact}"
    return found


def a_request(rng: Random, pack: Pack, kind: str) -> dict[str, Any]:
    """Good values, mostly next to a number that stands in the pack."""
    numbers = [n for view in pack.rules for n in map(int, re.findall(r"-?\d+", view.condition))]
    numbers += [value for value in pack.params.values() if type(value) is int]
    facts: dict[str, Any] = {}
    for name in sorted(pack.needs(kind)):
        fact = pack.facts[name]
        match fact.type:
            case FactType.BOOL:
                facts[name] = rng.random() < 0.5
            case FactType.ENUM:
                facts[name] = rng.choice(fact.values)
            case FactType.INT:
                near = rng.choice(numbers) + rng.choice((-1, 0, 1))
                wild = rng.randint(fact.low, fact.high)
                facts[name] = min(fact.high, max(fact.low, rng.choice((near, near, wild))))
            case FactType.INSTANT:
                facts[name] = 1_772_539_200_000_000  # noon in Berlin: nothing waits
            case FactType.JURISDICTIONS:
                facts[name] = ()
            case FactType.SET:
                facts[name] = tuple(word for word in fact.values if rng.random() < 0.7)
            case _:
                facts[name] = ("Europe/Berlin",)
    return facts


@pytest.mark.parametrize(("name", "kind"), ASKED)
def test_cel_says_of_every_rule_what_the_gate_says(name: str, kind: str) -> None:
    pack = shipped(name)
    told = told_in_cel(pack, kind)
    typed = {n: _TYPES[f.type] for n, f in pack.facts.items() if f.type in _TYPES}
    program = cel.NewEnv(variables=typed).compile(f"[{', '.join(told.values())}]")
    rng = Random(f"{name} {kind}")
    spoke: set[str] = set()
    for _ in range(REQUESTS // len(ASKED)):
        facts = a_request(rng, pack, kind)
        answer = program.eval(data={n: v for n, v in facts.items() if n in typed})
        assert answer.type() == cel.Type.LIST, answer.value()
        fires = [item.value() if hasattr(item, "value") else item for item in answer.value()]
        assert all(value is True or value is False for value in fires)
        expected = {rule for rule, value in zip(told, fires, strict=True) if value}
        found = {one.rule for one in ask(pack, kind, facts).fired}
        assert found == expected, facts
        spoke |= found
    assert len(spoke) > len(told) // 2, "the requests must not all be of one kind"
