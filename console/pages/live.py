"""Live decisions: what happened and why, newest first; a snapshot, then a tail by entry number."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from nicegui import ui

from agent.fact_words import name_of
from agent.figures import ENDS, Day
from console.components import card, cell, empty, figure, row, status_chip, table, text
from console.frame import House, at, moment, page
from console.pages.close_calls import panels

_SHOWN = 50
_EVERY_S = 1.0


def register(house: House) -> None:
    """Put the page in its place."""

    @at("/decisions")
    async def live(request: Request, status: str | None = None) -> None:
        async with page(house, request, "Live decisions", here="/decisions") as visit:
            runs = visit.runs
            seen = await runs.figures.head()
            filters = {"status": status} if status else {}

            @ui.refreshable
            async def view() -> None:
                day = await runs.figures.today()
                found = await runs.decisions.listing(after=None, limit=_SHOWN, filters=filters)
                names = await runs.figures.names([d["customer_id"] for d in found.items])
                calls = await runs.counts.close_calls()
                _tiles(day)
                with ui.element("div").classes("u-cols u-wide"):
                    _table(found.items, names, status)
                    with ui.element("div").classes("u-cols"):
                        _dropped(day)
                        panels(calls, narrow=True)

            await view()

            async def tail() -> None:
                nonlocal seen
                newest, changed = await runs.figures.changed_since(seen)
                if changed:
                    await view.refresh()
                seen = newest

            ui.timer(_EVERY_S, tail)


def _tiles(day: Day) -> None:
    with ui.element("div").classes("u-tiles"):
        figure(f"{day.contacts:,}", "contacts today", "/decisions?status=completed")
        held = day.ends.get("no_action", 0) + day.ends.get("withheld", 0)
        figure(f"{held:,}", "held back, with a reason", "/decisions?status=no_action")
        figure(f"{day.waiting:,}", "waiting for a person", "/approvals")
        figure(f"{day.ends.get('scheduled', 0):,}", "deferred", "/decisions?status=scheduled")
        closed = sum(n for _, n in day.failed_closed)
        which = f": {name_of(day.failed_closed[0][0])}" if day.failed_closed else ""
        figure(f"{closed:,}", f"closed for a missing fact{which}", "/figures")


def _table(items: list[dict[str, Any]], names: dict[str, str], status: str | None) -> None:
    with card():
        if not items:
            empty(
                "No decision yet. Send an event (POST /v1/track) or a trigger, and it appears here "
                "by itself. Start here says how."
                if status is None
                else "No decision ended like that. The full list is under Live decisions."
            )
            return
        with table("When", "Who, goal", "What happened and why", "Outcome"):
            for item in items:
                with row():
                    with cell():
                        text(moment(item["opened_at"]), "u-small")
                    with cell():
                        text(names.get(item["customer_id"], "—"), "u-strong")
                        text(item["goal"].replace("_", " "), "u-muted")
                    with cell(), ui.link(target=f"/decisions/{item['id']}"):
                        ui.label(item["summary"])
                    with cell():
                        status_chip(item["status"])


def _dropped(day: Day) -> None:
    with card("Where people ended today"):
        if not day.woken:
            empty("Nobody was woken today.")
        for status, words in [("woken", "Woken"), *ENDS]:
            n = day.woken if status == "woken" else day.ends.get(status, 0)
            if not n:
                continue
            target = "/decisions" if status == "woken" else f"/decisions?status={status}"
            with (
                ui.link(target=target),
                ui.element("div").style(
                    "display:grid;grid-template-columns:1fr 90px 52px;gap:8px;align-items:center"
                ),
            ):
                text(words)
                with ui.element("div").classes("u-bar"):
                    ui.element("div").style(f"width:{100 * n // day.woken}%")
                text(f"{n:,}", "u-muted")
