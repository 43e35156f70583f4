"""Why two records are one, in words, with what showed it; and the way to take them apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nicegui import ui

from agent.fact_words import percent
from agent.likely import DecideLink
from agent.unmerging import Unmerge
from console import fields
from console.components import button, card, chip, text
from console.frame import Visit, moment
from console.pages.customer_actions import Actions

_KINDS = {
    "user_id": "user id",
    "email": "e-mail",
    "phone": "phone",
    "anonymous_id": "device",
}
_LEVELS = {"agree": ("exact",), "nearly": ("close", "similar"), "differ": ("else",)}
_BECAUSE = {
    "posterior": "Likely, but not certain.",
    "second": "Somebody else fits as well.",
    "household": "Perhaps somebody of the same household.",
    "few": "They agree in too little to be joined.",
    "setting": "Probable matches are not joined by themselves here.",
}
_WHY = {
    "identifier": "one message named identifiers of both",
    "alias": "an alias said that they are the same",
    "probable": "name, birth date and address make it very likely",
    "person": "a person here said so",
}


class OnePerson:
    """The card. Taking apart goes through `actions`, which asks the role and looks again."""

    def __init__(self, visit: Visit, actions: Actions) -> None:
        self._visit = visit
        self._actions = actions
        self._asking = ""
        self._reason = ""

    def draw(self, seen: Mapping[str, Any]) -> None:
        """Every merge, newest first; nothing where there was none."""
        if not seen["merges"]:
            return
        with card("Why these are one person"):
            for each in seen["merges"]:
                with ui.element("div").classes("u-fact"):
                    self._one(each)

    def links(self, seen: Mapping[str, Any]) -> None:
        """Who may be the same person; nothing where nobody is."""
        if not seen["links"]:
            return
        with card("May be the same person"):
            text("Nothing follows of this until somebody here decides it.", "u-small")
            for each in seen["links"]:
                with ui.element("div").classes("u-fact"):
                    self._link(each)

    def _link(self, link: Mapping[str, Any]) -> None:
        with ui.element("div").classes("u-row"):
            chip(_likelihood(link), "review")
            with ui.link(target=f"/customers/{link['other_id']}").classes("u-plain"):
                ui.label(link["other_id"])
            text(f"since {moment(link['at'])}", "u-small")
        text(_BECAUSE.get(link["because"], ""), "u-small")
        text(_agreement(link["fields"]), "u-small")
        key = f"link {link['other_id']}"
        if self._asking != key:
            button("Decide", self._asker(key))
            return

        def tell(words: str) -> None:
            self._reason = words

        fields.lines("Reason", self._reason, tell=tell)
        with ui.element("div").classes("u-row"):
            button("One person: join them", self._decider(link, "join"), kind="primary")
            button("Two people", self._decider(link, "dismiss"))
            button("Never mind", self._asker(""))

    def _decider(self, link: Mapping[str, Any], decision: str) -> Callable[[], Any]:
        async def act() -> str:
            said = {
                "other_id": link["other_id"],
                "decision": decision,
                "reason": self._reason.strip(),
            }
            await self._visit.runs.likely.decide(
                self._actions.customer_id, DecideLink.model_validate(said), by=self._visit.who.name
            )
            self._asking = ""
            return "Joined; it can be undone." if decision == "join" else "Two people; noted."

        async def do() -> None:
            await self._actions.do("approver", act)

        return do

    def _one(self, merge: Mapping[str, Any]) -> None:
        apart = merge["undone_at"] is not None
        with ui.element("div").classes("u-row"):
            chip("taken apart" if apart else "joined", "held" if apart else "defer")
            text(f"{moment(merge['at'])}: {_WHY[merge['why']]}")
        for shown in merge["evidence"].get("identifiers", ()):
            text(_shown(shown, merge), "u-small")
        if merge["evidence"].get("fields"):
            sure = percent(merge["evidence"]["posterior_bp"])
            text(f"{sure} likely; {_agreement(merge['evidence']['fields'])}", "u-small")
        if merge["evidence"].get("reason"):
            text(f"{merge['by']}: “{merge['evidence']['reason']}”", "u-small")
        if merge["brought"]:
            brought = ", ".join(_named(each) for each in merge["brought"])
            text(f"The other record brought {brought}.", "u-small")
        if apart:
            text(
                f"Taken apart by {merge['undone_by']}, {moment(merge['undone_at'])}: "
                f"“{merge['undone_reason'] or ''}”",
                "u-small",
            )
        elif not merge["can_be_undone"]:
            text(
                "The record they became was itself joined since; take that apart first.", "u-small"
            )
        elif self._asking == merge["id"]:
            self._form(merge["id"])
        else:
            button("These are two people", self._asker(merge["id"]))

    def _form(self, merge_id: str) -> None:
        text(
            "Each gets back its own identifiers, orders, consents and memories. What was refused "
            "or stopped meanwhile holds for both, what was sent counts for both, and what has been "
            "queued since is cancelled.",
            "u-small",
        )

        def tell(words: str) -> None:
            self._reason = words

        fields.lines("Reason", self._reason, tell=tell)
        with ui.element("div").classes("u-row"):
            button("Take them apart", self._doer(merge_id), kind="primary")
            button("Never mind", self._asker(""))

    def _asker(self, merge_id: str) -> Callable[[], None]:
        def ask() -> None:
            self._asking, self._reason = merge_id, ""
            self._actions.redraw()

        return ask

    def _doer(self, merge_id: str) -> Callable[[], Any]:
        async def act() -> str:
            request = Unmerge.model_validate({"merge_id": merge_id, "reason": self._reason.strip()})
            done = await self._visit.runs.unmerging.unmerge(
                self._actions.customer_id, request, by=self._visit.who.name
            )
            self._asking = ""
            cancelled = done["queued_contacts_cancelled"]
            return f"Two people again; {cancelled} queued messages cancelled."

        async def do() -> None:
            await self._actions.do("approver", act)

        return do


def _likelihood(link: Mapping[str, Any]) -> str:
    """In words: where something else explains the likeness, no figure is told for it."""
    if link["because"] == "household":
        return "same household?"
    if link["because"] == "second":
        return "one of several"
    # Nothing that people are asked about is certain.
    return f"{percent(min(link['posterior_bp'], 9_999))} likely"


def _agreement(parts: Sequence[Mapping[str, Any]]) -> str:
    """`agree: surname, street; nearly: given name; differ: birth date`."""
    said = []
    for words, levels in _LEVELS.items():
        named = [part["field"].replace("_", " ") for part in parts if part["level"] in levels]
        if named:
            said.append(f"{words}: {', '.join(named)}")
    return "; ".join(said)


def _shown(shown: Mapping[str, Any], merge: Mapping[str, Any]) -> str:
    whose = "this record" if shown["of"] == merge["into_id"] else "the other record"
    return f"{_named(shown)} was known of {whose}"


def _named(each: Mapping[str, Any]) -> str:
    return f"{_KINDS.get(each['kind'], each['kind'])} {each['value']}"
