"""A customer: who this is for us in a sentence, what we know, what was done, what they allow.

The page looks again every few seconds and is drawn anew only where something is different, so that
nobody's typing is lost. Once erased it says so and shows the receipt.
"""

from __future__ import annotations

from typing import Any

from fastapi import Request
from nicegui import ui

from agent.errors import Gone, NotReady, UsherError
from console import about
from console.components import button, card, empty, sentence
from console.frame import House, Visit, at, page
from console.pages import customer_contacts, customer_proof, customer_systems
from console.pages import customer_parts as parts
from console.pages.customer_actions import Actions
from console.pages.customer_consent import Consents
from console.pages.customer_identity import OnePerson
from console.pages.customer_known import Known

_EVERY_S = 2.0
_PAGE = 25
_MOST = 200


def register(house: House) -> None:
    """Put the page in its place."""

    @at("/customers/{customer_id}")
    async def customer(request: Request, customer_id: str) -> None:
        async with page(house, request, "Customer", here="/customers") as visit:
            shown = _Customer(visit, customer_id)
            await shown.read()
            shown.draw()
            ui.timer(_EVERY_S, shown.look)


class _Customer:
    """What one tab shows of one customer."""

    def __init__(self, visit: Visit, customer_id: str) -> None:
        self._visit = visit
        self._id = customer_id
        self._person: dict[str, Any] = {}
        self._seen: dict[str, Any] = {}
        self._name = "—"
        self._items: list[dict[str, Any]] = []
        self._older: str | None = None
        self._problem = ""
        self._gone = False
        self._receipt: dict[str, Any] | None = None
        self._told: list[dict[str, Any]] = []
        self._actions = Actions(
            visit, customer_id, done=self.look, erased=self._erased, redraw=self._redraw
        )
        self._one_person = OnePerson(visit, self._actions)
        self._consents = Consents(visit, self._actions)
        self._known = Known(visit, self._actions)

    # -- reading -----------------------------------------------------------------------------------

    async def read(self) -> None:
        """How things stand now."""
        runs = self._visit.runs
        try:
            await runs.caught_up()
        except NotReady as late:
            self._problem = f"{late}."
        try:
            self._person = await runs.people.get(self._id)
            self._id = self._person["id"]
            self._seen = await runs.people.look(self._id)
            self._name = (await runs.figures.names([self._id]))[self._id]
            self._told = await runs.connected.told_of(self._id)
            await self._read_timeline()
        except Gone:
            self._gone = True
            self._told = await runs.connected.told_of(self._id)
            if self._receipt is None:
                self._receipt = await runs.people.receipt(self._id)
        except UsherError as error:
            self._person, self._problem = {}, f"{error}."

    async def _read_timeline(self) -> None:
        limit = min(max(len(self._items), _PAGE), _MOST)
        found = await self._visit.runs.people.timeline(self._id, after=None, limit=limit)
        known = {item["id"] for item in found.items}
        beyond = [i for i in self._items[limit:] if i["id"] not in known]
        if not beyond:
            self._older = found.next_cursor
        self._items = [*found.items, *beyond]

    async def _show_older(self) -> None:
        found = await self._visit.runs.people.timeline(self._id, after=self._older, limit=_PAGE)
        self._items += found.items
        self._older = found.next_cursor
        self.timeline.refresh()

    async def look(self) -> None:
        """Look again; draw anew what is different."""
        person, seen, items, gone = self._person, self._seen, self._items, self._gone
        told = self._told
        await self.read()
        if self._told != told:
            self.told.refresh()
        if gone or self._gone:
            if gone != self._gone:
                self.draw.refresh()
            return
        if (self._person, self._seen) != (person, seen):
            for part in (self.words, self.left, self.middle, self.right):
                part.refresh()
            self._actions.show(self._person, self._seen)
        if self._items != items:
            self.timeline.refresh()

    async def _erased(self, receipt: dict[str, Any]) -> None:
        self._gone, self._receipt = True, receipt
        self.draw.refresh()

    def _redraw(self) -> None:
        self.left.refresh()
        self.right.refresh()

    # -- drawing -----------------------------------------------------------------------------------

    @ui.refreshable_method
    def draw(self) -> None:
        """The page."""
        if self._gone:
            parts.forgotten(self._receipt)
            self.told()
            customer_proof.show(self._visit)
            return
        if not self._person:
            with card():
                empty(f"{self._problem[:1].upper()}{self._problem[1:]}")
                with ui.link(target="/customers"):
                    ui.label("Find somebody")
            return
        self._actions.customer_id = self._id
        self._actions.person, self._actions.seen = self._person, self._seen
        self.words()
        with ui.element("div").classes("u-cols u-three"):
            with ui.element("div").classes("u-cols"):
                self.left()
            with ui.element("div").classes("u-cols"):
                self.middle()
                with card("What happened"):
                    self.timeline()
            with ui.element("div").classes("u-cols"):
                self.right()
                with card("Stopped and held"):
                    self._actions.stops()
                with card("Do"):
                    self._actions.forms()
                self.told()

    @ui.refreshable_method
    def words(self) -> None:
        """Who this is for us, and what stands in the way of a message."""
        now_us = self._visit.runs.clock.now_us()
        sentence(
            about.who_is(self._person, self._seen, self._name, now_us=now_us),
            about.may_write(self._person, self._seen),
        )

    @ui.refreshable_method
    def left(self) -> None:
        """What we know."""
        self._known.draw(self._person)
        self._one_person.draw(self._seen)
        self._one_person.links(self._seen)
        parts.traits(self._person, self._seen)
        parts.memories(self._person, self._seen)

    @ui.refreshable_method
    def middle(self) -> None:
        """What was done."""
        customer_contacts.answers(self._seen)
        parts.effects(self._seen)
        parts.offers(self._person)
        parts.journeys(self._person)

    @ui.refreshable_method
    def right(self) -> None:
        """What they allow."""
        self._consents.draw(self._seen)

    @ui.refreshable_method
    def told(self) -> None:
        """What other systems were told of them."""
        customer_systems.show(self._told)

    @ui.refreshable_method
    def timeline(self) -> None:
        """What happened, newest first, and further back on demand."""
        parts.timeline(self._items)
        if self._older is not None:
            button("Older", self._show_older)
