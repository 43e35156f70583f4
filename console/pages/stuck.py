"""Stuck work: how old the oldest due item of each kind is, and what was set aside, with buttons.

What can be replayed has a button for it; whoever discards says why. An operator does both.
"""

from __future__ import annotations

from typing import Any

from fastapi import Request
from nicegui import ui
from pydantic import ValidationError

from agent.condition import Found
from agent.dead_letters import Discard
from agent.errors import UsherError
from agent.stuck import Oldest
from console import fields
from console.components import button, card, cell, chip, empty, row, sentence, table, text
from console.frame import House, Visit, at, moment, page

_EVERY_S = 2.0
_MOST = 50
PATH = "/stuck"


def register(house: House) -> None:
    """Put the page in its place."""

    @at(PATH)
    async def stuck(request: Request) -> None:
        async with page(house, request, "Stuck work", here=PATH) as visit:
            found = await visit.runs.condition.found()
            letters = await _letters(visit)
            standing = ui.refreshable(_standing)
            standing(found)
            chosen = {"reason": ""}
            with card("Set aside"):
                if letters and visit.who.may("operator"):
                    fields.line(
                        "Why, for those you discard",
                        tell=lambda words: chosen.update(reason=words),
                        note="Everybody who works here reads this; name nobody in it.",
                    )
                listed = ui.refreshable(_set_aside)
                listed(visit, letters, chosen)

            async def look() -> None:
                nonlocal found, letters
                now, newest = await visit.runs.condition.found(), await _letters(visit)
                if now != found:
                    found = now
                    standing.refresh(found)
                if newest != letters:
                    letters = newest
                    listed.refresh(visit, letters, chosen)

            ui.timer(_EVERY_S, look, immediate=False)


def troubles(found: Found) -> tuple[str, ...]:
    """What somebody should look at, in sentences that change once a minute at most."""
    told = [
        f"{_capital(kind.what)}: {kind.n:,}, the oldest for {age(kind.age_s)}."
        for kind in found.standing.stuck
    ]
    if found.dead_letters:
        told.append(f"Set aside, and nobody has looked after it: {found.dead_letters:,}.")
    if found.unknown_effects:
        told.append(f"Nobody knows whether it arrived: {found.unknown_effects:,}.")
    return tuple(told)


def age(seconds: int) -> str:
    """A length of time as people say it, in its largest unit."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size:,} {unit}"
    return f"{seconds:,} seconds"


async def _letters(visit: Visit) -> list[dict[str, Any]]:
    return (await visit.runs.dead_letters.listing(after=None, limit=_MOST)).items


def _standing(found: Found) -> None:
    stuck = found.standing.stuck
    if stuck:
        told = "; ".join(f"{kind.what} ({kind.n:,})" for kind in stuck)
        sentence(f"Stuck: {told}.", "Below stands what to look at.")
    else:
        sentence("Nothing is stuck.", "Whatever is due is done in time.")
    with card("Oldest due"):
        with table("What waits", "How many", "The oldest", "Stuck after", ""):
            for kind in found.standing.kinds:
                _kind(kind)
        for kind in stuck:
            text(f"{_capital(kind.what)}: {kind.todo}.", "u-muted")
        if found.standing.brakes:
            text("A brake is pulled, and holds work back on purpose.", "u-muted")


def _kind(kind: Oldest) -> None:
    with row():
        with cell():
            text(kind.what)
        with cell():
            text(f"{kind.n:,}")
        with cell():
            text(age(kind.age_s) if kind.n else "–")
        with cell():
            text(age(kind.threshold_s))
        with cell():
            if kind.stuck:
                chip("stuck", "deny")
            else:
                chip("in time", "allow") if kind.n else chip("nothing due", "held")


def _set_aside(visit: Visit, letters: list[dict[str, Any]], chosen: dict[str, str]) -> None:
    if not letters:
        empty("Nothing is set aside: everything that came in was taken up.")
        return
    for letter in letters:
        _letter(visit, letter, chosen)
    if len(letters) == _MOST:
        text(f"The newest {_MOST}; GET /v1/dead-letters lists all.", "u-small")


def _letter(visit: Visit, letter: dict[str, Any], chosen: dict[str, str]) -> None:
    async def replay() -> None:
        if not await visit.still_may("operator"):
            return
        try:
            await visit.runs.dead_letters.replay(letter["id"], by=visit.who.name)
        except UsherError as error:
            ui.notify(str(error), type="negative")
            return
        ui.notify("It is taken up again.")

    async def discard() -> None:
        if not await visit.still_may("operator"):
            return
        try:
            request = Discard(reason=chosen["reason"])
            await visit.runs.dead_letters.discard(letter["id"], request, by=visit.who.name)
        except ValidationError:
            ui.notify("Say why, above.", type="negative")
            return
        except UsherError as error:
            ui.notify(str(error), type="negative")
            return
        ui.notify("It is discarded.")

    with ui.element("div").classes("u-fact"):
        with ui.element("div").classes("u-row"):
            text(_capital(letter["what"]), "u-strong")
            text(moment(letter["at"]), "u-small")
        text(f"{_sentence(letter['went_wrong'])} {_sentence(letter['what_to_do'])}", "u-muted")
        with ui.element("div").classes("u-row"):
            if letter["customer_id"] is not None:
                with ui.link(target=f"/customers/{letter['customer_id']}"):
                    ui.label("Whose it is")
            may = visit.who.may("operator")
            button("Replay", replay, enabled=may and letter["can_replay"])
            button("Discard", discard, kind="danger", enabled=may)
            text(letter["id"], "u-code")


def _sentence(words: str) -> str:
    return f"{_capital(words)}."


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
