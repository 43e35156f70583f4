"""Decided again, on the terminal: a replay's steps; a shadow's people, money, rules and limits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from agent.fact_words import moment, money

_SHOWN = 20
_WHERE = {"draft": "in the draft", "then": "in force then"}


@contextmanager
def watching(out: Console) -> Iterator[None]:
    """A bar that runs while the server decides; how long that takes only it knows."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out, transient=True) as bar:
        bar.add_task("deciding again", total=None)
        yield


def tell_replay(told: Mapping[str, Any], out: Console) -> None:
    """What a replay answered, a line for each call."""
    table = Table("turn", "tool", "recorded", "now", "same")
    for step in told["steps"]:
        same = "yes" if step["same"] else "NO"
        _row(table, str(step["n"]), step["tool"], step["recorded"], step["replayed"], same)
    out.print(table)
    out.print("the same verdicts" if told["same"] else "not the same")


def tell_shadow(told: Mapping[str, Any], out: Console, *, as_json: bool = False) -> None:
    """What a shadow answered, in sentences and tables, or as it is."""
    if as_json:
        out.print(json.dumps(told, indent=2, ensure_ascii=False), markup=False, highlight=False,
                  soft_wrap=True)  # fmt: skip
        return
    _say(out, f"{told['policy']} version {told['version']}, a draft: nothing was changed.")
    _say(out, told["summary"])
    for each in told["kinds"]:
        _say(out, f"  {each['says']}: {_many(each['people'])}, {_decisions(each['decisions'])}")
    for sentence in told["money_says"]:
        _say(out, f"  {sentence}")
    if told["rules"]:
        rules = Table("rule", "stands", "why", "people", "decisions")
        for rule in told["rules"]:
            _row(
                rules,
                rule["rule"],
                _WHERE[rule["pack"]],
                rule["because"],
                f"{rule['people']:,}",
                f"{rule['decisions']:,}",
            )
        out.print(rules)
    people = told["people"]["items"]
    if people:
        shown = Table("who", "when", "what would be otherwise", "money", "decision")
        for one in people[:_SHOWN]:
            sums = ", ".join(money(each["minor"], each["currency"]) for each in one["money"])
            _row(shown, one["name"], moment(one["at"], None), one["says"], sums, one["decision_id"])
        out.print(shown)
    more = told["changed"]["people"] - len(people[:_SHOWN])
    if more > 0:
        _say(out, f"and {_many(more)} more; --json names the newest {len(people):,}")
    if told["limits"]:
        _say(out, "What this cannot say:")
    for sentence in told["limits"]:
        _say(out, f"  - {sentence}")
    looked = told["looked_at"]
    _say(
        out,
        f"{looked['calls']:,} calls of {looked['decisions']:,} decisions and "
        f"{_many(looked['people'])}, opened in {told['took']['opening_ms']:,} ms, decided in "
        f"{told['took']['deciding_ms']:,} ms",
    )


def _row(table: Table, *cells: str) -> None:
    """Cells as they are: what a pack or a person is called is never markup."""
    table.add_row(*(Text(cell) for cell in cells))


def _many(people: int) -> str:
    return "1 person" if people == 1 else f"{people:,} people"


def _decisions(n: int) -> str:
    return f"{n:,} decision{'' if n == 1 else 's'}"


def _say(out: Console, text: str) -> None:
    out.print(text, markup=False, highlight=False, soft_wrap=True)
