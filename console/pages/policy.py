"""One pack: its rules with their reasons, its text, its versions; and publishing the next one.

An approver sees what would change before it changes: the difference of the text, line by line. A
text that is broken, or whose version does not rise, is not offered.
"""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import Request
from nicegui import ui

from agent.errors import UsherError
from agent.fact_words import counted
from agent.publishing import check
from agent.text_diff import Line, diff
from console.components import button, card, cell, chip, empty, row, sentence, table, text
from console.frame import House, Visit, at, moment, page
from console.pages import policy_check
from console.pages.policies import pasted, report, who_wrote

_MEANINGS = {
    "hard": "deny",
    "soft": "review",
    "ask": "approval",
    "table": "approval",
    "quiet": "defer",
}


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
            with ui.element("div").classes("u-row"):
                for words, place in (("Rules", "rules"), ("Text", "text"), ("Versions", "next")):
                    with ui.link(target=f"#{place}").classes("u-button"):
                        ui.label(words)
            with ui.element("div").props("id=rules"), card("Rules"):
                _rules(pack["rules"])
            with ui.element("div").classes("u-cols u-wide"):
                with ui.element("div").props("id=text"), card("Text"):
                    _text(pack["text"])
                with ui.element("div").classes("u-cols").props("id=next"):
                    with card("Versions"):
                        _versions(pack["versions"], pack["version"])
                    with card("The next version"):
                        _publish(visit, pack)


def _by(author: str) -> str:
    said = who_wrote(author)
    return said if said != author else f"put there by {author}"


def _rules(rules: list[dict[str, Any]]) -> None:
    with table("Rule", "Kind", "Asked for", "Why", "Fires when"):
        for rule in rules:
            with row():
                with cell(), ui.link(target=f"#line-{rule['line']}").classes("u-whole"):
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


def _versions(versions: list[dict[str, Any]], current: int) -> None:
    for version in versions:
        with ui.element("div").classes("u-fact"):
            with ui.element("div").classes("u-row"):
                text(f"version {version['version']}", "u-strong")
                if version["version"] == current:
                    chip("in force", "allow")
            text(f"{who_wrote(version['author'])} · {moment(version['created_at'])}", "u-small")
            text(f"sha-256 {version['sha256'][:16]}…", "u-code u-muted")


def _publish(visit: Visit, pack: dict[str, Any]) -> None:
    if not visit.who.may("approver"):
        empty("An approver publishes versions. Anybody may check a text.")
    field = pasted(pack["text"])

    async def look() -> None:
        new = field.value or ""
        told = await asyncio.to_thread(check, new, file=f"{pack['name']}.yaml")
        shown.clear()
        with shown:
            _look(visit, pack, new, told)

    with ui.element("div").classes("u-row"):
        button("Check, and show what changes", look)
    shown = ui.element("div").classes("u-card u-bare")


def _look(visit: Visit, pack: dict[str, Any], new: str, told: dict[str, Any]) -> None:
    if not report(told):
        return
    changed = diff(pack["text"], new)
    if not changed:
        empty("This is the text in force; nothing would change.")
        return
    if told["policy"] != pack["name"]:
        chip(f"this is the pack {told['policy']}, not {pack['name']}", "deny")
        return
    newest = pack["versions"][0]["version"]
    if told["version"] <= newest:
        chip(f"the version must rise: write version: {newest + 1}", "deny")
        return
    added, gone = (sum(line.sign == sign for line in changed) for sign in "+-")
    text(f"{counted(added, 'line')} added, {gone} taken away:", "u-strong")
    _difference(changed)
    policy_check.proofs(new, f"{pack['name']}.yaml")
    policy_check.changes(visit.runs, new, pack["name"])

    async def publish() -> None:
        if not await visit.still_may("approver"):
            return
        try:
            await visit.runs.publishing.put(pack["name"], new, author=visit.who.name)
        except UsherError as error:
            ui.notify(str(error), type="negative")
            return
        ui.navigate.to(f"/policies/{pack['name']}")

    with ui.element("div").classes("u-row"):
        button(
            f"Publish version {told['version']}",
            publish,
            kind="primary",
            enabled=visit.who.may("approver"),
        )


def _difference(lines: list[Line]) -> None:
    meaning = {"+": "u-added", "-": "u-gone"}
    with ui.element("div").classes("u-source u-short"):
        for line in lines:
            with ui.element("div").classes(meaning.get(line.sign, "")):
                text(str(line.number or ""), "u-line")
                text(f"{line.sign} {line.text}", "u-code")
