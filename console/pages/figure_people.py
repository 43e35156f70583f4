"""The people behind a figure: the decisions that it counts, newest first."""

from __future__ import annotations

from typing import Any

from fastapi import Query, Request
from nicegui import ui

from agent.figures import ENDS
from console.components import card, cell, empty, row, sentence, status_chip, table, text
from console.frame import House, Visit, at, moment, page
from console.pages.figures import SPANS

_SHOWN = 100


def register(house: House) -> None:
    """Put the page in its place."""

    @at("/figures/people")
    async def people(
        request: Request,
        days: int = 1,
        status: str | None = None,
        channel: str | None = None,
        class_: str = Query("marketing", alias="class"),
        rule: str | None = None,
        how: str = "refused",
        near: str | None = None,
    ) -> None:
        days = days if days in SPANS else 1
        when = "today" if days == 1 else f"in {days} days"
        async with page(house, request, "Behind a figure", here="/figures") as visit:
            counts = visit.runs.counts
            if rule is not None:
                words, items = await _of_rule(visit, days, rule, how)
            elif near is not None:
                words, items = await _near(visit, days, near)
            elif channel is not None:
                items = await counts.who_got(days, channel=channel, class_=class_, limit=_SHOWN)
                words = f"Who got a {class_} contact by {channel}"
            else:
                items = await counts.who_ended(days, status, _SHOWN)
                words = dict(ENDS).get(status or "", "Everybody who was woken")
            sentence(
                f"{words}, {when}.",
                f"The newest {_SHOWN}." if len(items) == _SHOWN else "",
            )
            with card():
                _table(items)
            with ui.link(target=f"/figures?days={days}"):
                ui.label("Back to the figures")


async def _of_rule(
    visit: Visit, days: int, rule: str, how: str
) -> tuple[str, list[dict[str, Any]]]:
    counts = visit.runs.counts
    spoke = next((r for r in (await counts.refusals(days)).rules if r.rule == rule), None)
    if spoke is None:
        return f"The rule {rule} stood in nobody's way", []
    ids = spoke.refused if how == "refused" else spoke.asked
    does = "refused something" if how == "refused" else "made wait for a person or a reason"
    return f"Whom {rule} {does}: “{spoke.because}”", await counts.told(ids[:_SHOWN])


async def _near(visit: Visit, days: int, rule: str) -> tuple[str, list[dict[str, Any]]]:
    counts = visit.runs.counts
    ids = await counts.who_came_close(days, rule)
    calls = await counts.close_calls()
    because = next((one.because for one in calls.near if one.rule == rule), "")
    words = f"Who came close to a limit: “{because or rule}”"
    return words, await counts.told(ids[:_SHOWN])


def _table(items: list[dict[str, Any]]) -> None:
    if not items:
        empty("Nobody. Go back to the figures.")
        return
    with table("When", "Who, goal", "What happened and why", "Outcome"):
        for item in items:
            with row():
                with cell():
                    text(moment(item["opened_at"]), "u-small")
                with cell():
                    text(item["name"], "u-strong")
                    text(item["goal"].replace("_", " "), "u-muted")
                with cell(), ui.link(target=f"/decisions/{item['id']}"):
                    ui.label(item["summary"])
                with cell():
                    status_chip(item["status"])
