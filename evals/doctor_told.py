"""What the doctor found on the terminal: a line each, what to do under it, and the sum of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from agent.doctor import Report, examine
from agent.settings import Settings

AddressOf = Callable[[Path], str | None]
_FOLDER = typer.Option("--data", help="Folder of database, keys and outbox.", metavar="DIR")
_MARK = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


def add_to(app: typer.Typer, address_of: AddressOf, out: Console) -> None:
    """Put the command on an application; `address_of` says where a folder's server listens."""

    @app.command()
    def doctor(
        as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
        data: Annotated[Path | None, _FOLDER] = None,
    ) -> None:
        """What is configured, what leaves this machine, what is wrong and what to do about it.

        Changes nothing, and needs no running server. Exit 1 where anything failed.

        Example: usher doctor --data ./usher-data
        """
        settings = Settings() if data is None else Settings(data=data)
        report = examine(settings, server=address_of(settings.data))
        tell_report(report, out, as_json=as_json)
        sys.exit(1 if report.worst == "fail" else 0)


def tell_report(report: Report, out: Console, *, as_json: bool) -> None:
    """Print it; the last lines say what leaves this machine, and how it stands in all."""
    if as_json:
        out.print_json(json.dumps(report.as_json()))
        return
    for name, line in report.lines:
        _say(out, f"{_MARK[line.state]}  {name}: {line.said}")
        if line.todo is not None:
            _say(out, f"      do: {line.todo}")
    _say(out, "")
    if report.leaves:
        _say(out, f"leaves this machine, to: {', '.join(report.leaves)}")
    else:
        _say(out, "nothing leaves this machine")
    counts = {state: sum(line.state == state for _, line in report.lines) for state in _MARK}
    _say(out, f"{counts['ok']} ok, {counts['warn']} to look at, {counts['fail']} failed")


def _say(out: Console, text: str) -> None:
    out.print(text, markup=False, highlight=False, soft_wrap=True)
