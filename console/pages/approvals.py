"""Approvals: a queue to work off by keyboard, and one question with all that an answer needs.

A approves, E edits, R answers the agent, X rejects, J and K go on and back. Whoever is first
decides; everybody else is shown who it was. The queue follows the journal by entry number; what is
on the page comes from the database, and the address names the question.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Request
from nicegui import ui
from nicegui.events import GenericEventArguments, KeyEventArguments
from pydantic import ValidationError

from agent.errors import UsherError
from agent.messages import Answer
from console import asking, fields
from console.components import button, card, empty, text
from console.frame import House, Visit, at, page
from console.pages import approval_queue
from console.pages.approval_card import card_of
from console.pages.approval_groups import Groups
from console.pages.approval_words import FOCUS, GIVEN, HEADS, NOTES, with_modifier
from console.schema_form import Form

_EVERY_S = 1.0
_KEYS = {"e": "edit", "r": "respond", "x": "reject"}


def register(house: House) -> None:
    """Put the page in its place."""

    @at("/approvals")
    async def inbox(request: Request) -> None:
        await _page(house, request, None)

    @at("/approvals/{approval_id}")
    async def one(request: Request, approval_id: str) -> None:
        await _page(house, request, approval_id)


async def _page(house: House, request: Request, approval_id: str | None) -> None:
    async with page(
        house, request, "Approvals", here="/approvals", hint="J next · K previous"
    ) as visit:
        inbox = _Inbox(visit, approval_id)
        await inbox.load()
        with ui.element("div").classes("u-cols u-two"):
            with ui.element("div").classes("u-cols"):
                inbox.groups.draw()
                with card(classes="u-queue"):
                    inbox.queue()
            with ui.element("div").classes("u-cols"):
                inbox.question()
        ui.keyboard(on_key=inbox.pressed, ignore=["input", "select", "textarea"])
        ui.timer(_EVERY_S, inbox.tail)


class _Inbox:
    """What one tab shows: the queue, the chosen question, and what is being done about it."""

    def __init__(self, visit: Visit, chosen: str | None) -> None:
        self._visit = visit
        self._chosen = chosen
        self._asked: dict[str, Any] | None = None
        self._story: dict[str, Any] | None = None
        self._names: dict[str, str] = {}
        self._items: list[dict[str, Any]] = []
        self._waiting = 0
        self._only = "all"
        self.groups = Groups(visit, self._grouped)
        self._seen = 0
        self._doing = ""
        self._notice = ""
        self._reason = ""
        self._form: Form | None = None
        self._shown_changes = False
        self._busy = False
        self._answerers: list[str] = []
        self._assignee = ""

    # -- reading -----------------------------------------------------------------------------------

    async def load(self) -> None:
        """The queue and the chosen question; the oldest one where none is chosen."""
        runs = self._visit.runs
        self._seen = max(self._seen, await runs.figures.head())
        await self._read_queue()
        if self._chosen is None and self._items:
            self._chosen = self._items[0]["id"]
        await self._read_question()

    async def _read_queue(self) -> None:
        runs = self._visit.runs
        me = self._visit.who.name
        self._items, more = await approval_queue.read(runs.approving, self._only, me=me)
        self._waiting = (await runs.figures.today()).waiting if more else 0
        self._names = await runs.figures.names([i["customer_id"] for i in self._items])
        if self.groups.take(self._items, self._names):
            self.groups.draw.refresh()

    async def _read_question(self) -> None:
        runs = self._visit.runs
        self._asked = self._story = None
        if self._chosen is None:
            return
        try:
            self._asked = await runs.approving.get(self._chosen)
            self._story = await runs.decisions.get(self._asked["decision_id"])
            if self._asked["status"] != "pending":
                told = await runs.decisions.explain(self._asked["decision_id"])
                self._story["told"] = told["summary"]
            who = self._asked["customer_id"]
            self._names |= await runs.figures.names([who])
        except UsherError as error:
            self._asked, self._notice = None, f"{error}."

    async def tail(self) -> None:
        """Follow the journal. What somebody is typing here is left alone."""
        newest, changed = await self._visit.runs.figures.changed_since(self._seen)
        self._seen = newest
        if not changed:
            return
        await self._read_queue()
        if self._chosen is None and self._items:
            await self._choose(self._items[0]["id"])
            return
        self.queue.refresh()
        if self._asked is None or self._asked["decision_id"] not in changed:
            return
        before = self._asked["status"]
        await self._read_question()
        now = self._asked["status"] if self._asked is not None else "gone"
        if before != now or now != "pending":
            self._do("")
            self.question.refresh()

    # -- the queue ---------------------------------------------------------------------------------

    @ui.refreshable_method
    def queue(self) -> None:
        """The questions that wait, oldest first."""
        approval_queue.filters(self._only, self._filter)
        approval_queue.draw(
            self._items,
            chosen=self._chosen,
            names=self._names,
            me=self._visit.who.name,
            now_us=self._visit.runs.clock.now_us(),
            choose=self._chooser,
        )
        if self._waiting > len(self._items):
            text(f"The {len(self._items)} oldest of {self._waiting:,}.", "u-small")

    async def _filter(self, only: str) -> None:
        self._only = only
        await self._read_queue()
        self.queue.refresh()

    async def _grouped(self) -> None:
        """Some were decided together: what is shown is read anew."""
        await self._read_queue()
        await self._read_question()
        self.queue.refresh()
        self.question.refresh()

    def _chooser(self, approval_id: str) -> Callable[[GenericEventArguments], Any]:
        async def chosen(_: GenericEventArguments) -> None:
            await self._choose(approval_id)

        return chosen

    async def _choose(self, approval_id: str) -> None:
        self._chosen, self._notice = approval_id, ""
        self._do("")
        await self._read_question()
        ui.navigate.history.replace(f"/approvals/{approval_id}")
        self.queue.refresh()
        self.question.refresh()

    async def _step(self, by: int) -> None:
        ids = [item["id"] for item in self._items]
        if not ids:
            return
        if self._chosen in ids:
            to = ids[min(max(ids.index(self._chosen) + by, 0), len(ids) - 1)]
        else:  # decided and gone from the queue: what stands where it stood
            to = next((i for i in ids if i > (self._chosen or "")), ids[-1])
        if to != self._chosen:
            await self._choose(to)

    # -- the question ------------------------------------------------------------------------------

    @ui.refreshable_method
    def question(self) -> None:
        """The chosen question, and what is being done about it."""
        if self._asked is None:
            with card():
                empty(
                    self._notice
                    or "When a rule wants a person to decide, the question appears here by itself, "
                    "with what it costs and which rule asked. What went through without a question "
                    "stands under Live decisions."
                )
                with ui.link(target="/decisions"):
                    ui.label("Live decisions")
            return
        asked = self._asked
        who = self._names.get(asked["customer_id"], "—")
        now_us = self._visit.runs.clock.now_us()
        with card(classes="u-question"):
            if self._notice:
                with ui.element("div").classes("u-notice").props('role="alert"'):
                    text(self._notice)
            card_of(asked, self._story, who=who, me=self._visit.who.name, now_us=now_us)
            if asked["status"] == "pending":
                self._actions(asked, lapsed=asked["due_at"] <= now_us)
        if self._doing and asked["status"] == "pending":
            with card(HEADS[self._doing]):
                self.doing()

    def _actions(self, asked: dict[str, Any], *, lapsed: bool) -> None:
        needed = asking.NEEDS[asked["outcome"]]
        yours = self._visit.who.may(needed) and not lapsed
        may = yours and asked["assignee"] in (None, self._visit.who.name)
        with ui.element("div").classes("u-row"):
            button("Approve", self._approve, kind="primary", key="A", enabled=may)
            button("Edit", lambda: self._start("edit"), key="E", enabled=may)
            button("Answer", lambda: self._start("respond"), key="R", enabled=may)
            button("Reject", lambda: self._start("reject"), kind="danger", key="X", enabled=may)
            text("The gate checks again when it is released.", "u-small")
        with ui.element("div").classes("u-row"):
            if yours and not may:
                button("Take it over", self._take_over)
                text(f"This question is for {asked['assignee']}.", "u-small")
            button("Give it to somebody", lambda: self._start("assign"), enabled=yours)
        if not self._visit.who.may(needed):
            text(
                f"This question is for the role {needed}; your key has {self._visit.who.role}.",
                "u-small",
            )

    @ui.refreshable_method
    def doing(self) -> None:
        """What is typed about the question: a reason, or other arguments."""
        if self._doing == "edit":
            self._edit()
            return
        if self._doing == "assign":
            self._assign()
            return
        fields.lines("Reason", self._reason, tell=self._typed, note=NOTES[self._doing])
        verb = "Reject" if self._doing == "reject" else "Answer"
        kind = "danger" if self._doing == "reject" else "primary"
        with ui.element("div").classes("u-row"):
            button(f"{verb} with this reason", self._with_reason, kind=kind)
            button("Never mind", lambda: self._start(""))

    def _assign(self) -> None:
        among = {"": "Anybody who may answer"} | {name: name for name in self._answerers}
        fields.choice("Who answers", self._assignee, among, tell=self._told_who, note=GIVEN)
        with ui.element("div").classes("u-row"):
            button("Give it to them", self._give, kind="primary")
            button("Never mind", lambda: self._start(""))

    def _told_who(self, name: str) -> None:
        self._assignee = name

    async def _give(self) -> None:
        await self._answer("assign", assignee=self._assignee or None)

    async def _take_over(self) -> None:
        await self._answer("assign", assignee=self._visit.who.name)

    def _edit(self) -> None:
        assert self._form is not None and self._asked is not None
        if not self._shown_changes:
            self._form.draw()
            with ui.element("div").classes("u-row"):
                button("Show what changes", self._show_changes, kind="primary")
                button("Never mind", lambda: self._start(""))
            return
        with ui.element("div").classes("u-diff"):
            for change in self._form.changes():
                text(change.name, "u-strong")
                text(f"− {change.before}", "u-gone")
                text(f"+ {change.after}", "u-added")
        text(
            "An edited call is a new call: the gate decides it again by the rules of now, and may "
            "ask somebody else, because whoever asks does not answer.",
            "u-small",
        )
        with ui.element("div").classes("u-row"):
            button("Release it like this", self._release_edit, kind="primary")
            button("Change it again", self._back_to_form)
            button("Never mind", lambda: self._start(""))

    # -- doing -------------------------------------------------------------------------------------

    def _do(self, what: str) -> None:
        self._doing, self._reason, self._shown_changes = what, "", False
        self._form = None
        if what == "edit" and self._asked is not None:
            call = self._asked["call"]
            schema = self._visit.runs.approving.form(call["tool"])
            self._form = Form(schema, call["args"], lambda: None)

    async def _start(self, what: str) -> None:
        if what and not await self._may():
            return
        self._do(what)
        if what == "assign" and self._asked is not None:
            self._answerers = await self._visit.runs.approving.answerers(self._asked["id"])
            self._assignee = self._asked["assignee"] or ""
        self._notice = ""
        self.question.refresh()
        if what:
            ui.run_javascript(FOCUS)

    def _typed(self, words: str) -> None:
        self._reason = words

    async def _approve(self) -> None:
        await self._answer("approve")

    async def _with_reason(self) -> None:
        if not self._reason.strip():
            ui.notify("Write the reason first: it stays with the decision.", type="warning")
            return
        await self._answer(self._doing, reason=self._reason.strip())

    def _back_to_form(self) -> None:
        assert self._form is not None
        self._form.redraw()
        self._shown_changes = False
        self.doing.refresh()

    def _show_changes(self) -> None:
        assert self._form is not None and self._asked is not None
        if not self._form.changes():
            ui.notify("Nothing is different yet.", type="warning")
            return
        try:
            self._visit.runs.approving.check_edit(self._asked["call"]["tool"], self._form.args)
        except UsherError as error:
            ui.notify(str(error), type="negative")
            return
        self._shown_changes = True
        self.doing.refresh()

    async def _release_edit(self) -> None:
        assert self._form is not None
        await self._answer("edit", args=self._form.args)

    async def _may(self) -> bool:
        return self._asked is not None and await self._visit.still_may(
            asking.NEEDS[self._asked["outcome"]]
        )

    async def _answer(self, decision: str, **rest: Any) -> None:
        """Decide, once; where somebody was first, the card says who."""
        if self._busy or self._asked is None or self._asked["status"] != "pending":
            return
        self._busy = True
        try:
            if not await self._may():
                return
            self._notice = ""
            try:
                said = Answer.model_validate({"decision": decision, **rest})
                await self._visit.runs.approving.answer(self._asked["id"], said, by=self._visit.who)
            except UsherError as error:
                self._notice = f"Your answer did not count: {error}."
            except ValidationError as error:
                self._notice = "; ".join(str(e["msg"]) for e in error.errors(include_input=False))
            self._do("")
            await self._read_queue()
            await self._read_question()
            self.queue.refresh()
            self.question.refresh()
        finally:
            self._busy = False

    async def pressed(self, event: KeyEventArguments) -> None:
        """A key, while nobody is typing."""
        if not event.action.keydown or event.action.repeat or with_modifier(event):
            return
        key = str(event.key).lower()
        pending = self._asked is not None and self._asked["status"] == "pending"
        if key in ("j", "k"):
            await self._step(1 if key == "j" else -1)
        elif key == "a" and pending:
            await self._approve()
        elif key in _KEYS and pending:
            await self._start(_KEYS[key])
