"""`usher policy check` and `usher policy diff`: what is proved of packs, told on the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from agent.documents import SHIPPED_POLICIES
from agent.errors import Invalid
from agent.pack_files import beside
from agent.pack_proofs import Told, check_and_prove, compare, loaded, said
from policies.pack import Pack, PolicyError

#: Nobody else waits for a shell: big packs get the time they need.
LIMIT_S = 120.0


policy_app = typer.Typer(no_args_is_help=True, help="Policy packs.")
AsJson = Annotated[bool, typer.Option("--json", help="All of it, as JSON.")]


@policy_app.command("check")
def policy_check(
    file: Annotated[Path, typer.Argument(help="A pack.")],
    as_json: AsJson = False,
    answers: Annotated[bool, typer.Option("--answers", help="What each call can get.")] = False,
) -> None:
    """What is wrong with a pack, each problem as FILE:LINE:COL: text, and what is proved of it.

    Example: usher policy check policies/commerce.yaml --answers
    """
    text = read(file)
    with _progress(file.name) as tell:
        library = beside(file, SHIPPED_POLICIES)
        found = check_and_prove(text, file=str(file), library=library, limit_s=LIMIT_S, tell=tell)
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        raise typer.Exit(0 if found["ok"] else 1)
    for line in found["problems"]:
        print(line)
    warnings = [one for one in found["findings"] if one["severity"] == "warning"]
    for one in warnings:
        shown = f"; for example {said(one['example'])}" if one["example"] else ""
        print(f"{one['file']}:{one['line']}:{one['col']}: warning: {one['text']}{shown}")
    for kept in found.get("invariants", ()):
        print(f"proved: {kept['id']}: {kept['because']}")
    if not found.get("finished", True):
        print(f"{file}: there was no time to look at everything")
    if answers and "answers" in found:
        Console().print(_answers(found["answers"]))
    if not found["ok"]:
        raise typer.Exit(1)
    told = f", {len(warnings)} warnings" if len(warnings) > 1 else ", 1 warning" * len(warnings)
    print(f"{file}: {found['policy']} version {found['version']} is in order{told}")


@policy_app.command("diff")
def policy_diff(
    before: Annotated[Path, typer.Argument(help="A pack.")],
    after: Annotated[Path, typer.Argument(help="What it would become.")],
    as_json: AsJson = False,
) -> None:
    """What one pack answers otherwise than another, each change with an example.

    Example: usher policy diff policies/commerce.yaml draft.yaml
    """
    packs = _pack(before), _pack(after)
    with _progress(after.name) as tell:
        found = compare(*packs, limit_s=LIMIT_S, tell=tell)
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for line in told(found):
        print(line)


def told(found: dict[str, Any]) -> Iterator[str]:
    """A comparison, line by line."""
    for one in found["changed"]:
        yield f"{one['section']}: {one['name']} {one['what']}"
        if one["before"]:
            yield f"  - {one['before']}"
        if one["after"]:
            yield f"  + {one['after']}"
    for one in found["answers"]:
        yield f"{one['kind']}: {one['text']}, e.g. {said(one['example'])}"
    for one in found["obligations"]:
        yield f"{one['kind']}: {one['what']} changes, e.g. {said(one['example'])}"
    yield from found["untold"]
    if found["answers_alike"]:
        yield "no answer changes, whatever the facts"


def read(file: Path) -> str:
    """A file's text. Raises `Invalid`."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{file} cannot be read: {error}") from error


def _pack(file: Path) -> Pack:
    try:
        return loaded(read(file), str(file), beside(file, SHIPPED_POLICIES))
    except PolicyError as broken:
        raise Invalid(str(broken)) from broken


@contextmanager
def _progress(name: str) -> Iterator[Told]:
    """A bar on the error channel, so that what is told can be piped."""
    columns = (
        TextColumn(f"proving {name}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
    )
    screen = Console(stderr=True)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("")
        yield lambda done, of: bar.update(task, completed=done, total=of)


def _answers(rows: list[dict[str, Any]]) -> Table:
    table = Table("calls", "agent", "message", "can be")
    for one in rows:
        can_be = ", ".join(one["can_be"]).replace("_", " ") or "nothing"
        table.add_row(one["kind"], one["autonomy"] or "any", one["class"] or "", can_be)
    return table
