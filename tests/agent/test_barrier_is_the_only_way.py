"""Whoever plans reads people behind the read barrier only (P5).

Everything that a prompt can be made of is followed by its imports. Each place in it that reads a
profile, the text of memories, or the rows of events, memories and orders asks the barrier first, or
is named here with why it need not. Nothing is named that is not there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.source import ROOT, python_files

#: What a prompt is made of.
PROMPT = ("agent/perceive.py", "agent/recall.py", "agent/situation.py")
PROMPT_ROOMS = ("agent/planners/", "tools/")

#: These modules are themselves what is read: the rows of one person, for whoever may ask.
STORES = frozenset({"customers.profile", "customers.memory_text", "customers.orders"}) | {
    "customers.memory_standing"  # which memories stand, by their ids and times
}
#: Functions of these modules read somebody; what only seals, hashes or calculates is not listed.
READERS = {
    "customers.profile": frozenset({"load", "addresses_of", "addresses"}),
    "customers.memory_text": frozenset({"of_customer", "text_of", "not_indexed", "all_after"}),
    "tools.picture": frozenset({"load_picture"}),
}
TABLES = frozenset({"events", "memories", "orders"})

#: Where somebody is read without asking, and why nothing of it reaches a planner.
NAMED: Mapping[str, str] = {
    "tools.picture:load_picture": "asked by whoever calls it; each caller is checked here",
    "tools.claim:_look": "inside the claim, for the gate alone: it must see what it refuses",
    "agent.recall:_rank": "opens the rows that `agent.recall:_held` has let through, and no others",
    "agent.recall:index": "turns texts into vectors off the decision's path, and shows nobody",
    "agent.telling_out:(module)": "counts the ids of a decision's events, for subscribers alone",
    "agent.recall:vectors_of": "turns texts into vectors off the decision's path",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One place that reads somebody: `module:function`, the line, what is read."""

    place: str
    line: int
    what: str
    asked_first: bool

    def __str__(self) -> str:
        return f"{self.place}, line {self.line}, reads {self.what}"


def test_p5_all_that_a_prompt_is_made_of_asks_the_barrier_or_is_named_here() -> None:
    unasked = [
        str(reading)
        for module in reachable()
        for reading in readings_of(module)
        if not reading.asked_first and reading.place not in NAMED
    ]
    assert not unasked


def test_p5_nothing_is_named_here_that_is_not_there() -> None:
    there = {r.place for m in reachable() for r in readings_of(m) if not r.asked_first}
    assert set(NAMED) == there


def test_p5_the_places_that_feed_a_planner_ask_the_barrier() -> None:
    asking = {r.place for m in reachable() for r in readings_of(m) if r.asked_first}
    assert asking == {"agent.perceive:look", "agent.recall:_held"}


def test_p5_every_picture_outside_the_claim_is_asked_for_first() -> None:
    """Also where no planner is near: what operators are told beforehand, and what is released."""
    pictures = {
        reading.place: reading.asked_first
        for path in python_files("agent", "api", "console", "evals", "tools")
        for reading in readings_of(_name(path))
        if reading.what == "load_picture"
    }
    assert {place for place, asked in pictures.items() if not asked} == {"tools.claim:_look"}
    assert len(pictures) >= 4


def test_p5_there_is_one_barrier() -> None:
    """Nobody decides by themselves who is out of reach for a purpose."""
    deciding = [
        f"{_name(path)}:{node.lineno}"
        for path in python_files("agent", "api", "console", "customers", "tools")
        for node in ast.walk(_tree(_name(path)))
        if isinstance(node, ast.Call) and _called(node) == "stops_everything"
    ]
    assert [place.partition(":")[0] for place in deciding] == ["customers.barrier"]


