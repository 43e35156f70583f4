"""Connected systems: who is told of every stop and erasure, how far behind each is, what is dead.

What was given up has its reason and a button; an operator uses it. Drawn anew only where something
is different.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from nicegui import ui

from agent.errors import UsherError
from agent.fact_words import counted
from console.components import button, card, cell, chip, empty, row, sentence, table, text
from console.frame import House, Visit, at, moment, page

PATH = "/systems"
_EVERY_S = 2.0
_MEANS = {
    "up to date": "allow",
    "on its way": "defer",
    "behind": "review",
    "stuck": "deny",
    "disconnected": "held",
}
TOPICS = {
    "customer.suppressed": "that contact with somebody was stopped",
    "customer.erased": "that somebody was erased",
}


def register(house: House) -> None:
    """Put the page in its place."""

    @at(PATH)
    async def systems(request: Request) -> None:
        async with page(house, request, "Connected systems", here=PATH) as visit:
            found, subscribed = await _read(visit)
            shown = ui.refreshable(_shown)
            shown(visit, found, subscribed)

            async def look() -> None:
                nonlocal found, subscribed
                now = await _read(visit)
                if now != (found, subscribed):
                    found, subscribed = now
                    shown.refresh(visit, found, subscribed)

            ui.timer(_EVERY_S, look, immediate=False)


async def _read(visit: Visit) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    connected = visit.runs.connected
    return await connected.systems(), await connected.subscriptions()


def _shown(
    visit: Visit, found: Sequence[Mapping[str, Any]], subscribed: Sequence[Mapping[str, Any]]
) -> None:
    here = [each for each in found if each["state"] != "disconnected"]
    sentence(*summary(here))
    with card("Told of every stop and erasure"):
        if not found:
            empty(
                "No system is connected. Name one in usher.toml under [systems.NAME]: from then on "
                "it is told of every opt-out, suppression and erasure."
            )
        else:
            _standing("System", found)
    with card("Subscriptions"):
        if not subscribed:
            empty(
                "Nobody has subscribed. POST /v1/subscriptions has decisions, effects and outcomes "
                "told to a CDP."
            )
        else:
            _standing("Where", subscribed)
    dead = [(each, one) for each in (*found, *subscribed) for one in each["dead_ones"]]
    if dead:
        with card("Given up"):
            for each, one in dead:
                _dead(visit, _name(each), one)


def summary(here: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """How connected systems stand, in a sentence, and what to do."""
    if not here:
        return "No other system is connected.", "Stops and erasures hold here; nobody else is told."
    late = [each for each in here if each["state"] in ("behind", "stuck")]
    if not late:
        untold = sum(each["waiting"] for each in here)
        if untold:
            return f"{counted(untold, 'change')} on the way to other systems.", ""
        return "Every connected system knows of every stop and erasure.", ""
    names = " and ".join(each["name"] for each in late)
    one = len(late) == 1
    stuck = any(each["state"] == "stuck" for each in late)
    what = "Below stands what was given up, and why." if stuck else "It is tried again by itself."
    return f"{names} {'does' if one else 'do'} not know everything yet.", what


def _standing(head: str, listed: Sequence[Mapping[str, Any]]) -> None:
    with table(head, "State", "Untold", "Oldest untold", "Last acknowledged", "Given up"):
        for each in listed:
            with row():
                with cell():
                    text(_name(each), "u-strong")
                    if "topics" in each:
                        text(", ".join(each["topics"]), "u-small")
                    else:
                        text(each["provider"], "u-small")
                with cell():
                    chip(each["state"], _MEANS[each["state"]])
                with cell():
                    text(f"{each['waiting']:,}")
                with cell():
                    text(age(each["lag_seconds"]))
                with cell():
                    text(moment(each["last_acknowledged_at"]), "u-small")
                with cell():
                    text(f"{each['dead']:,}")


def _name(each: Mapping[str, Any]) -> str:
    return str(each["name"] if "name" in each else each["url"])


def age(seconds: int | None) -> str:
    """How old the oldest untold change is, in its largest unit; it stands still for a minute, so
    that a page is not drawn anew each second."""
    if seconds is None:
        return "–"
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size:,} {unit}"
    return "under 2 minutes"


def _dead(visit: Visit, name: str, one: Mapping[str, Any]) -> None:
    async def again() -> None:
        if not await visit.still_may("operator"):
            return
        try:
            await visit.runs.connected.again(one["id"])
        except UsherError as error:
            ui.notify(f"{error}.", type="negative")
            return
        ui.notify(f"{name} is told again.")

    with ui.element("div").classes("u-fact"):
        with ui.element("div").classes("u-row"):
            text(name, "u-strong")
            text(moment(one["settled_at"]), "u-small")
        what = TOPICS.get(one["topic"], one["topic"])
        text(f"Not told {what}: {one['reason']}.", "u-muted")
        with ui.element("div").classes("u-row"):
            if one["customer_id"] is not None:
                with ui.link(target=f"/customers/{one['customer_id']}"):
                    ui.label("Whom it is about")
            button("Try again", again, kind="primary", enabled=visit.who.may("operator"))
            text(one["id"], "u-code")
