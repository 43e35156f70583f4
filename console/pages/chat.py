"""Chat: a sentence in, words or a card out, and beside it the decision or the people it is about.

Text alone changes nothing. What was said is on this page only, and gone when it is loaded again;
what was confirmed is in the journal and under the brake.
"""

from __future__ import annotations

import re
from typing import Any

from fastapi import Request
from nicegui import ui

from agent.chat.grammar import LONGEST
from agent.errors import UsherError
from console import chat_card
from console.components import button, card, empty, sentence, status_chip, text
from console.frame import House, Visit, at, moment, page

_DECISION = re.compile(r"\bdec_[0-9a-z]{26}\b")
_EXAMPLES = ("how many contacts this week", "recover carts over 80 € from last 3 hours",
             "stop all discounts", "help")  # fmt: skip
_NEWEST = 8
_EVERY_S = 2.0
_SEND = """(event) => {
  if (event.type === "keydown" && event.key !== "Enter") return;
  const line = document.getElementById("say");
  if (!line.value.trim()) return;
  emit(line.value);
  line.value = "";
}"""
_TO_THE_END = (
    "const talk = document.querySelector('.u-talk'); if (talk) talk.scrollTop = talk.scrollHeight"
)


def register(house: House) -> None:
    """Put the page in its place."""

    @at("/chat")
    async def chat(request: Request) -> None:
        async with page(house, request, "Chat", here="/chat") as visit:
            talk = Talk(visit)
            with ui.element("div").classes("u-cols u-halves"):
                with card("Ask, or say what to do"):
                    talk.log = ui.element("div").classes("u-talk").props("aria-live=polite")
                    await _examples(talk)
                    _line(talk)
                talk.pane = ui.element("div").classes("u-cols")
            await talk.show_newest()
            ui.timer(_EVERY_S, talk.look, immediate=False)


class Talk:
    """One page's conversation: the log on the left, what it is about on the right."""

    log: ui.element
    pane: ui.element

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self._seen: int | None = None

    async def say(self, words: str) -> None:
        """Ask, and show what comes back."""
        if not await self.visit.still_may("viewer"):
            return
        with self.log:
            text(words, "u-mine")
        try:
            await self.visit.runs.caught_up()
            async for said in self.visit.runs.chat.say(words, by=self.visit.who):
                await self._show(said.event, said.data)
        except UsherError as error:
            with self.log:
                text(str(error), "u-message")
        ui.run_javascript(_TO_THE_END)

    async def show_newest(self) -> None:
        """The newest decisions beside the talk; they stay up to date."""
        self._seen = await self.visit.runs.figures.head()
        found = await self.visit.runs.decisions.listing(after=None, limit=_NEWEST, filters={})
        names = await self.visit.runs.figures.names([d["customer_id"] for d in found.items])
        self.pane.clear()
        with self.pane, card("Newest decisions"):
            if not found.items:
                empty("No decision yet: Start here says how to get one.")
            for item in found.items:
                _item(item, names.get(item["customer_id"], "—"))

    async def look(self) -> None:
        """Keep the newest decisions up to date, while they are what is shown."""
        if self._seen is None:
            return
        _, changed = await self.visit.runs.figures.changed_since(self._seen)
        if changed:
            await self.show_newest()

    async def _show(self, event: str, data: dict[str, Any]) -> None:
        if event == "text":
            found = _DECISION.search(data["text"])
            with self.log:
                text(data["text"], "u-message")
            if found is not None:
                await self._show_decision(found[0])
        elif event == "card":
            with self.log:
                chat_card.show(self.visit, data, done=self._done)
            self._show_people(data)

    async def _show_decision(self, decision_id: str) -> None:
        try:
            decision = await self.visit.runs.decisions.get(decision_id)
            told = await self.visit.runs.decisions.explain(decision_id)
        except UsherError:
            return
        self._seen = None
        self.pane.clear()
        with self.pane:
            sentence(told["summary"], told["flip"][0] if told["flip"] else "")
            with card("The decision it is about"):
                with ui.element("div").classes("u-row"):
                    status_chip(decision["status"])
                    text(f"{decision['goal'].replace('_', ' ')} · {moment(decision['opened_at'])}")
                for made in decision["steps"]:
                    with ui.element("div").classes("u-row"):
                        text(made["call"]["tool"].replace("_", " "))
                        status_chip(made["verdict"]["outcome"])
                with ui.link(target=f"/decisions/{decision_id}"):
                    ui.label("Open it, with every fact and rule")

    def _show_people(self, asked: dict[str, Any]) -> None:
        self._seen = None
        self.pane.clear()
        with self.pane, card("Whom it concerns"):
            people = asked["who"]["first"]
            if not people:
                empty("Nobody right now.")
            for person in people:
                with ui.link(target=f"/customers/{person['customer_id']}").classes("u-fact"):
                    ui.label(person["name"])
            more = asked["who"]["count"] - len(people)
            if more > 0:
                text(f"and {more:,} more", "u-muted")

    async def _done(self, outcome: dict[str, Any]) -> None:
        await self.show_newest()


def _item(item: dict[str, Any], name: str) -> None:
    with ui.link(target=f"/decisions/{item['id']}").classes("u-item"):
        with ui.element("div").classes("u-row"):
            text(name, "u-strong")
            status_chip(item["status"])
        text(item["summary"], "u-muted")


async def _examples(talk: Talk) -> None:
    newest = await talk.visit.runs.decisions.listing(after=None, limit=1, filters={})
    said = {"why the newest decision": f"why {newest.items[0]['id']}"} if newest.items else {}
    said |= {words: words for words in _EXAMPLES}
    with ui.element("div").classes("u-row"):
        for shown, words in said.items():
            button(shown, _saying(talk, words))


def _saying(talk: Talk, words: str) -> Any:
    async def say() -> None:
        await talk.say(words)

    return say


def _line(talk: Talk) -> None:
    async def sent(event: Any) -> None:
        await talk.say(str(event.args))

    with ui.element("div").classes("u-say"):
        line = (
            ui.element("input")
            .classes("u-input")
            .props(
                f'id=say type=text autocomplete=off maxlength={LONGEST} aria-label="What to say" '
                'placeholder="why for ada@example.com"'
            )
        )
        line.on("keydown", sent, js_handler=_SEND)
        with ui.element("button").classes("u-button primary").props("type=button") as ask:
            ui.label("Ask")
        ask.on("click", sent, js_handler=_SEND)
