"""What people may do for, and to, a customer: stop and lift, take over, hold by law, erase.

Each is asked for in words first, and the role is looked at when it is done. Erasure wants the
person's own reference typed: it cannot be undone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from nicegui import ui
from pydantic import ValidationError

from agent.errors import BadRequest, Invalid, UsherError
from agent.leasing import TakeLease
from agent.messages import Suppress
from console import about, fields
from console.components import button, chip, text
from console.frame import Visit, moment

_SCOPES = {"purpose": "marketing", "address": "one address", "all": "everything"}
_CHANNELS = {"": "every channel", "email": "e-mail", "sms": "text message"}
_HOURS = {"PT1H": "1 hour", "PT4H": "4 hours", "P1D": "1 day", "P7D": "7 days", "P30D": "30 days"}


class Actions:
    """The actions on one customer.

    `done` looks again, `erased` is handed the receipt, `redraw` shows cards that ask something.
    """

    def __init__(
        self,
        visit: Visit,
        customer_id: str,
        *,
        done: Callable[[], Awaitable[None]],
        erased: Callable[[dict[str, Any]], Awaitable[None]],
        redraw: Callable[[], None],
    ) -> None:
        self._visit = visit
        self.customer_id = customer_id
        self._done = done
        self._erased = erased
        self.redraw = redraw
        self._doing = ""
        self._said: dict[str, str] = {}
        self._busy = False
        self.person: dict[str, Any] = {}
        self.seen: dict[str, Any] = {}

    def show(self, person: dict[str, Any], seen: dict[str, Any]) -> None:
        """Show how things stand now; what somebody is typing is left alone."""
        self.person, self.seen = person, seen
        self.stops.refresh()
        if not self._doing:
            self.forms.refresh()

    @ui.refreshable_method
    def stops(self) -> None:
        """What is stopped or held now, and by whom."""
        self._stops()
        self._lease()
        if self.person["legal_hold"]:
            with ui.element("div").classes("u-row"):
                chip("legal hold", "review")
                text("An erasure is refused until it is lifted.", "u-small")

    @ui.refreshable_method
    def forms(self) -> None:
        """What one can do, and the form of what one has begun."""
        with ui.element("div").classes("u-row"):
            button("Stop contact", lambda: self._start("stop"))
            if self.person["lease"] is None:
                button("Take over", lambda: self._start("lease"))
            if self.person["legal_hold"]:
                button("Lift the legal hold", lambda: self._start("unhold"))
            else:
                button("Legal hold", lambda: self._start("hold"))
            button("Erase", lambda: self._start("erase"), kind="danger")
        if self._doing:
            self._form()

    def _stops(self) -> None:
        if not self.seen["suppressions"]:
            text("Nothing is stopped.", "u-muted")
        for each in self.seen["suppressions"]:
            with ui.element("div").classes("u-fact"):
                with ui.element("div").classes("u-row"):
                    chip("stopped", "deny")
                    text(about.stopped(each))
                if each["reason"]:
                    text(f"“{each['reason']}”", "u-muted")
                with ui.element("div").classes("u-row"):
                    text(f"since {moment(each['at'])}", "u-small")
                    button("Lift", self._lifter(each["scope"], each["channel"]))

    def _lease(self) -> None:
        lease = self.person["lease"]
        if lease is None:
            return
        with ui.element("div").classes("u-fact"):
            with ui.element("div").classes("u-row"):
                chip("in a person's hands", "approval")
                text(f"{lease['holder']}, until {moment(lease['until'])}")
            text(f"“{lease['reason']}”", "u-muted")
            with ui.element("div").classes("u-row"):
                text("Every agent is silent meanwhile.", "u-small")
                button("Let go", self._let_go)

    # -- forms -------------------------------------------------------------------------------------

    def _form(self) -> None:
        draw: dict[str, Callable[[], None]] = {
            "stop": self._stop_form,
            "lease": self._lease_form,
            "hold": self._hold_form,
            "unhold": self._unhold_form,
            "erase": self._erase_form,
        }
        with ui.element("div").classes("u-column u-form"):
            draw[self._doing]()

    def _stop_form(self) -> None:
        fields.choice("What", "purpose", _SCOPES, tell=self._tell("scope"))
        fields.choice(
            "Channel",
            "",
            _CHANNELS,
            tell=self._tell("channel"),
            note="of the person as a whole; one address needs its channel",
        )
        fields.lines("Reason", tell=self._tell("reason"))
        fields.line(
            "Until, in UTC",
            kind="datetime-local",
            tell=self._tell("until"),
            note="empty: for good",
        )
        text("What is queued and not handed over is cancelled at once.", "u-small")
        self._confirm("Stop it", self._stop)

    def _lease_form(self) -> None:
        text("While a customer is in your hands every agent is silent towards them.", "u-small")
        fields.choice("For", "PT4H", _HOURS, tell=self._tell("for"))
        fields.lines("Reason", tell=self._tell("reason"))
        self._confirm("Take over", self._take)

    def _hold_form(self) -> None:
        text("Nothing of this person may be erased until the hold is lifted.", "u-small")
        self._confirm("Put the hold on", self._hold)

    def _unhold_form(self) -> None:
        text("From then on an erasure may go through.", "u-small")
        self._confirm("Lift it", self._unhold)

    def _erase_form(self) -> None:
        text(
            "Everything we know of this person becomes unreadable at once and for good, in backups "
            "too. Decisions about them can no longer be explained."
        )
        fields.line(
            "Type any identifier of this person to confirm",
            tell=self._tell("reference"),
            note="such as their e-mail address or user id",
        )
        self._confirm("Erase for good", self._erase, kind="danger")

    def _confirm(
        self, words: str, act: Callable[[], Awaitable[None]], kind: str = "primary"
    ) -> None:
        with ui.element("div").classes("u-row"):
            button(words, act, kind=kind)
            button("Never mind", lambda: self._start(""))

    def _start(self, what: str) -> None:
        self._doing, self._said = what, {}
        self.forms.refresh()

    def _tell(self, name: str) -> fields.Told:
        def tell(words: str) -> None:
            self._said[name] = words

        return tell

    # -- doing -------------------------------------------------------------------------------------

    async def _stop(self) -> None:
        async def act() -> str:
            request = Suppress.model_validate(
                {
                    "scope": self._said.get("scope", "purpose"),
                    "channel": self._said.get("channel") or None,
                    "reason": self._said.get("reason", "").strip(),
                    "until": _instant(self._said.get("until", "")),
                }
            )
            made = await self._visit.runs.people.suppress(
                self.customer_id, request, by=self._visit.who.name
            )
            return f"Stopped; {made['queued_contacts_cancelled']} queued messages cancelled."

        await self.do("operator", act)

    def _lifter(self, scope: str, channel: str | None) -> Callable[[], Awaitable[None]]:
        async def act() -> str:
            lifted = await self._visit.runs.people.lift(
                self.customer_id, scope=scope, channel=channel
            )
            return "Lifted." if lifted["lifted"] else "There was nothing left to lift."

        async def lift() -> None:
            await self.do("operator", act)

        return lift

    async def _take(self) -> None:
        async def act() -> str:
            request = TakeLease.model_validate(
                {
                    "for": self._said.get("for", "PT4H"),
                    "reason": self._said.get("reason", "").strip(),
                }
            )
            await self._visit.runs.leasing.take(self.customer_id, request, by=self._visit.who)
            return "In your hands now."

        await self.do("operator", act)

    async def _let_go(self) -> None:
        async def act() -> str:
            await self._visit.runs.leasing.end(self.customer_id, by=self._visit.who)
            return "Let go; what was held goes on."

        await self.do("operator", act)

    async def _hold(self) -> None:
        await self._set_hold(on=True)

    async def _unhold(self) -> None:
        await self._set_hold(on=False)

    async def _set_hold(self, *, on: bool) -> None:
        async def act() -> str:
            await self._visit.runs.people.hold(self.customer_id, on=on)
            return "The hold is on." if on else "The hold is lifted."

        await self.do("admin", act)

    async def _erase(self) -> None:
        receipt: dict[str, Any] = {}

        async def act() -> str:
            people = self._visit.runs.people
            typed = self._said.get("reference", "").strip()
            if not typed or await people.find(typed) != self.customer_id:
                raise Invalid("what you typed is no identifier of this person; nothing was erased")
            receipt.update(await people.erase(self.customer_id, by=self._visit.who.name))
            return "Erased."

        await self.do("admin", act)
        if receipt:
            await self._erased(receipt)

    async def do(self, role: str, act: Callable[[], Awaitable[str]]) -> None:
        """Do it once, by whoever may do it now; then show how things stand."""
        if self._busy:
            return
        self._busy = True
        try:
            if not await self._visit.still_may(role):
                return
            try:
                said = await act()
            except ValidationError as error:
                ui.notify(_first(error), type="negative")
            except UsherError as error:
                ui.notify(f"{error}.", type="negative")
            else:
                ui.notify(said, type="positive")
                self._start("")
            await self._done()
        finally:
            self._busy = False


def _instant(typed: str) -> datetime | None:
    if not typed:
        return None
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=UTC)
    except ValueError:
        raise BadRequest("until is no day and time") from None


def _first(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False)[0]
    where = " ".join(str(part) for part in problem["loc"])
    if problem["type"] == "string_too_short":
        return f"Write the {where or 'text'} first."
    return f"{where}: {problem['msg']}" if where else str(problem["msg"])
