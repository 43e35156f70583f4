"""The documents tell what there is: every route with its role, every setting with its default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

import server
from agent.settings import Settings
from api.route import Route
from tests.api.service import settings_of
from tests.source import ROOT
from tools.registry import TOOLS

DOCS = ROOT / "docs"


def rows(document: str) -> list[list[str]]:
    """The cells of every line of every table."""
    text = (DOCS / document).read_text(encoding="utf-8").replace(r"\|", "¦")
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    app = server.build(settings_of(tmp_path_factory.mktemp("data")))
    yield app
    app.state.runs.db.close()


def test_every_route_is_documented_with_its_role_and_no_other_is(app: FastAPI) -> None:
    served = {
        f"{method} {route.path_format}": "none" if route.needs is None else route.needs.role
        for context in iter_route_contexts(app.routes)
        if isinstance(route := context.original_route, Route)
        for method in route.methods or ()
    }
    routes = [row for row in rows("http-api.md") if re.match(r"[A-Z]+ /", row[0])]
    assert {row[0]: row[1] for row in routes} == served
    assert len(routes) == len(served)
    assert all(row[2] for row in routes)


def test_every_setting_is_documented_with_its_default_and_no_other_is() -> None:
    there = {
        f"USHER_{name.upper()}": "none" if field.default is None else str(field.default)
        for name, field in Settings.model_fields.items()
    }
    told = rows("settings.md")
    assert {row[0]: row[1] for row in told} == there
    assert all(row[2] for row in told)


def test_every_setting_that_a_document_names_is_one() -> None:
    known = {f"USHER_{name.upper()}" for name in Settings.model_fields}
    for path in (*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "SECURITY.md"):
        named = set(re.findall(r"\bUSHER_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8")))
        assert named <= known, path.name


def test_every_link_leads_somewhere() -> None:
    for path in (*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        text = path.read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            if link.startswith(("http://", "https://", "mailto:")):
                continue
            file, _, anchor = link.partition("#")
            target = path.parent / file if file else path
            assert target.exists(), f"{path.name}: {link}"
            if anchor and target.suffix == ".md":
                assert anchor in anchors_of(target), f"{path.name}: {link}"


def anchors_of(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_document_is_linked_from_the_first_one() -> None:
    first = (DOCS / "README.md").read_text(encoding="utf-8")
    for path in DOCS.rglob("*.md"):
        name = path.relative_to(DOCS).as_posix()
        assert name == "README.md" or f"({name})" in first, name


def test_every_tool_is_documented_with_its_risk_and_cost_and_no_other_is() -> None:
    there = {
        tool.name: [
            tool.kind.value,
            tool.risk.value,
            tool.reversibility.value if tool.is_effect else "–",
            tool.cost.value,
        ]
        for tool in TOOLS.values()
    }
    told = {row[0]: [row[1], *row[3:6]] for row in rows("tools.md")}
    assert told == there
