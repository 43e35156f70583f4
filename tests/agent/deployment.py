"""A whole deployment in the test's own process: real database, keys, gate, loop and outbox.

Planners and channels may be given; nothing is patched. Time is simulated and stands at noon UTC on
a Tuesday; lanes settle at once unless a test says otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from agent.assembly import Parts, open_runs
from agent.messages import Answer, Message, ProductIn, TriggerRequest
from agent.planning import Proposal, ProposedCall, Situation
from agent.runs import Runs
from agent.settings import Settings
from store import journal
from store.principals import Principal
from store.schema import approvals, decisions, effects, events, inbox
from tools.channels.outbox import Delivered, Outbox
from tools.instants import instant

NOON = "2026-03-03T12:00:00Z"
MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
CART: dict[str, Any] = {
    "id": "cart_1",
    "value_minor": 12_000,
    "currency": "EUR",
    "items": [{"sku": "SKU-1", "quantity": 1, "price_minor": 12_000}],
}
_SERIAL = count(1)


class Deployment:
    """What a test says and asks; `runs` is the service itself."""

    def __init__(self, runs: Runs) -> None:
        self.runs = runs

    # -- in ----------------------------------------------------------------------------------------

    async def product(self, sku: str = "SKU-1", **over: Any) -> None:
        facts: dict[str, Any] = {
            "sku": sku,
            "name": f"Lamp {sku[-1]}",
            "price_minor": 12_000,
            "cost_minor": 6_000,
            "currency": "EUR",
            "stock": 100,
        }
        await self.runs.put_products([ProductIn.model_validate(facts | over)])

    async def person(
        self,
        user: str = "ada",
        *,
        channels: Sequence[str] = ("email",),
        zone: str | None = "Etc/UTC",
        **traits: Any,
    ) -> str:
        """Somebody with an address and consent on these channels. Returns our id."""
        stated = {"email": f"{user}@example.com", "firstName": user.title(), **traits}
        if "sms" in channels:
            stated["phone"] = f"+4930{next(_SERIAL) + 1_000_000}"
        if zone is not None:
            stated["timezone"] = zone
        await self.say({"type": "identify", "userId": user, "traits": stated})
        for channel in channels:
            properties = {"channel": channel, "purpose": "marketing", "source": "form"}
            await self.track("Consent Granted", user=user, **properties)
        await self.runs.idle()
        return await self.runs.people.find(user)

    async def say(self, *messages: dict[str, Any]) -> list[str]:
        """Accept messages as Segment would send them. Returns the events' ids."""
        numbered = [{"messageId": f"m{next(_SERIAL)}", **message} for message in messages]
        accepted = await self.runs.accept("test", [Message.model_validate(m) for m in numbered])
        return [one.event_id for one in accepted]

    async def track(self, event: str, *, user: str = "ada", **properties: Any) -> str:
        message = {"type": "track", "event": event, "userId": user, "properties": properties}
        return (await self.say(message))[0]

    async def trigger(
        self,
        user: str = "ada",
        *,
        goal: str = "recover_cart",
        cart: dict[str, Any] | None = None,
        wait: float = 60,
    ) -> dict[str, Any] | None:
        """Ask for a goal; the decision once it has left `running`."""
        request = TriggerRequest.model_validate(
            {
                "goal": goal,
                "customer": {"userId": user},
                "context": {"cart": CART if cart is None else cart},
            }
        )
        return (await self.runs.trigger("test", request, wait=wait)).decision

    async def decide(self, user: str = "ada", **over: Any) -> dict[str, Any]:
        """`trigger` for a decision that must come."""
        decision = await self.trigger(user, **over)
        assert decision is not None
        return decision

    async def advance(self, **by: int) -> None:
        minutes = by.get("minutes", 0) + 60 * by.get("hours", 0) + 1_440 * by.get("days", 0)
        await self.runs.advance(by_us=minutes * MINUTE_US)

    async def answer(
        self, decision: str, *, by: str = "ann", role: str = "approver", **rest: Any
    ) -> dict[str, Any]:
        """Answer the newest open question."""
        [asked] = self.rows(approvals, status="pending")
        return await self.runs.approving.answer(
            asked["id"],
            Answer.model_validate({"decision": decision, **rest}),
            by=Principal(f"prn_{by}", by, role),
        )

    # -- out ---------------------------------------------------------------------------------------

    def rows(self, table: Table, **where: Any) -> list[dict[str, Any]]:
        """Rows of a table, by its first column's order."""
        query = select(table).order_by(*list(table.c)[:1])
        for name, value in where.items():
            query = query.where(table.c[name] == value)
        return [
            dict(row._mapping) for row in self.runs.db.read_now(lambda c: c.execute(query).all())
        ]

    def states(self) -> list[str]:
        """Where every event stands, in arrival order."""
        return [row["state"] for row in sorted(self.rows(events), key=lambda row: row["seq"])]

    def event(self, event_id: str) -> dict[str, Any]:
        return self.rows(events, id=event_id)[0]

    def statuses(self) -> list[str]:
        """Every decision's status, oldest first."""
        return [row["status"] for row in self.rows(decisions)]

    def contacts(self) -> list[dict[str, Any]]:
        """Every contact in the ledger, oldest first."""
        return self.rows(effects, kind="contact")

    async def decision(self, decision_id: str) -> dict[str, Any]:
        return await self.runs.decisions.get(decision_id)

    async def latest(self) -> dict[str, Any]:
        """The newest decision."""
        return await self.decision(self.rows(decisions)[-1]["id"])

    def entries(self, decision_id: str) -> list[journal.Entry]:
        db = self.runs.db
        return db.read_now(journal.entries_of, db.vault, decision_id)

    def letters(self) -> list[Delivered]:
        outbox = self.outbox
        return [outbox.open(effect_id) for effect_id in outbox.ids()]

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.runs.settings.data / "outbox", self.runs.db.vault)

    def everything_ended(self) -> None:
        """P7: no event is left without a terminal state, and no decision hangs."""
        assert not {row["status"] for row in self.rows(inbox)} & {"accepted", "dead"}
        assert not set(self.states()) & {"waiting", "taken"}, self.states()
        assert "running" not in self.statuses()
        assert not self.rows(effects, status="claimed")


