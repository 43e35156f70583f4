"""`usher eval`: a suite with a progress bar, its results, its report, and what is wrong with it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from evals.report import html
from evals.suite import SUITES, Suite, run_suite, steps_of
from evals.verdicts import violations

RESULTS = Path(".usher") / "evals"


def list_suites(out: Console) -> int:
    """Print what suites there are; the exit code."""
    table = Table("suite", "what it tries", "planners", "people", "trials")
    for suite in SUITES.values():
        planners = ", ".join(suite.planners)
        table.add_row(suite.name, suite.title, planners, str(suite.people), str(suite.trials))
    out.print(table)
    return 0


def evaluate(suite: Suite, out: Console, *, folder: Path = RESULTS) -> int:
    """Run a suite and write `NAME.json` and `NAME.html`; 1 where the result is not good enough."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=out) as bar:
        task = bar.add_task(suite.name, total=steps_of(suite))

        def told(who: str) -> None:
            bar.update(task, advance=1, description=f"{suite.name}: {who}")

        result = asyncio.run(run_suite(suite, told=told))
        bar.update(task, description=suite.name)
    folder.mkdir(parents=True, exist_ok=True)
    told_json = json.dumps(result, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    (folder / f"{suite.name}.json").write_text(told_json, encoding="utf-8")
    (folder / f"{suite.name}.html").write_text(html(result), encoding="utf-8")
    out.print(_summary(result))
    for problem in result["problems"]:
        out.print(f"not good enough: {problem}", markup=False, highlight=False, soft_wrap=True)
    out.print(f"results: {folder / suite.name}.json, report: {folder / suite.name}.html",
              markup=False, highlight=False, soft_wrap=True)  # fmt: skip
    return 1 if result["problems"] else 0


def _summary(result: dict[str, Any]) -> Table:
    heads = (
        "planner",
        "violations",
        "cases right",
        "margin a person",
        "carts bought",
        "contacts a person",
    )
    table = Table(*heads)
    for name, one in result["planners"].items():
        cohort = one["cohort"]
        margin = cohort["margin_a_person"]
        table.add_row(
            name,
            str(len(violations(one))),
            f"{one['cases']['success']['value']:.0%}",
            "{value:.2f} ({low:.2f} to {high:.2f})".format(
                **{k: v / 100 for k, v in margin.items()}
            ),
            f"{cohort['goal_completion']['value']:.0%}",
            f"{cohort['contacts_a_person']:.2f}",
        )
    return table
