"""What other systems were told of a person, and which of them has not acknowledged it yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

from console.components import card, chip, text
from console.frame import moment
from console.pages.systems import PATH, TOPICS

_STATES = {
    "done": ("allow", "acknowledged"),
    "waiting": ("defer", "being told"),
    "dead": ("deny", "given up"),
    "void": ("held", "no longer needed"),
}
_SHOWN = 12


def show(told: Sequence[Mapping[str, Any]]) -> None:
    """A card, where anything was told."""
    if not told:
        return
    with card("Told to other systems"):
        for each in told[:_SHOWN]:
            _one(each)
        if len(told) > _SHOWN:
            text(f"And {len(told) - _SHOWN:,} older.", "u-small")
        if any(each["state"] == "dead" for each in told):
            with ui.link(target=PATH):
                ui.label("Try again under Connected systems")


def _one(each: Mapping[str, Any]) -> None:
    meaning, words = _STATES[each["state"]]
    with ui.element("div").classes("u-fact"):
        with ui.element("div").classes("u-row"):
            text(each["system"], "u-strong")
            chip(words, meaning)
            text(moment(each["settled_at"] or each["made_at"]), "u-small")
        said = TOPICS.get(each["topic"], each["topic"])
        reason = f"; {each['reason']}" if each["reason"] else ""
        text(f"{said[:1].upper()}{said[1:]}{reason}", "u-small")
