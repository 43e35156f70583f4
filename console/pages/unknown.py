"""To be looked at: effects of which nobody knows whether they arrived, and saying whether they did.

Each with what it was, to whom, when, by which channel and what that said. Whoever looked says so
once, with a reason; nothing is sent again by itself.
"""

from __future__ import annotations

from typing import Any

from fastapi import Request
from nicegui import ui

from agent.errors import UsherError
from agent.fact_words import counted
from agent.settling import Settle
from console import fields
from console.components import button, card, empty, sentence, text
from console.frame import House, Visit, at, moment, page

_MOST = 50


def register(house: House) -> None:
    """Put the page in its place."""

    @at("/unknown")
    async def unknown(request: Request) -> None:
        async with page(house, request, "To be looked at", here="/unknown") as visit:
            shown = _Shown(visit)
            await shown.read()
            shown.draw()


class _Shown:
    """What one tab shows."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._items: list[dict[str, Any]] = []
        self._names: dict[str, str] = {}
        self._count = 0
        self._reasons: dict[str, str] = {}

    async def read(self) -> None:
        """Read the list anew."""
        runs = self._visit.runs
        found = await runs.effects.listing(status="unknown", after=None, limit=_MOST)
        self._items, self._count = found.items, await runs.effects.unknown()
        self._names = await runs.figures.names([one["customer_id"] for one in self._items])

    @ui.refreshable_method
    def draw(self) -> None:
        """The effects that wait, newest first."""
        if not self._items:
            with card():
                empty(
                    "Nothing waits here. Where a channel loses a message after it was handed over, "
                    "or a backup was restored, what may have arrived is shown for you to find out."
                )
            return
        sentence(
            f"Nobody knows whether {counted(self._count, 'effect')} arrived.",
            "Until somebody says so each counts as if it had: in the caps, and in the budget.",
        )
        for one in self._items:
            with card(classes="u-question"):
                self._one(one)
        if self._count > len(self._items):
            text(f"The {len(self._items)} newest of {self._count:,}.", "u-small")

    def _one(self, one: dict[str, Any]) -> None:
        what = str(one["what"]).replace("_", " ")
        with ui.element("div").classes("u-row"):
            text(what, "u-strong")
            text(f"by {one['via'] or one['channel'] or 'no channel'}", "u-small")
            text(moment(one["claimed_at"]), "u-small")
        with ui.element("div").classes("u-row"):
            text("to")
            with ui.link(target=f"/customers/{one['customer_id']}"):
                ui.label(self._names.get(one["customer_id"], "—"))
            with ui.link(target=f"/decisions/{one['decision_id']}"):
                ui.label("the decision, with the message")
        if one["reason"]:
            text(f"“{one['reason']}”", "u-muted")
        may = self._visit.who.may("operator")
        fields.line(
            "How you know",
            self._reasons.get(one["id"], ""),
            tell=self._hears(one["id"]),
            note="It stays with the decision.",
        )
        with ui.element("div").classes("u-row"):
            button("It arrived", self._says(one, True), kind="primary", enabled=may)
            button("It did not arrive", self._says(one, False), kind="danger", enabled=may)
            if may:
                text("If not: its journey is looked at anew; it is not sent again.", "u-small")
            else:
                text("An operator says so.", "u-small")

    def _hears(self, effect_id: str) -> fields.Told:
        def tell(words: str) -> None:
            self._reasons[effect_id] = words

        return tell

    def _says(self, one: dict[str, Any], reached: bool) -> Any:
        async def said() -> None:
            if not await self._visit.still_may("operator"):
                return
            reason = self._reasons.get(one["id"], "").strip()
            if not reason:
                ui.notify("Write how you know first: it stays with the decision.", type="warning")
                return
            try:
                wish = Settle(reached=reached, reason=reason[:500])
                await self._visit.runs.effects.settle(one["id"], wish, by=self._visit.who.name)
            except UsherError as error:
                ui.notify(f"{error}.", type="negative")
            else:
                ui.notify("Noted." if reached else "Noted; its journey is looked at anew.")
            self._reasons.pop(one["id"], None)
            await self.read()
            self.draw.refresh()

        return said
