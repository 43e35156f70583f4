"""No other way leads to an effect or to a channel than the one through the gate (P1)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.source import ROOMS, ROOT, ROOT_MODULES, python_files

#: What only these files do. `store.ledger.claim` writes an effect, `Channel.send` hands one over, a
#: tool's `prepare` makes what is claimed, or what a queued message would say now.
ONLY = {
    # The other one is a person who takes an effect back, which no agent can.
    "claim of store.ledger": {"tools/claim.py", "agent/undoing.py"},
    "claim of tools.claim": {"agent/claiming.py"},
    # Alerts and tests go to whoever runs this; `by_audience` is itself a channel, of several.
    "calls .send(": {
        "agent/handover.py",
        "agent/channel_check.py",
        "agent/alert_targets.py",
        "tools/channels/by_audience.py",
    },
    "calls .prepare(": {"agent/act.py", "agent/releasing.py"},
    "inserts into effects": {"store/ledger.py"},
    # The other one copies what is counted to a second person, and stands for no message.
    "inserts into contacts": {"store/ledger.py", "store/contacts_of_both.py"},
    "inserts into offers": {"tools/offers.py"},
    "inserts into tickets": {"tools/service.py"},
}


def uses(path: Path) -> Iterator[str]:
    """What of the above a file does, however it has imported it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules: dict[str, str] = {}
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {a.asname or a.name: a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{alias.name} of {node.module}"
                modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            yield names[node.id]
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            module = modules.get(ast.unparse(node.value))
            if module is not None:
                yield f"{node.attr} of {module}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if not _is_ours(modules.get(ast.unparse(node.func.value), "")):
                yield f"calls .{node.func.attr}("
            if node.func.attr == "insert" and isinstance(node.func.value, ast.Name):
                yield f"inserts into {_table(node.func.value, modules)}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            for argument in node.args if "insert" in node.func.id else ():
                if isinstance(argument, ast.Name):
                    yield f"inserts into {_table(argument, modules)}"
        if isinstance(node, ast.Constant) and node.value in ("tools.claim", "store.ledger"):
            yield f"names {node.value} in a text"


def _is_ours(module: str) -> bool:
    """Whether this is a module of ours, so that its function is called and no object's method."""
    return bool(module) and (ROOT / f"{module.replace('.', '/')}.py").is_file()


def _table(name: ast.Name, modules: dict[str, str]) -> str:
    return modules.get(name.id, name.id).rpartition(".")[2]


@cache
def users() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path in python_files(*ROOMS, *ROOT_MODULES):
        for use in uses(path):
            found.setdefault(use, set()).add(path.relative_to(ROOT).as_posix())
    return found


@pytest.mark.parametrize("what", sorted(ONLY))
def test_p1_only_these_files_do_it(what: str) -> None:
    assert users().get(what, set()) == ONLY[what]


def test_p1_nobody_reaches_the_claim_by_its_name_in_a_text() -> None:
    assert not {use for use in users() if use.startswith("names ")}


def test_the_reader_sees_every_way_of_writing_it(tmp_path: Path) -> None:
    path = tmp_path / "sly.py"
    path.write_text(
        "import store.ledger\n"
        "import store.ledger as book\n"
        "from store import ledger as kept\n"
        "from store.ledger import claim as take\n"
        "store.ledger.claim()\nbook.claim()\nkept.claim()\ntake()\n"
        "channel.send(letter)\n"
        "from store.schema import effects as rows\n"
        "insert_or_ignore(conn, rows)\nrows.insert()\n"
    )
    seen = list(uses(path))
    assert seen.count("claim of store.ledger") == 4
    assert seen.count("inserts into effects") == 2
    assert "calls .send(" in seen
