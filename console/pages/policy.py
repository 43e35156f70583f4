"""One pack: its rules with their reasons, its text, its versions; and publishing the next one.

An approver sees what would change before it changes: the difference of the text, line by line. A
text that is broken, or whose version does not rise, is not offered.
"""

from __future__ import annotations

from typing import Any

from fastapi import Request
from nicegui import ui

from agent.errors import UsherError
from agent.explain_words import goal_words
from agent.fact_words import counted
from agent.text_diff import diff
from console.components import button, card, cell, chip, empty, row, sentence, table, text
from console.frame import House, Visit, at, moment, page
from console.pages import policy_changes, policy_check
from console.pages.policies import pasted, report, who_wrote
from console.pages.policy_shadow import Affected

_MEANINGS = {
    "hard": "deny",
    "soft": "review",
    "ask": "approval",
    "table": "approval",
    "quiet": "defer",
}


_PLACES = (
    *(("Rules", "rules"), ("The next version", "next"), ("Text in force", "text")),
    ("Versions", "versions"),
)


def register(house: House) -> None:
    """Put the page in its place."""

    @at("/policies/{name}")
    async def policy(request: Request, name: str) -> None:
        async with page(house, request, f"Policy {name}", here="/policies") as visit:
            try:
                pack = await visit.runs.publishing.get(name)
            except UsherError as error:
                with card():
                    empty(f"{error}. Go back to Policies.")
                return
            sentence(
                f"{pack['name']} version {pack['version']} is in force since "
                f"{moment(pack['created_at'])}, {_by(pack['author'])}.",
                f"{len(pack['rules'])} rules. Money is counted in {pack['currency']}.",
            )
            _standing(pack)
            with ui.element("div").classes("u-row"):
                for words, place in _PLACES:
                    with ui.link(target=f"#{place}").classes("u-button"):
                        ui.label(words)
            policy_changes.waiting(visit, pack, await visit.runs.publishing.changes(name))
            with ui.element("div").props("id=rules"), card("Rules"):
                _rules(pack["rules"], name)
            affected = Affected(visit, pack["name"])
            with ui.element("div").props("id=next"), card("The next version"):
                _publish(visit, pack, affected)
            with ui.element("div").props("id=affected"), card("Who would have been affected"):
                affected.place()
            with ui.element("div").classes("u-cols u-wide"):
                with ui.element("div").props("id=text"), card("Text"):
                    _text(pack["text"])
                with ui.element("div").props("id=versions"), card("Versions"):
                    policy_changes.versions(visit, pack)


def _by(author: str) -> str:
    said = who_wrote(author)
    return said if said != author else f"put there by {author}"


def _standing(pack: dict[str, Any]) -> None:
    """Since when it decides so, what it stands on, and what it decides."""
    said = [policy_changes.since(pack["in_force"], pack["name"])]
    if pack["extends"]:
        said.append(f"It is built on {' and '.join(pack['extends'])}: their rules hold too.")
    if pack["goals"]:
        said.append(f"It decides: {', '.join(goal_words(goal) for goal in pack['goals'])}.")
    if pack["four_eyes"]:
        said.append("A change of it needs two people.")
    if any(said):
        text(" ".join(line for line in said if line), "u-small")
    for problem in pack["problems"]:
        chip("cannot be used, so it refuses everything", "deny")
        text(problem, "u-code")


def _rules(rules: list[dict[str, Any]], name: str) -> None:
    with table("Rule", "Kind", "Asked for", "Why", "Fires when"):
        for rule in rules:
            with row():
                elsewhere = "" if rule["pack"] == name else f"/policies/{rule['pack']}"
                place = f"{elsewhere}#line-{rule['line']}"
                with cell(), ui.link(target=place).classes("u-whole"):
                    ui.label(rule["id"])
                with cell():
                    chip(rule["kind"], _MEANINGS.get(rule["kind"], "held"))
                with cell():
                    text(", ".join(rule["on"]), "u-small")
                with cell():
                    text(rule["because"])
                with cell():
                    text(rule["condition"], "u-code")


def _text(words: str) -> None:
    with ui.element("div").classes("u-source"):
        for n, line in enumerate(words.splitlines(), 1):
            with ui.element("div").props(f"id=line-{n}"):
                text(str(n), "u-line")
                text(line or " ", "u-code")


def _publish(visit: Visit, pack: dict[str, Any], affected: Affected) -> None:
    if not visit.who.may("approver"):
        empty("An approver publishes versions. Anybody may check a text.")
    field = pasted(pack["text"])

    async def look() -> None:
        new = field.value or ""
        told = await visit.runs.publishing.check(new, file=f"{pack['name']}.yaml")
        shown.clear()
        with shown:
            asked = _look(visit, pack, new, told)
        await affected.show(new if asked else None)

    with ui.element("div").classes("u-row"):
        button("Check, and show what changes", look)
    shown = ui.element("div").classes("u-card u-bare")


def _look(visit: Visit, pack: dict[str, Any], new: str, told: dict[str, Any]) -> bool:
    """What changes; whether it is a text of this pack whose consequences can be looked at."""
    if not report(told):
        return False
    changed = diff(pack["text"], new)
    if not changed:
        empty("This is the text in force; nothing would change.")
        return False
    if told["policy"] != pack["name"]:
        chip(f"this is the pack {told['policy']}, not {pack['name']}", "deny")
        return False
    newest = pack["versions"][0]["version"]
    if told["version"] <= newest:
        chip(f"the version must rise: write version: {newest + 1}", "deny")
        return True
    added, gone = (sum(line.sign == sign for line in changed) for sign in "+-")
    text(f"{counted(added, 'line')} added, {gone} taken away:", "u-strong")
    policy_changes.difference(
        [{"sign": line.sign, "number": line.number, "text": line.text} for line in changed]
    )
    policy_check.proofs(visit.runs, new, f"{pack['name']}.yaml")
    policy_check.changes(visit.runs, new, pack["name"])

    reason = ui.input(label="Why (others read it)").props('outlined dense maxlength="1000"')

    async def publish() -> None:
        if not await visit.still_may("approver"):
            return
        try:
            await visit.runs.publishing.put(
                pack["name"], new, author=visit.who.name, reason=reason.value or ""
            )
        except UsherError as error:
            ui.notify(str(error), type="negative")
            return
        ui.navigate.to(f"/policies/{pack['name']}")

    with ui.element("div").classes("u-row"):
        button(
            f"{'Propose' if pack['four_eyes'] else 'Publish'} version {told['version']}",
            publish,
            kind="primary",
            enabled=visit.who.may("approver"),
        )
    with ui.link(target="#affected"):
        ui.label("Who would have been affected")
    return True
