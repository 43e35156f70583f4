"""What is proved of a text: findings, invariants that hold, and what it would answer otherwise.

Proving takes a while, so it runs beside the page and its part says so until it is done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from nicegui import ui

from agent.errors import UsherError
from agent.fact_words import counted
from agent.pack_proofs import said
from agent.runs import Runs
from console.components import cell, chip, empty, row, table, text

Show = Callable[[], None]
_MEANINGS = {
    "deny": "deny",
    "approval": "approval",
    "review": "review",
    "needs_reason": "review",
    "allow": "allow",
}
_WORDS = {
    "deny": "denied",
    "approval": "signed by an approver",
    "review": "looked at by an operator",
    "needs_reason": "allowed for a reason",
    "allow": "allowed",
}


def proofs(runs: Runs, new: str, file: str) -> None:
    """A part of the page that comes to say what is proved of a text."""

    async def prove() -> Show:
        found = await runs.publishing.prove(new, file=file)
        return lambda: _findings(found)

    _later("Looking at every case there could be…", prove)


def changes(runs: Runs, new: str, against: str) -> None:
    """A part of the page that comes to say what a text answers otherwise than a pack in force."""

    async def compare() -> Show:
        found = await runs.publishing.compare(new, file=f"{against}.yaml", against=against)
        return lambda: _changes(found)

    _later("Holding both packs against every case there could be…", compare)


def _later(words: str, work: Callable[[], Awaitable[Show]]) -> None:
    with ui.element("div").classes("u-card u-bare") as place:
        text(words, "u-muted")

    async def run() -> None:
        try:
            show = await work()
        except UsherError as error:
            show = partial(empty, f"{error}.")
        if place.is_deleted:  # somebody has asked about another text meanwhile
            return
        place.clear()
        with place:
            show()

    ui.timer(0.05, run, once=True)


def _findings(found: dict[str, Any]) -> None:
    findings = found["findings"]
    if not findings and found["finished"]:
        text("Every rule can fire and says something of its own.", "u-muted")
    for one in findings:
        with ui.element("div").classes("u-fact"):
            with ui.element("div").classes("u-row"):
                wrong = one["severity"] == "error"
                chip("stops it" if wrong else "look at this", "deny" if wrong else "review")
                text(f"line {one['line']}", "u-small")
            text(one["text"])
            if one["example"]:
                text(f"For example: {said(one['example'])}", "u-small")
    for kept in found["invariants"]:
        with ui.element("div").classes("u-row"):
            chip("✓ proved", "allow")
            text(kept["because"])
    if not found["finished"]:
        empty("There was no time to look at everything; what is not told is not proved.")


def _changes(found: dict[str, Any]) -> None:
    answers = found["answers"]
    if found["answers_alike"]:
        text("No answer changes, whatever the facts.", "u-strong")
    elif answers:
        text(f"{counted(len(answers), 'answer')} would change:", "u-strong")
        with table("Calls", "Today", "Then", "Because of", "For example"):
            for one in answers:
                _change(one)
    for one in found["obligations"]:
        text(f"Calls of {one['kind']}: {one['what']} changes, for example with "
             f"{said(one['example'])}")  # fmt: skip
    for words in found["untold"]:
        text(words, "u-muted")


def _change(one: dict[str, Any]) -> None:
    with row():
        with cell():
            text(one["kind"])
        for outcome in (one["before"], one["after"]):
            with cell():
                chip(_WORDS[outcome], _MEANINGS[outcome])
        with cell():
            text(" ".join(one["because"]) or ", ".join(one["rules"]))
        with cell():
            text(said(one["example"]), "u-small")
