"""The brake: what is stopped now, what pulling would do, and letting go.

Nobody pulls without having seen what it would do; nothing else is asked. An operator pulls, an
approver lifts. Whoever changes the choice sees anew.
"""

from __future__ import annotations

from typing import Any

from fastapi import Request
from nicegui import ui
from pydantic import ValidationError

from agent.brake import InFlight, Pull
from agent.errors import UsherError
from console import fields
from console.components import button, card, cell, chip, empty, row, sentence, table, text
from console.frame import House, Visit, at, moment, page

_EVERY_S = 2.0
_MOST = 50
_SCOPES = {
    "all": "Everything that reaches customers",
    "offers": "All discounts",
    "channel:email": "All e-mail",
    "channel:sms": "All text messages",
}
_FATES: dict[str, str] = {
    "hold": "waits until the brake is lifted",
    "drain": "still goes out, nothing new follows",
    "cancel": "is cancelled for good",
}


def register(house: House) -> None:
    """Put the page in its place."""

    @at("/brake")
    async def brake(request: Request) -> None:
        async with page(house, request, "Brake", here="/brake") as visit:
            seen = await _brakes(visit)
            view = ui.refreshable(_pulled)
            view(visit, seen)
            with card("Pull the brake"):
                _form(visit)
            before = ui.refreshable(_before)
            before(seen)

            async def look() -> None:
                nonlocal seen
                now = await _brakes(visit)
                if now != seen:
                    seen = now
                    view.refresh(visit, seen)
                    before.refresh(seen)

            ui.timer(_EVERY_S, look, immediate=False)


async def _brakes(visit: Visit) -> list[dict[str, Any]]:
    found = await visit.runs.brake.listing(after=None, limit=_MOST)
    return [dict(item) for item in found.items]


def _pulled(visit: Visit, seen: list[dict[str, Any]]) -> None:
    now = [brake for brake in seen if brake["lifted_at"] is None]
    if not now:
        sentence(
            "Nothing is stopped.",
            "The brake stops contacts and offers at once; tickets, opt-outs and reading go on.",
        )
        return
    words = "; ".join(brake["what"] for brake in now)
    sentence(f"Stopped: {words}.", "Whatever is decided meanwhile is refused, and says so.")
    with card("Pulled"):
        for brake in now:
            _one(visit, brake)


def _one(visit: Visit, brake: dict[str, Any]) -> None:
    async def lift() -> None:
        if not await visit.still_may("approver"):
            return
        try:
            await visit.runs.brake.lift(brake["id"], by=visit.who.name)
        except UsherError as error:
            ui.notify(str(error), type="negative")
            return
        ui.notify("The brake is lifted; what it held goes on, decided again.")

    with ui.element("div").classes("u-fact"):
        with ui.element("div").classes("u-row"):
            chip("pulled", "deny")
            text(brake["what"], "u-strong")
            text(f"what is queued {_FATES[brake['in_flight']]}", "u-small")
        text(f"“{brake['reason']}” · {brake['by']} · {moment(brake['at'])}", "u-muted")
        with ui.element("div").classes("u-row"):
            button("Lift", lift, enabled=visit.who.may("approver"))
            if not visit.who.may("approver"):
                text("An approver lifts it.", "u-small")


def _form(visit: Visit) -> None:
    chosen = {"scope": "all", "in_flight": "hold", "reason": ""}

    def tell(name: str, value: str) -> None:
        chosen[name] = value
        if name != "reason":
            shown.clear()

    def hears(name: str) -> fields.Told:
        return lambda value: tell(name, value)

    with ui.element("div").classes("u-cols u-thirds"):
        fields.choice("What to stop", "all", _scopes_of(visit), tell=hears("scope"))
        fates = {key: f"What is queued {words}" for key, words in _FATES.items()}
        fields.choice("What is queued", "hold", fates, tell=hears("in_flight"))
        fields.line("Why", tell=hears("reason"), note="Everybody who works here reads this.")

    async def look() -> None:
        shown.clear()
        told = await visit.runs.brake.preview(
            scope=chosen["scope"], in_flight=_in_flight(chosen["in_flight"])
        )
        with shown:
            _preview(visit, told, chosen)

    with ui.element("div").classes("u-row"):
        button("Show what it would do", look)
    shown = ui.element("div").classes("u-card u-bare")


def _preview(visit: Visit, told: dict[str, Any], chosen: dict[str, str]) -> None:
    sentence(told["says"])
    if told["next"]:
        text("The next people it concerns:", "u-strong")
        with table("Who", "Goal", "Channel", "Due"):
            for person in told["next"]:
                _person(person)

    async def pull() -> None:
        if not await visit.still_may("operator"):
            return
        try:
            wish = Pull.model_validate(
                {"scope": told["scope"], "in_flight": told["in_flight"], "reason": chosen["reason"]}
            )
            done = await visit.runs.brake.pull(wish, by=visit.who.name)
        except ValidationError as error:
            ui.notify(_said(error), type="negative")
            return
        except UsherError as error:
            ui.notify(str(error), type="negative")
            return
        ui.notify(f"The brake is pulled: {done['what']}.")
        ui.navigate.to("/brake")

    with ui.element("div").classes("u-row"):
        button("Pull the brake", pull, kind="danger", enabled=visit.who.may("operator"))
        if not visit.who.may("operator"):
            text("An operator pulls it.", "u-small")


def _person(person: dict[str, Any]) -> None:
    with row():
        with cell(), ui.link(target=f"/customers/{person['customer_id']}"):
            ui.label(person["name"])
        with cell():
            text(person["goal"].replace("_", " "))
        with cell():
            text(person["channel"] or "a question is open")
        with cell():
            text(moment(person["at"]), "u-small")


def _before(seen: list[dict[str, Any]]) -> None:
    lifted = [brake for brake in seen if brake["lifted_at"] is not None]
    with card("Before"):
        if not lifted:
            empty("No brake was lifted yet.")
            return
        with table("What", "Pulled", "Lifted", "Why"):
            for brake in lifted:
                with row():
                    with cell():
                        text(brake["what"])
                    with cell():
                        text(f"{brake['by']}, {moment(brake['at'])}", "u-small")
                    with cell():
                        text(f"{brake['lifted_by']}, {moment(brake['lifted_at'])}", "u-small")
                    with cell():
                        text(brake["reason"])


def _scopes_of(visit: Visit) -> dict[str, str]:
    agents = visit.runs.env.ground.agents
    named = {f"agent:{agent.name}": f"The agent {agent.name}" for agent in agents.values()}
    goals = {f"goal:{goal}": f"The goal {goal.replace('_', ' ')}" for goal in sorted(agents)}
    return _SCOPES | dict(sorted(named.items())) | goals


def _in_flight(chosen: str) -> InFlight:
    return "drain" if chosen == "drain" else "cancel" if chosen == "cancel" else "hold"


def _said(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["loc"][:1] == ("reason",) and first["type"] == "string_too_short":
        return "Say why: everybody who works here wants to know."
    return str(first["msg"]).removeprefix("Value error, ")