@asynccontextmanager
async def deployment(
    folder: Path,
    *,
    parts: Parts | None = None,
    stocked: bool = True,
    **settings: Any,
) -> AsyncIterator[Deployment]:
    """A started deployment on a folder, stopped in the end."""
    usual: dict[str, Any] = {"clock": NOON, "settle": 0, "embedder": "hashing"}
    runs = open_runs(Settings(data=folder, **(usual | settings)), parts)
    assert runs.problems == []
    await runs.start()
    try:
        made = Deployment(runs)
        if stocked:
            await made.product()
        yield made
    finally:
        await runs.stop()


# -- planners --------------------------------------------------------------------------------------

Says = Callable[[Situation], Proposal]


class ScriptedPlanner:
    """Answers in order, whatever the situation; what it has no answer for it finishes."""

    kind = "scripted"
    model: str | None = None

    def __init__(self, *answers: Says) -> None:
        self._answers = list(answers)
        self.seen: list[Situation] = []

    async def propose(self, situation: Situation) -> Proposal:
        self.seen.append(situation)
        say = self._answers.pop(0) if self._answers else finish()
        return say(situation)


def does(tool: str, *, sure: int = 9_000, **args: Any) -> Says:
    """Propose one call."""
    overrides: dict[str, str] = args.pop("overrides", {})

    def say(s: Situation) -> Proposal:
        call = ProposedCall(f"call_{len(s.steps) + 1}", tool, args, "", sure, overrides)
        return Proposal(f"try {tool}", (call,))

    return say


def sends(
    channel: str = "email",
    *,
    message: str = "cart_reminder",
    hours: int = 48,
    offer: bool = False,
    sure: int = 9_000,
    overrides: dict[str, str] | None = None,
) -> Says:
    """Propose one message; with `offer` it carries the newest code of this decision."""

    def say(s: Situation) -> Proposal:
        args: dict[str, Any] = {
            "message": message,
            "slots": {},
            "offer_id": _newest_offer(s) if offer else None,
            "useful_until": instant(s.now_us + hours * HOUR_US).isoformat(),
        }
        call = ProposedCall(
            f"call_{len(s.steps) + 1}", f"send_{channel}", args, "", sure, overrides or {}
        )
        return Proposal(f"write by {channel}", (call,))

    return say


def finish(outcome: str = "declined") -> Says:
    """End the decision."""

    def say(s: Situation) -> Proposal:
        args = {"because": "there is no more to do", "outcome": outcome}
        return Proposal("end", (ProposedCall(f"call_{len(s.steps) + 1}", "finish", args),))

    return say


def _newest_offer(s: Situation) -> str:
    made = [
        step.result["offer_id"]
        for step in s.steps
        if step.tool == "create_offer" and step.result and "offer_id" in step.result
    ]
    return str(made[-1])


# -- files -----------------------------------------------------------------------------------------


def agent_file(
    name: str,
    goal: str,
    *,
    trigger: str = "Cart Abandoned",
    purpose: str = "marketing",
    messages: Sequence[str] = ("cart_reminder", "cart_reminder_offer", "cart_reminder_sms"),
    autonomy: str = "supervised",
    extra: str = "",
) -> str:
    """An agent of the test's own."""
    return f"""---
name: {name}
goals: [{goal}]
purpose: {purpose}
triggers: [{{event: {trigger}}}]
tools: [get_profile, get_inventory, get_margin, get_offer_history, create_offer, send_email,
  send_sms, escalate, check_back, finish, create_ticket]
messages: [{", ".join(messages)}]
autonomy: {autonomy}
expires_after: P7D
success_event: Order Completed
{extra}---
Do what the test says.
"""


def write(folder: Path, **texts: str) -> Path:
    """Files by stem: `write(folder, winback=agent_file(…))`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return folder


async def until(holds: Any) -> None:
    """Let the loop run until something holds; the test's own time limit ends it."""
    while not holds():
        await asyncio.sleep(0)
