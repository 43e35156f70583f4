"""Imports point downwards, the gate's engine is pure, and each outside part has one door."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions

import pytest

from tests.source import OURS, ROOMS, ROOT, ROOT_MODULES, Import, imports_of, python_files

BELOW = {
    "policies": frozenset[str](),
    "store": frozenset[str](),
    "prompts": frozenset[str](),
    "customers": frozenset({"store"}),
    "tools": frozenset({"policies", "customers", "store", "prompts"}),
    "agent": frozenset({"tools", "prompts", "customers", "policies", "store"}),
    "api": frozenset({"agent", "tools", "prompts", "customers", "policies", "store"}),
    "console": frozenset({"agent", "store"}),
    "evals": frozenset({"agent", "tools", "prompts", "customers", "policies", "store"}),
    "server": frozenset(ROOMS),
    "cli": frozenset((*ROOMS, "server")),
}

#: What reaches outside a pure function: files, processes, network, clocks, chance, the environment.
IMPURE = frozenset(
    {"asyncio", "concurrent", "ctypes", "glob", "http", "io", "logging", "multiprocessing", "os"}
    | {"pathlib", "random", "secrets", "select", "shutil", "signal", "socket", "sqlite3", "ssl"}
    | {"subprocess", "tempfile", "threading", "time", "urllib", "uuid"}
)

#: Reads the zones of the locked tzdata package: the same bytes for the same lock.
READS_PINNED_DATA = "policies/zones.py"

#: What others do, measured beside us; installed by the development lock only.
PEER = "evals/benches/peer.py"

#: Needed at run time without an import of ours: loaded by another part, or named by the design.
LOADED_BY_OTHERS = frozenset({"psycopg", "tzdata", "langchain-core"})


@pytest.mark.parametrize("room", [*ROOMS, *ROOT_MODULES])
def test_imports_point_downwards(room: str) -> None:
    allowed = BELOW[room] | {room}
    upwards = [
        str(imported)
        for path in python_files(room)
        for imported in imports_of(path)
        if imported.top in OURS and imported.top not in allowed
    ]
    assert not upwards


def test_the_gates_engine_is_pure() -> None:
    impure = [
        str(imported)
        for path in python_files("policies")
        for imported in imports_of(path)
        if imported.top in IMPURE
    ]
    calls = [
        f"{path.relative_to(ROOT)}:{node.lineno} calls {called}"
        for path in python_files("policies")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and (called := _called(node)) in {"open", "now", "utcnow", "today", "print", "input"}
        and not (called == "open" and str(path.relative_to(ROOT)) == READS_PINNED_DATA)
    ]
    assert not impure + calls


def test_nothing_outside_tests_imports_tests() -> None:
    found = [str(i) for i in _all_imports() if i.top in {"tests", "pytest"}]
    assert not found


@pytest.mark.parametrize("library", ["chromadb", "openai", "langgraph", "z3"])
def test_an_outside_part_has_one_door(library: str) -> None:
    doors = {str(i.file.relative_to(ROOT)) for i in _all_imports() if i.top == library} - {PEER}
    assert len(doors) <= 1, f"{library} is imported by {sorted(doors)}"


def test_nothing_that_decides_loads_the_prover() -> None:
    loads = "import sys, cli, policies.pack, agent.pack_proofs; print('z3' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", loads], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_every_imported_library_is_a_declared_dependency() -> None:
    declared = _declared("dependencies") | {"pyarrow"}
    undeclared = [
        str(i)
        for i in _foreign()
        if not _distributions(i.top) & declared and str(i.file.relative_to(ROOT)) != PEER
    ]
    assert not undeclared


def test_every_declared_dependency_is_used() -> None:
    used = {name for i in _foreign() for name in _distributions(i.top)}
    assert _declared("dependencies") - used == LOADED_BY_OTHERS - used


def test_tests_import_only_what_the_development_lock_installs() -> None:
    declared = _declared("dependencies") | _declared("dev")
    undeclared = [
        str(i)
        for path in python_files("tests")
        for i in imports_of(path)
        if _is_foreign(i) and not _distributions(i.top) & declared
    ]
    assert not undeclared


def _all_imports() -> list[Import]:
    return [i for path in python_files(*ROOMS, *ROOT_MODULES) for i in imports_of(path)]


def _foreign() -> list[Import]:
    return [i for i in _all_imports() if _is_foreign(i)]


def _is_foreign(imported: Import) -> bool:
    return imported.top not in OURS | sys.stdlib_module_names | {"tests"}


def _distributions(module: str) -> frozenset[str]:
    return frozenset(_canonical(name) for name in _installed().get(module, [module]))


@cache
def _installed() -> Mapping[str, list[str]]:
    return packages_distributions()


def _declared(group: str) -> frozenset[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = project["dependencies"] if group == "dependencies" else None
    listed = project["optional-dependencies"][group] if listed is None else listed
    return frozenset(_canonical(re.split(r"[\[<>=~!;\s]", line, maxsplit=1)[0]) for line in listed)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
