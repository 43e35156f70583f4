"""Alerts: what people should look at now, gravest first, each with the way there."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from nicegui import ui

from console.components import card, cell, chip, empty, row, table, text
from console.frame import House, Visit, at, moment, page

_EVERY_S = 2.0
_MOST = 100
_MEANS = {"critical": "deny", "warning": "review", "notice": "defer"}
_ORDER = ("critical", "warning", "notice")


def register(house: House) -> None:
    """Put the page in its place."""

    @at("/alerts")
    async def alerts(request: Request) -> None:
        async with page(house, request, "Alerts", here="/alerts") as visit:
            await visit.runs.alerting.look()
            seen = await _open(visit)
            view = ui.refreshable(_shown)
            view(seen)

            async def look() -> None:
                nonlocal seen
                now = await _open(visit)
                if now != seen:
                    seen = now
                    view.refresh(seen)

            ui.timer(_EVERY_S, look, immediate=False)


async def _open(visit: Visit) -> list[dict[str, Any]]:
    found = await visit.runs.alerting.listing(open_only=True, limit=_MOST)
    kept = ("kind", "subject", "severity", "text", "link", "first_at")
    items = [{name: item[name] for name in kept} for item in found["items"]]
    return sorted(items, key=lambda item: _ORDER.index(item["severity"]))


def _shown(items: list[dict[str, Any]]) -> None:
    with card("To be looked at"):
        if not items:
            empty("There is nothing to look at. What goes wrong, or waits too long, stands here.")
            return
        with table("How grave", "What", "Since"):
            for item in items:
                with row():
                    with cell():
                        chip(item["severity"], _MEANS[item["severity"]])
                    with cell(), ui.link(target=item["link"]).classes("u-plain"):
                        ui.label(item["text"])
                    with cell():
                        text(moment(item["first_at"]), "u-small")
