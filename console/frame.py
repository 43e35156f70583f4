"""The frame of every page: where one can go, the state of the house, and the page itself.

Mode, clock with its zone (simulated time marked as such) and the brake are always in sight. A page is
rendered from the database; nothing lives only in the socket, so a reload shows the same.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import Request
from nicegui import ui

from agent.runs import Runs
from console import theme
from console.components import chip, text
from console.sessions import COOKIE, Sessions
from store.principals import Principal

_PLACES = (
    ("", (("Start here", "/"), ("Live decisions", "/decisions"), ("Approvals", "/approvals"),
          ("Customers", "/customers"))),
    ("Govern", (("Policies", "/policies"), ("Figures", "/figures"), ("Brake", "/brake"))),
    ("Ask", (("Chat", "/chat"),)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class House:
    """What pages work with."""

    runs: Runs
    sessions: Sessions


@dataclass(frozen=True, slots=True)
class Visit:
    """One page shown to one principal."""

    house: House
    who: Principal

    @property
    def runs(self) -> Runs:
        """The service."""
        return self.house.runs

    async def still_may(self, role: str) -> bool:
        """Whether the visitor may do this now; says so on the page where not."""
        fresh = await self.house.sessions.principal_of(self.house.sessions.cookie_of(self.who))
        if fresh is not None and fresh.may(role):
            return True
        ui.notify(f"This needs the role {role}; your key has {self.who.role}.", type="negative")
        return False


@asynccontextmanager
async def page(
    house: House, request: Request, title: str, *, here: str, hint: str = ""
) -> AsyncIterator[Visit]:
    """The frame around a page. `here` is the path of its place in the navigation."""
    who = await house.sessions.principal_of(request.cookies.get(COOKIE))
    assert who is not None, "the guard lets nobody in without a session"
    theme.apply()
    ui.page_title(f"{title} · Usher")
    waiting = (await house.runs.figures.today()).waiting
    with ui.element("div").classes("u-shell").style("width: 100%"):
        _navigation(here, waiting)
        with ui.element("div").style("min-width: 0"):
            with ui.element("header").classes("u-top"):
                text(title, "u-title")
                if hint:
                    text(hint, "u-small")
                await _state(house)
                text(f"{who.name} · {who.role}", "u-small")
            with ui.element("main").classes("u-main"):
                yield Visit(house, who)


def moment(at_us: int | None) -> str:
    """An instant as operators read it, with its zone."""
    if at_us is None:
        return "–"
    at = datetime.fromtimestamp(at_us / 1_000_000, UTC)
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M:%S} UTC"


def _navigation(here: str, waiting: int) -> None:
    with ui.element("nav").classes("u-nav").props('aria-label="Pages"'):
        with ui.element("div").classes("u-brand"):
            ui.element("span").classes("u-mark")
            ui.label("Usher")
        for group, places in _PLACES:
            if group:
                text(group, "u-group")
            for name, path in places:
                with ui.link(target=path).classes("here" if path == here else "") as link:
                    ui.label(name)
                    if path == "/approvals" and waiting:
                        chip(str(waiting), "approval")
                if path == here:
                    link.props('aria-current="page"')


async def _state(house: House) -> None:
    runs = house.runs
    for mode in sorted({agent.mode.value for agent in runs.env.ground.agents.values()}):
        chip(mode, {"live": "allow", "sandbox": "review"}.get(mode, "held"))
    simulated = " · simulated" if runs.clock.simulated else ""
    clock = chip(f"{moment(runs.clock.now_us())}{simulated}", "held")
    clock.props('data-clock="1"')
    with ui.link(target="/brake").classes("u-button danger"):
        ui.label("Brake")
