"""Who changed a pack: versions with their lines, what waits for a second person, the way back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from nicegui import ui

from agent.errors import UsherError
from agent.fact_words import counted
from console.components import button, card, chip, empty, text
from console.frame import Visit, moment
from console.pages.policies import who_wrote

_SIGNS = {"+": "u-added", "-": "u-gone"}


def since(told: Mapping[str, Any] | None, name: str, *, now: bool = True) -> str:
    """Since when a pack decides as it does, how long that took, and the first decision under it.

    `now`: it still does.
    """
    if told is None or told["in_force_since"] is None:
        return ""
    said = f"In force since {_to_the_millisecond(told['in_force_since'])}"
    if told["pack"] != name:
        said += f", by version {told['version']} of {told['pack']}, which it is built on"
    if told["took_us"] is not None:
        said += f", {_span(told['took_us'])} after it was asked for"
    if told["first_decision"] is None:
        return f"{said}. No decision was made under it{' yet' if now else ''}."
    after = told["first_decision_after_us"]
    later = "" if after is None else f", {_span(after)} later"
    return f"{said}. The first decision under it was made{later}."


def waiting(visit: Visit, pack: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> None:
    """Changes that wait for a second person, with what they change, and the answers."""
    open_ones = [change for change in changes if change["status"] == "waiting"]
    if not open_ones and not pack["four_eyes"]:
        return
    with card("Waiting for a second person"):
        if not open_ones:
            empty(
                "Nothing waits. A change of this pack needs two people: one asks, another agrees."
            )
        for change in open_ones:
            _one(visit, pack, change)


def _one(visit: Visit, pack: Mapping[str, Any], change: Mapping[str, Any]) -> None:
    back = change["kind"] == "rollback"
    what = f"Back to version {change['version']}" if back else f"Version {change['version']}"
    with ui.element("div").classes("u-fact"):
        with ui.element("div").classes("u-row"):
            text(what, "u-strong")
            chip("waits for a second person", "review")
        text(f"{who_wrote(change['author'])} · {moment(change['at'])}", "u-small")
        if change["reason"]:
            text(f"“{change['reason']}”")
        difference(change["lines"])
        if change["also"]:
            text(f"Built on it, and changed with it: {', '.join(change['also'])}.", "u-small")
        mine = change["author"] == visit.who.name
        if not visit.who.may("approver"):
            text("An approver agrees or refuses.", "u-small")
            return
        reason = ui.input(label="Reason").props('outlined dense maxlength="1000"')

        async def answer(decision: str) -> None:
            said = reason.value or ("taken back" if mine else "")
            await _do(
                visit,
                pack["name"],
                lambda: visit.runs.publishing.decide(
                    pack["name"], change["id"], decision, by=visit.who.name, reason=said
                ),
            )

        with ui.element("div").classes("u-row"):
            if mine:
                text("You asked for it, so somebody else has to agree.", "u-small")
                button("Take back", lambda: answer("reject"))
            else:
                button(f"Agree to {what[0].lower()}{what[1:]}", lambda: answer("publish"))
                button("Refuse", lambda: answer("reject"), kind="danger")


def versions(visit: Visit, pack: Mapping[str, Any]) -> None:
    """Every version: who, when, why, who agreed, since when, and the lines it changed."""
    for version in pack["versions"]:
        current = version["version"] == pack["version"]
        with ui.element("div").classes("u-fact"):
            with ui.element("div").classes("u-row"):
                text(f"version {version['version']}", "u-strong")
                if current:
                    chip("in force", "allow")
            by = f"{who_wrote(version['author'])} · {moment(version['created_at'])}"
            if version["approver"]:
                by += f" · {version['approver']} agreed"
            text(by, "u-small")
            if version["reason"]:
                text(f"“{version['reason']}”")
            told = {**version, "pack": pack["name"]}
            text(since(told, pack["name"], now=current), "u-small")
            text(f"sha-256 {version['sha256'][:16]}…", "u-code u-muted")
            if version["lines"]:
                added, gone = (_count(version["lines"], sign) for sign in "+-")
                with ui.element("details"):
                    with ui.element("summary").classes("u-small"):
                        ui.label(f"{counted(added, 'line')} added, {gone} taken away")
                    difference(version["lines"])
            if not current and visit.who.may("approver"):
                _way_back(visit, pack, version["version"])


def _way_back(visit: Visit, pack: Mapping[str, Any], version: int) -> None:
    """An older version in force again, with a reason."""
    shown = ui.element("div").classes("u-row")

    def ask() -> None:
        shown.clear()
        with shown:
            reason = ui.input(label="Why").props('outlined dense maxlength="1000"')

            async def go() -> None:
                await _do(
                    visit,
                    pack["name"],
                    lambda: visit.runs.publishing.rollback(
                        pack["name"], version, author=visit.who.name, reason=reason.value or ""
                    ),
                )

            button(f"Put version {version} in force", go, kind="primary")

    with shown:
        button(f"Go back to version {version}", ask)


async def _do(visit: Visit, name: str, act: Callable[[], Awaitable[object]]) -> None:
    if not await visit.still_may("approver"):
        return
    try:
        await act()
    except UsherError as error:
        ui.notify(str(error), type="negative")
        return
    ui.navigate.to(f"/policies/{name}")


def difference(lines: Sequence[Mapping[str, Any]] | None) -> None:
    """The lines that differ."""
    with ui.element("div").classes("u-source u-short"):
        for line in lines or ():
            with ui.element("div").classes(_SIGNS.get(line["sign"], "")):
                text(str(line["number"] or ""), "u-line")
                text(f"{line['sign']} {line['text']}", "u-code")


def _count(lines: Sequence[Mapping[str, Any]], sign: str) -> int:
    return sum(line["sign"] == sign for line in lines)


def _to_the_millisecond(at_us: int) -> str:
    at = datetime.fromtimestamp(at_us / 1_000_000, UTC)
    return f"{at.day} {at:%b %Y, %H:%M:%S}.{at_us // 1_000 % 1_000:03d} UTC"


def _span(us: int) -> str:
    """A short time: `38 ms`, `2.4 s`; a long one in minutes, hours or days."""
    if us < 1_000_000:
        return f"{us / 1_000:.0f} ms"
    if us < 60_000_000:
        return f"{us / 1_000_000:.1f} s"
    minutes = us // 60_000_000
    if minutes < 60:
        return counted(minutes, "minute")
    return counted(minutes // 60, "hour") if minutes < 2_880 else counted(minutes // 1_440, "day")
