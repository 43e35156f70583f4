"""The proof on the page of somebody erased: an identifier is typed, everything is searched for it.

What is typed stays in this tab; the answer tells places and counts. Only an admin may run it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from agent.errors import UsherError
from agent.proof_words import place_of, searched, what_is_left
from console import fields
from console.components import button, card, cell, chip, fact, row, table, text
from console.frame import Visit, moment

_SHOWN = 20


def show(visit: Visit) -> None:
    """The form, and under it the newest answer."""
    with card("Is anything left?"):
        shown = _Proof(visit)
        shown.form()
        shown.answer()


class _Proof:
    """What one tab asked, and was answered."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._typed = ""
        self._told: dict[str, Any] | None = None
        self._busy = False

    def form(self) -> None:
        """One line and a button."""
        text(
            "Every row and every file is searched for an identifier. Type it: nobody here knows it "
            "any more, and it is not kept."
        )
        fields.line(
            "Identifier to search for",
            tell=self._hear,
            note="an e-mail address, a number, a user id; each is searched for by itself",
        )
        with ui.element("div").classes("u-row"):
            button("Run the proof", self._run, kind="primary")

    @ui.refreshable_method
    def answer(self) -> None:
        """What was searched, by store; what was found, and where."""
        if self._busy:
            text("Searching; this reads everything there is.", "u-muted")
        if self._told is None:
            return
        told = self._told
        with ui.element("div").classes("u-row").props("role=status"):
            chip(*(("clean", "allow") if told["clean"] else ("not clean", "deny")))
            words = what_is_left(told)
            text(f"{words[:1].upper()}{words[1:]}.")
        text(f"Searched {moment(told['at'])}. {' '.join(told['limits'])}", "u-small")
        for said in told["unsearched"]:
            fact("Not searched", said)
        for place in told["found"][:_SHOWN]:
            fact("Found", place_of(place), place["encoding"])
        with table("Store", "Searched", "Opened", "Noise", "Found"):
            for store, much, each in searched(told):
                _line(store, much, each)

    def _hear(self, words: str) -> None:
        self._typed = words

    async def _run(self) -> None:
        typed = self._typed.strip()
        if self._busy or not await self._visit.still_may("admin"):
            return
        if not typed:
            ui.notify("Type an identifier first.", type="negative")
            return
        self._busy, self._told = True, None
        self.answer.refresh()
        try:
            self._told = await self._visit.runs.proving.prove(typed)
        except UsherError as error:
            ui.notify(f"{error}.", type="negative")
        finally:
            self._busy = False
            self.answer.refresh()


def _line(store: str, much: str, each: Mapping[str, Any]) -> None:
    counts = (f"{each['sealed_opened']:,}", f"{each['sealed_unreadable']:,}")
    with row():
        for words in (store, much, *counts):
            with cell():
                ui.label(words)
        with cell():
            n = each["found"]
            chip(f"{n:,} found" if n else "nothing", "deny" if n else "allow")
