"""Policies: the packs in force, files that were left out and why, and a text to check."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from nicegui import ui

from agent.explain_words import goal_words
from agent.fact_words import counted
from agent.runs import Runs
from console.components import button, card, cell, chip, command, empty, row, table, text
from console.frame import House, at, moment, page
from console.pages import policy_check

_MOST = 500_000


def register(house: House) -> None:
    """Put the page in its place."""

    @at("/policies")
    async def policies(request: Request) -> None:
        async with page(house, request, "Policies", here="/policies") as visit:
            runs = visit.runs
            packs = await runs.publishing.listing()
            with card("In force"), table("Pack", "Decides", "Version", "Who", "Since"):
                for pack in packs:
                    with row():
                        with cell(), ui.element("div").classes("u-row"):
                            with ui.link(target=f"/policies/{pack['name']}"):
                                ui.label(pack["name"])
                            if pack["decides_the_rest"]:
                                chip("decides", "allow")
                            if pack["waiting"]:
                                chip(f"{counted(pack['waiting'], 'change')} waiting", "review")
                            if pack["problems"]:
                                chip("cannot be used", "deny")
                        with cell():
                            text(_decides(pack), "u-small")
                        with cell():
                            text(f"version {pack['version']}")
                        with cell():
                            text(who_wrote(pack["author"]))
                        with cell():
                            text(moment(pack["created_at"]), "u-small")
            _left_out([*runs.problems, *runs.publishing.problems])
            with card("Check a text"):
                text(
                    "Paste a pack. Nothing is changed; every problem is said with its place.",
                    "u-muted",
                )
                _checker(runs)


def _decides(pack: dict[str, Any]) -> str:
    """What a pack is there for, in words."""
    goals = [goal_words(goal) for goal in pack["goals"]]
    if pack["decides_the_rest"]:
        return ", ".join([*goals, "all that no other pack names"])
    return ", ".join(goals) or "what packs built on it decide"


def _left_out(problems: list[str]) -> None:
    with card("Files that were left out"):
        if not problems:
            empty("None. Every file that was found is in order and in force.")
            return
        chip("the versions before them stay in force", "review")
        for problem in problems:
            command(problem)


def who_wrote(author: str) -> str:
    """Who put a version there: a person's name, or where its file came from."""
    return {"shipped": "came with Usher", "files": "from a file"}.get(author, author)


def _checker(runs: Runs) -> None:
    field = pasted()

    async def look() -> None:
        told = await runs.publishing.check(field.value or "", file="policy.yaml")
        found.clear()
        with found:
            if report(told):
                policy_check.proofs(runs, field.value or "", "policy.yaml")

    with ui.element("div").classes("u-row"):
        button("Check", look, kind="primary")
    found = ui.element("div").classes("u-card u-bare")


def pasted(given: str = "") -> ui.textarea:
    """A field that a pack is pasted into."""
    field = ui.textarea(value=given).props(
        f'outlined autogrow input-class="u-code" aria-label="Text of a pack" maxlength={_MOST}'
    )
    return field.classes("u-paste")


def report(told: dict[str, object]) -> bool:
    """What a check found, as chips and lines; whether it is in order."""
    problems = told["problems"]
    assert isinstance(problems, list)
    if told["ok"]:
        with ui.element("div").classes("u-row"):
            chip("in order", "allow")
            text(f"{told['policy']} version {told['version']}")
        return True
    chip(f"{len(problems)} problem{'' if len(problems) == 1 else 's'}", "deny")
    for problem in problems:
        text(str(problem), "u-code")
    return False
