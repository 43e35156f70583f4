"""Taking an effect back, on the page of its decision: what that will do comes first, then a reason.

Shown for what can be undone now; whatever is final has no button.
"""

from __future__ import annotations

from typing import Any

from nicegui import ui

from agent.errors import UsherError
from agent.undoing import Undo
from console import fields
from console.components import button, card, text
from console.frame import Visit, moment

_KINDS = {
    "contact": "The queued message",
    "offer": "The discount code",
    "ticket": "The ticket",
    "escalation": "The escalation",
    "suppression": "The stop",
}


async def undo_cards(visit: Visit, decision: dict[str, Any]) -> None:
    """A card for each effect of a decision that can be undone now."""
    for effect in decision["effects"]:
        try:
            now = await visit.runs.effects.get(effect["id"])
        except UsherError:
            continue
        if now["undo"]["possible"]:
            _card(visit, now)


def _card(visit: Visit, effect: dict[str, Any]) -> None:
    said = {"reason": ""}
    may = visit.who.may("operator")

    def tell(words: str) -> None:
        said["reason"] = words

    async def undo() -> None:
        if not await visit.still_may("operator"):
            return
        if not said["reason"].strip():
            ui.notify("Write why first: it stays with the decision.", type="warning")
            return
        try:
            wish = Undo(reason=said["reason"].strip()[:500])
            await visit.runs.effects.undo(effect["id"], wish, by=visit.who.name)
        except UsherError as error:
            ui.notify(f"{error}.", type="negative")
            return
        ui.navigate.to(f"/decisions/{effect['decision_id']}")

    with card("Take it back"):
        text(_KINDS.get(effect["kind"], effect["kind"]), "u-strong")
        text(f"Undoing it {effect['undo']['says']}.")
        if effect["undo"]["until"] is not None:
            text(f"Possible until {moment(effect['undo']['until'])}.", "u-small")
        fields.line("Why", tell=tell, note="It stays with the decision.")
        with ui.element("div").classes("u-row"):
            button("Undo", undo, kind="danger", enabled=may)
            if not may:
                text("An operator undoes it.", "u-small")
