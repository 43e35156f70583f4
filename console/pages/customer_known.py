"""What a person is known by: each identifier since when, what is in quarantine or not taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nicegui import ui

from agent.releasing_identifiers import ReleaseIdentifier, release_identifier
from console.components import button, card, chip, fact, text
from console.frame import Visit, moment
from console.pages.customer_actions import Actions

_KINDS = {
    "user_id": "User id",
    "email": "E-mail",
    "phone": "Phone",
    "anonymous_id": "Anonymous id",
    "trait": "Birth date",
}


class Known:
    """The card. Releasing goes through `actions`, which asks the role and looks again."""

    def __init__(self, visit: Visit, actions: Actions) -> None:
        self._visit = visit
        self._actions = actions

    def draw(self, person: Mapping[str, Any]) -> None:
        """Who they are: kind, value, since when; and what of it was not taken."""
        with card("Known by"):
            fact("Our id", person["id"], f"since {moment(person['created_at'])}")
            for each in person["identifiers"]:
                kind = _KINDS.get(each["kind"], each["kind"])
                fact(kind, each["value"], f"since {moment(each['first_seen_at'])}")
                if each["quarantined_at"] is not None:
                    with ui.element("div").classes("u-row"):
                        chip("in quarantine", "review")
                        button("Release", self._releaser(each))
                    text(
                        "Several people state it as theirs, or it is an inbox of many: it names "
                        "nobody and is not written to.",
                        "u-small",
                    )
            for each in person["not_taken"]:
                times = "once" if each["times"] == 1 else f"{each['times']:,} times"
                text(
                    f"{_KINDS.get(each['kind'], each['kind'])} not taken {times}: {each['why']} "
                    f"(last {moment(each['last_at'])}).",
                    "u-small",
                )

    def _releaser(self, each: Mapping[str, Any]) -> Callable[[], Any]:
        async def act() -> str:
            runs = self._visit.runs
            request = ReleaseIdentifier(kind=each["kind"], value=each["value"])
            await release_identifier(runs.db, runs.people, self._actions.customer_id, request)
            return "Released: it is theirs, and is written to again."

        async def release() -> None:
            await self._actions.do("approver", act)

        return release
