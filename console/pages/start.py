"""Start here: how far this deployment has come, and exactly what to do next.

Checks that look for themselves (`console.checks`): nothing is ticked off by hand. The first that
is not done is the next step, with commands to copy. With them stands what failed closed and what
came close to a limit; once everything is done it comes first.
"""

from __future__ import annotations

from fastapi import Request
from nicegui import ui

from agent.close_calls import CloseCalls
from console.checks import Check, checks_of
from console.components import card, chip, command, sentence, text
from console.frame import House, Visit, at, page
from console.pages.close_calls import panels
from console.pages.stuck import PATH, troubles

_EVERY_S = 2.0


def register(house: House) -> None:
    """Put the page in its place."""

    @at("/")
    async def start(request: Request) -> None:
        url = str(request.base_url).rstrip("/")
        async with page(house, request, "Start here", here="/") as visit:
            seen = await _seen(visit, url)
            view = ui.refreshable(_view)
            view(*seen)

            async def look() -> None:
                nonlocal seen
                now = await _seen(visit, url)
                if now != seen:
                    seen = now
                    view.refresh(*seen)

            ui.timer(_EVERY_S, look, immediate=False)


async def _seen(visit: Visit, url: str) -> tuple[list[Check], CloseCalls, tuple[str, ...]]:
    runs = visit.runs
    found = troubles(await runs.condition.found())
    return await checks_of(runs, url), await runs.counts.close_calls(), found


def _view(checks: list[Check], calls: CloseCalls, found: tuple[str, ...]) -> None:
    if found:
        with card("Look here"):
            for told in found:
                with ui.element("div").classes("u-row"):
                    chip("stuck", "deny")
                    text(told)
            with ui.link(target=PATH):
                ui.label("What it is, and what to do")
    done = sum(check.done for check in checks)
    following = next((check for check in checks if not check.done), None)
    if following is None:
        sentence("Everything is in place, and an agent is live.", "Its decisions are under Live.")
        panels(calls)
    else:
        sentence(
            f"{done} of {len(checks)} steps are done. Next: {following.todo}.",
            "Every line looks for itself; this page changes when something happens.",
        )
    for n, check in enumerate(checks, 1):
        with card(), ui.element("div").classes("u-step"):
            text(str(n), "u-n")
            with ui.element("div").classes("u-card u-bare"):
                with ui.element("div").classes("u-row"):
                    text(check.title, "u-strong")
                    _light(check, here=check is following)
                text(check.state, "u-muted")
                if check is following:
                    for words in check.commands:
                        command(words)
                if check.links:
                    with ui.element("div").classes("u-row"):
                        for name, path in check.links:
                            with ui.link(target=path):
                                ui.label(name)
    if following is not None:
        panels(calls)


def _light(check: Check, *, here: bool) -> None:
    if check.trouble:
        chip("look here", "deny")
    elif check.done:
        chip("done", "allow")
    elif here:
        chip("next", "defer")
    else:
        chip("later", "held")
