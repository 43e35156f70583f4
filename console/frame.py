"""The frame of every page: where one can go, the state of the house, and the page itself.

Mode, clock with its zone (simulated time marked as such) and the brake are always in sight, and
looked at again every two seconds; whoever's key was disabled is shown out then. A page is rendered
from the database; nothing lives only in the socket, so a reload shows the same.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import Request
from nicegui import ui

from agent.restoring import BY as RESTORED
from agent.runs import Runs
from console import theme
from console.components import chip, text
from console.sessions import COOKIE, Sessions
from store import brakes
from store.principals import Principal, of_id

#: What is stopped, in a word or two; the page of the brake says it in full.
_SHORT = {"all": "everything", "offers": "discounts", "channel:email": "e-mail",
          "channel:sms": "text messages"}  # fmt: skip
_LOOKS_EVERY_S = 2.0
#: A page may take long on a busy machine; the library's three seconds would end it half way.
_PATIENCE_S = 60.0
_PLACES = (
    ("", (("Start here", "/"), ("Live decisions", "/decisions"), ("Approvals", "/approvals"),
          ("To be looked at", "/unknown"), ("Customers", "/customers"))),
    ("Govern", (("Policies", "/policies"), ("Figures", "/figures"), ("Alerts", "/alerts"),
               ("Stuck work", "/stuck"), ("Connected systems", "/systems"),
               ("Brake", "/brake"))),
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


def at(path: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Puts a page at a path."""
    return ui.page(path, response_timeout=_PATIENCE_S)


@asynccontextmanager
async def page(
    house: House, request: Request, title: str, *, here: str, hint: str = ""
) -> AsyncIterator[Visit]:
    """The frame around a page. `here` is the path of its place in the navigation."""
    who = await house.sessions.principal_of(request.cookies.get(COOKIE))
    assert who is not None, "the guard lets nobody in without a session"
    theme.apply()
    ui.page_title(f"{title} · Usher")
    state = await _state_of(house)
    navigation = ui.refreshable(_navigation)
    lights = ui.refreshable(_lights)
    hold = ui.refreshable(_on_hold)
    with ui.element("div").classes("u-shell").style("width: 100%"):
        with ui.element("nav").classes("u-nav").props('aria-label="Pages"'):
            navigation(here, state)
        with ui.element("div").style("min-width: 0"):
            with ui.element("header").classes("u-top"):
                text(title, "u-title")
                if hint:
                    text(hint, "u-small")
                with ui.element("div").classes("u-row"):
                    lights(state)
                with ui.element("span").classes("u-chip held").props('data-clock="1"'):
                    clock = ui.label(_clock_of(house))
                with ui.link(target="/brake").classes("u-button danger"):
                    ui.label("Brake")
                _person(who)
            with ui.element("div").classes("u-main"):
                hold(state)
                yield Visit(house, who)

    ui.on_exception(_sorry)

    async def look() -> None:
        nonlocal state
        if await house.runs.db.read(of_id, who.id) is None:
            ui.navigate.to("/login")
            return
        clock.set_text(_clock_of(house))
        now = await _state_of(house)
        if now != state:
            state = now
            navigation.refresh(here, state)
            lights.refresh(state)
            hold.refresh(state)

    ui.timer(_LOOKS_EVERY_S, look, immediate=False)


def moment(at_us: int | None) -> str:
    """An instant as operators read it, with its zone."""
    if at_us is None:
        return "–"
    at = datetime.fromtimestamp(at_us / 1_000_000, UTC)
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M:%S} UTC"


def _sorry() -> None:
    ui.notify("That did not work, and was logged. Load the page again.", type="negative")


@dataclass(frozen=True, slots=True)
class _State:
    """The state of the house."""

    modes: tuple[str, ...]
    waiting: int
    unknown: int
    stops: tuple[str, ...]
    restored: str


async def _state_of(house: House) -> _State:
    runs = house.runs
    modes = await runs.counts.modes(runs.env.library.agents.values())
    waiting = await runs.figures.waiting()
    unknown = await runs.effects.unknown()
    pulled = await runs.db.read(brakes.in_force)
    stops = tuple(brake.scope for brake in pulled)
    restored = next((brake.reason for brake in pulled if brake.by == RESTORED), "")
    return _State(tuple(sorted(set(modes.values()))), waiting, unknown, stops, restored)


def _clock_of(house: House) -> str:
    simulated = " · simulated" if house.runs.clock.simulated else ""
    at = datetime.fromtimestamp(house.runs.clock.now_us() // 1_000_000, UTC)
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M} UTC{simulated}"


def _navigation(here: str, state: _State) -> None:
    counts = {"/approvals": (state.waiting, "approval"), "/unknown": (state.unknown, "deny")}
    with ui.element("div").classes("u-brand"):
        ui.element("span").classes("u-mark")
        ui.label("Usher")
    for group, places in _PLACES:
        if group:
            text(group, "u-group")
        for name, path in places:
            with ui.link(target=path).classes("here" if path == here else "") as link:
                ui.label(name)
                n, meaning = counts.get(path, (0, ""))
                if n:
                    chip(str(n), meaning)
            if path == here:
                link.props('aria-current="page"')


def _lights(state: _State) -> None:
    for mode in state.modes:
        chip(mode, {"live": "allow", "sandbox": "review"}.get(mode, "held"))
    for stop in state.stops:
        with ui.link(target="/brake"):
            chip(f"stopped: {_SHORT.get(stop, stop.partition(':')[2])}", "deny")


def _on_hold(state: _State) -> None:
    if state.restored:
        with ui.element("div").classes("u-notice").props('role="status"'):
            text(f"Nothing goes out: {state.restored}.")
            with ui.element("div").classes("u-row"):
                for words, path in (("To be looked at", "/unknown"), ("Brake", "/brake")):
                    with ui.link(target=path):
                        ui.label(words)


def _person(who: Principal) -> None:
    with (
        ui.element("form").props("method=post action=/login/out").style("margin: 0"),
        ui.element("div").classes("u-row"),
    ):
        text(f"{who.name} · {who.role}", "u-small")
        with ui.element("button").classes("u-button").props("type=submit"):
            ui.label("Log out")
