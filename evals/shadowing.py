"""A shadow on the terminal: a bar while it is counted, then people, money, rules and limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

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


def tell(told: Mapping[str, Any], out: Console) -> None:
    """What `POST /v1/policies/shadow` answered, in sentences and tables."""
    _say(out, f"{told['policy']} version {told['version']}, a draft: nothing was changed.")
    _say(out, told["summary"])
    for each in told["kinds"]:
        _say(out, f"  {each['says']}: {_many(each['people'])}, {each['decisions']:,} decisions")
    for sentence in told["money_says"]:
        _say(out, f"  {sentence}")
    if told["rules"]:
        rules = Table("rule", "stands", "why", "people", "decisions")
        for rule in told["rules"]:
            rules.add_row(
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
            shown.add_row(
                one["name"], moment(one["at"], None), one["says"], sums, one["decision_id"]
            )
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


def _many(people: int) -> str:
    return "1 person" if people == 1 else f"{people:,} people"


def _say(out: Console, text: str) -> None:
    out.print(text, markup=False, highlight=False, soft_wrap=True)
