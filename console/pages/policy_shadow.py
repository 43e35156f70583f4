"""Who would have been affected: past decisions under the text of the next version.

Sentences first, then the rules behind them, the money, the people with their decisions, and what
cannot be said. Nothing is changed by looking.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from nicegui import ui
from nicegui.element import Element

from agent.errors import UsherError
from agent.fact_words import money
from console.components import bar, button, cell, chip, empty, row, table, text
from console.frame import Visit, moment

_SPANS = {"1d": "1 day", "7d": "7 days", "30d": "30 days"}
_MEANINGS = {
    "refused": "deny", "allowed": "allow", "asks_a_person": "approval",
    "asks_somebody_else": "approval", "asks_nobody": "allow", "wants_a_reason": "review",
    "later": "defer", "earlier": "defer", "discount_limit": "review", "owes_otherwise": "held",
}  # fmt: skip
_WHERE = {"draft": "a rule of the new text", "then": "a rule that was in force then"}
_BEFORE = (
    "Change the text above and press “Check, and show what changes”. Then the decisions of the "
    "last days are decided again under it, and this says whom it would have touched."
)
_NOBODY_YET = (
    "Nothing was decided in this time. Look further back, or send a trigger first: Start here "
    "says how."
)


class Affected:
    """The part of a policy's page; `show` fills it for a text, None empties it."""

    def __init__(self, visit: Visit, name: str) -> None:
        self._visit = visit
        self._file = f"{name}.yaml"
        self._text: str | None = None
        self._since = "7d"
        self._box: Element | None = None

    def place(self) -> None:
        """Put it where it stands on the page, with nothing to show yet."""
        self._box = ui.element("div").classes("u-card u-bare").props('aria-live="polite"')
        with self._box:
            empty(_BEFORE)

    async def show(self, words: str | None) -> None:
        """Decide the past again under this text."""
        self._text = words
        await self._look()

    async def _since_then(self, since: str) -> None:
        self._since = since
        await self._look()

    async def _look(self) -> None:
        assert self._box is not None
        asked = (self._text, self._since)
        self._box.clear()
        with self._box:
            if self._text is None:
                empty(_BEFORE)
                return
            text("Deciding again…", "u-muted")
        try:
            told = await self._ask(None)
        except UsherError as error:
            self._box.clear()
            with self._box:
                empty(f"{error}.")
            return
        if asked != (self._text, self._since):
            return  # somebody has asked for something else meanwhile
        self._box.clear()
        with self._box:
            self._told(told)

    async def _ask(self, cursor: str | None) -> dict[str, Any]:
        assert self._text is not None
        shadowing = self._visit.runs.shadowing
        return await shadowing.look(self._text, file=self._file, since=self._since, cursor=cursor)

    def _told(self, told: dict[str, Any]) -> None:
        with ui.element("div").classes("u-row"):
            for since, words in _SPANS.items():
                made = button(
                    words,
                    partial(self._since_then, since),
                    kind="primary" if since == self._since else "",
                )
                if since == self._since:
                    made.props('aria-current="true"')
        text(told["summary"], "u-title2")
        if not told["looked_at"]["decisions"]:
            empty(_NOBODY_YET)
            return
        _kinds(told["kinds"])
        for sentence in told["money_says"]:
            text(sentence)
        _rules(told["rules"], told["changed"]["people"])
        if told["people"]["items"]:
            text("The people", "u-h")
            self._people(told["people"])
        _limits(told["limits"])

    def _people(self, people: dict[str, Any]) -> None:
        with table("Who", "What would be otherwise", "Why", "Money", "When"):
            for one in people["items"]:
                with row():
                    with cell(), ui.link(target=f"/decisions/{one['decision_id']}"):
                        ui.label(one["name"])
                        text(one["goal"].replace("_", " "), "u-muted")
                    with cell(), ui.element("div").classes("u-row"):
                        for kind, words in zip(one["kinds"], one["says"].split(", "), strict=True):
                            chip(words, _MEANINGS[kind])
                    with cell():
                        text(". ".join(one["because"]))
                    with cell():
                        sums = [money(each["minor"], each["currency"]) for each in one["money"]]
                        text(", ".join(sums) or "–", "" if sums else "u-muted")
                    with cell():
                        text(moment(one["at"]), "u-small")
        if people["next_cursor"] is None:
            return
        more = ui.element("div").classes("u-card u-bare")

        async def go_on() -> None:
            told = await self._ask(people["next_cursor"])
            more.clear()
            with more:
                self._people(told["people"])

        with more, ui.element("div").classes("u-row"):
            button("Show more people", go_on)


def _kinds(kinds: list[dict[str, Any]]) -> None:
    for each in kinds:
        with ui.element("div").classes("u-row"):
            chip(each["says"], _MEANINGS[each["kind"]])
            text(f"{_people_of(each['people'])}, {_decisions_of(each['decisions'])}")


def _rules(rules: list[dict[str, Any]], whole: int) -> None:
    if not rules:
        return
    text("The rules behind it, by people", "u-h")
    for rule in rules:
        with ui.element("div").classes("u-plot"):
            with ui.element("div"):
                text(rule["because"])
                text(_WHERE[rule["pack"]], "u-small")
            bar(rule["people"] / whole, _MEANINGS[rule["kinds"][0]["kind"]])
            text(f"{rule['people']:,}", "u-muted")


def _limits(limits: list[str]) -> None:
    if not limits:
        return
    text("What this cannot say", "u-h")
    for sentence in limits:
        text(sentence, "u-small")


def _people_of(n: int) -> str:
    return "1 person" if n == 1 else f"{n:,} people"


def _decisions_of(n: int) -> str:
    return f"{n:,} decision{'' if n == 1 else 's'}"