def test_p5_planners_hold_no_database() -> None:
    """A planner is handed a situation; it has no connection by which to look anybody up."""
    for path in python_files("agent"):
        name = _name(path)
        if name.startswith("agent.planners"):
            tops = {module.partition(".")[0] for module in _imported(name)}
            assert not tops & {"store", "customers", "sqlalchemy"}, name


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("from customers import profile\ndef f(c, v):\n return profile.load(c, v, 'x')", [False]),
        ("from customers.profile import load\ndef f(c, v):\n return load(c, v, 'x')", [False]),
        (
            "from customers import memory_text as m\ndef f(c):\n return m.of_customer(c, 'x')",
            [False],
        ),
        ("from store.schema import orders\ndef f(c):\n return c.execute(orders.select())", [False]),
        ("from store import schema\ndef f(c):\n return c.execute(schema.events.select())", [False]),
        (
            "from customers.barrier import barrier\nfrom customers import profile\n"
            "def f(c, v):\n if barrier(c, v, 'x'): return\n return profile.load(c, v, 'x')",
            [True],
        ),
        (
            "from customers.barrier import barrier\nfrom customers import profile\n"
            "def f(c, v):\n p = profile.load(c, v, 'x')\n return barrier(c, v, 'x') or p",
            [False],
        ),
        ("def load(c):\n return c\ndef f(c):\n return load(c)", []),
    ],
)
def test_the_search_finds_each_way_of_reading(said: str, found: list[bool]) -> None:
    assert [r.asked_first for r in _readings("made.up", ast.parse(said))] == found


# -- reading the source ----------------------------------------------------------------------------


@cache
def reachable() -> tuple[str, ...]:
    """Every module of ours that what a prompt is made of imports, but those that are read."""
    waiting = [
        _name(path)
        for path in python_files("agent", "tools")
        if (there := path.relative_to(ROOT).as_posix()) in PROMPT or there.startswith(PROMPT_ROOMS)
    ]
    assert len(waiting) > 30
    found: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module in found or module in STORES:
            continue
        found.add(module)
        waiting += [name for name in _imported(module) if name in _modules()]
    return tuple(sorted(found))


def readings_of(module: str) -> list[Reading]:
    return [] if module in STORES else list(_readings(module, _tree(module)))


def _readings(module: str, tree: ast.Module) -> Iterator[Reading]:
    names = _names(tree)
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    inside = {id(part): f for f in functions for part in ast.walk(f)}  # the innermost comes last
    for node in ast.walk(tree):
        what = _read(node, names)
        if what is None:
            continue
        function = inside.get(id(node))
        place = f"{module}:{function.name if function is not None else '(module)'}"
        asked = function is not None and any(
            isinstance(call, ast.Call)
            and names.get(_called(call)) == "customers.barrier.barrier"
            and call.lineno < node.lineno
            for call in ast.walk(function)
        )
        yield Reading(place, node.lineno, what, asked)


def _read(node: ast.AST, names: Mapping[str, str]) -> str | None:
    """What a node reads, if it is a name or an attribute that reads somebody."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        full = f"{names.get(node.value.id, '?')}.{node.attr}"
    elif isinstance(node, ast.Name):
        full = names.get(node.id, "?")
    else:
        return None
    module, _, name = full.rpartition(".")
    if module == "store.schema" and name in TABLES:
        return name
    return name if name in READERS.get(module, ()) else None


def _names(tree: ast.Module) -> dict[str, str]:
    """What each imported name stands for, in full."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name] = alias.name
    return found


def _imported(module: str) -> set[str]:
    """The modules a module imports, also those named as `from package import module`."""
    named = set(_names(_tree(module)).values())
    return named | {name.rpartition(".")[0] for name in named}


@cache
def _modules() -> frozenset[str]:
    return frozenset(_name(path) for path in python_files("agent", "customers", "prompts", "tools"))


@cache
def _tree(module: str) -> ast.Module:
    path = ROOT / module.replace(".", "/")
    file = path.with_suffix(".py")
    file = file if file.exists() else path / "__init__.py"
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
