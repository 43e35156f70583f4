"""What a person allows: channel and purpose, since when, on what evidence; and taking it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nicegui import ui

from agent.consenting import Revoke
from console import about, fields
from console.components import button, card, chip, text
from console.frame import Visit, moment
from console.pages.customer_actions import Actions

_EVIDENCE = {
    "source": "through",
    "evidence": "",
    "text_version": "words in version",
    "text": "words",
    "form": "form",
    "address": "at",
    "double_opt_in": "confirmed",
}


class Consents:
    """The card. Taking back goes through `actions`, which asks the role and looks again."""

    def __init__(self, visit: Visit, actions: Actions) -> None:
        self._visit = visit
        self._actions = actions
        self._asking: tuple[str, str] | None = None
        self._reason = ""

    def draw(self, seen: Mapping[str, Any]) -> None:
        """Each channel and purpose as a chip, with time and evidence."""
        with card("Consent"):
            for each in seen["consents"]:
                with ui.element("div").classes("u-fact"):
                    self._one(each)

    def _one(self, each: Mapping[str, Any]) -> None:
        meaning, words = about.agreed(each)
        key = each["channel"], each["purpose"]
        with ui.element("div").classes("u-row"):
            chip(words, meaning)
            if each["at"] is not None:
                until = each["expires_at"]
                ends = f", until {moment(until)}" if until else ""
                text(f"{moment(each['at'])}{ends}", "u-small")
            if each["state"] == "granted" and self._asking != key:
                button("Take back", self._asker(key))
        said = evidence(each["evidence"])
        if said:
            text(said, "u-small")
        if self._asking == key:
            self._form(key)

    def _form(self, key: tuple[str, str]) -> None:
        def tell(words: str) -> None:
            self._reason = words

        text("What is queued under it and not handed over is cancelled at once.", "u-small")
        fields.lines("How they said it", self._reason, tell=tell)
        with ui.element("div").classes("u-row"):
            button("Take it back", self._doer(key), kind="primary")
            button("Never mind", self._asker(None))

    def _asker(self, key: tuple[str, str] | None) -> Callable[[], None]:
        def ask() -> None:
            self._asking, self._reason = key, ""
            self._actions.redraw()

        return ask

    def _doer(self, key: tuple[str, str]) -> Callable[[], Any]:
        async def act() -> str:
            channel, purpose = key
            said = {"channel": channel, "purpose": purpose, "reason": self._reason.strip()}
            done = await self._visit.runs.consenting.revoke(
                self._actions.customer_id,
                Revoke.model_validate(said),
                by=self._visit.who.name,
            )
            self._asking = None
            return f"Taken back; {done['queued_contacts_cancelled']} queued messages cancelled."

        async def do() -> None:
            await self._actions.do("operator", act)

        return do


def evidence(kept: Mapping[str, Any]) -> str:
    """What shows it, in a line; empty where nothing does."""
    parts = [f"{words} {kept[name]}".strip() for name, words in _EVIDENCE.items() if kept.get(name)]
    return ", ".join(parts)
