"""A house to try planners in: a whole deployment in process, with simulated time and an outbox.

Everything goes through the real service. Nothing waits for real time; ticks never fall on one
instant with each other, so that what came first is always known.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Row, select

from agent.assembly import Parts, open_runs
from agent.messages import Answer, Message, ProductIn, Suppress, TriggerRequest
from agent.planning import Planner
from agent.runs import Runs
from agent.settings import Settings
from evals.final_store import read_record
from evals.record import Article, Record
from store.principals import Principal
from store.schema import approvals

GOAL = "recover_cart"
#: Every setting's default, said outright: what is set for a deployment of the user's own (its
#: database, its channels, its model) has no part in a trial.
_PLAIN = {
    name: field.get_default(call_default_factory=True)
    for name, field in Settings.model_fields.items()
}
SIGNER = Principal("prn_signer", "signer", "approver")
_BATCH = 250
_AGENT = "shopping.md"
SHIPPED_AGENT = Path(__file__).parents[1] / "prompts" / _AGENT


@dataclass(frozen=True, slots=True)
class Contestant:
    """Who plans in a house. `planner` None: what the settings ask for.

    `front`: what the agent's front matter says instead: another arm, another autonomy. `role`:
    `planner`, `baseline` (a campaign of today, to be measured against) or `bad`.
    """

    name: str
    planner: Planner | None = None
    front: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] | None = None
    role: Literal["planner", "baseline", "bad"] = "planner"


#: Everybody in the arm that runs the rule-based journey.
RULES_ARM = {"arms": "{rules: 10000}"}


class House:
    """One deployment, and what a world says to it."""

    def __init__(self, runs: Runs) -> None:
        self.runs = runs
        self._catalogue: list[Article] = []
        self._numbers = 0

    @property
    def now_us(self) -> int:
        """Where simulated time stands."""
        return self.runs.clock.now_us()

    async def stock(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Put catalogue rows, and remember since when they stand."""
        await self.runs.put_products([ProductIn.model_validate(row) for row in rows])
        for row in rows:
            self._catalogue.append(
                Article(
                    sku=row["sku"],
                    at=self.now_us,
                    price_minor=row.get("price_minor"),
                    cost_minor=row.get("cost_minor"),
                    tax_bp=row.get("tax_bp", 0),
                    stock=row.get("stock"),
                )
            )

    async def say(self, messages: Iterable[Mapping[str, Any]]) -> None:
        """Accept Segment messages."""
        checked = [Message.model_validate(dict(message)) for message in messages]
        for start in range(0, len(checked), _BATCH):
            await self.runs.accept("world", checked[start : start + _BATCH])

    async def event(self, user: str, name: str, properties: Mapping[str, Any]) -> None:
        """One event of now."""
        await self.say([self.message(user, name, properties)])

    def message(self, user: str, name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        """One event of now, as Segment would send it."""
        self._numbers += 1
        return {
            "type": "track",
            "userId": user,
            "event": name,
            "properties": dict(properties),
            "messageId": f"world-now-{self._numbers}",
        }

    async def trigger(self, user: str, context: Mapping[str, Any]) -> None:
        """Ask for the goal."""
        asked = {"goal": GOAL, "customer": {"userId": user}, "context": dict(context)}
        await self.runs.trigger("world", TriggerRequest.model_validate(asked))

    async def stop(self, user: str) -> None:
        """Somebody asked us to stop."""
        request = Suppress(scope="all", reason="asked on the phone")
        await self.runs.people.suppress(user, request, by="signer")

    async def answer(self, approval_id: str, decision: str) -> None:
        """Answer a question. Raises `Conflict` where it has been answered or has lapsed."""
        answer = Answer.model_validate({"decision": decision, "reason": "as the world says"})
        await self.runs.approving.answer(approval_id, answer, by=SIGNER)

    async def questions(self) -> list[dict[str, Any]]:
        """What waits for a person."""
        page = await self.runs.approving.listing(status="pending", after=None, limit=200)
        return list(page.items)

    async def questions_of(self, customer_id: str) -> list[str]:
        """Everything this person's decisions ever asked, oldest first."""
        return [str(row.id) for row in await self.runs.db.read(_asked, customer_id)]

    async def to(self, at_us: int) -> None:
        """Let time pass until then; done when all that fell due is done."""
        await self.runs.advance(to_us=at_us)

    async def rest(self) -> None:
        """Return once nothing is running."""
        await self.runs.idle()

    def record(self) -> Record:
        """What this house has come to."""
        return read_record(self.runs, self._catalogue)


@asynccontextmanager
async def open_house(
    folder: Path, contestant: Contestant, *, start: datetime, pack: str | None = None
) -> AsyncIterator[House]:
    """A started deployment on a fresh folder. `pack`: the text of another policy pack."""
    own: dict[str, Any] = {**_PLAIN, "planner": "offline", **(contestant.settings or {})}
    if contestant.front:
        own["prompts"] = _with_front(folder / "prompts", contestant.front)
    if pack is not None:
        own["policies"] = _written(folder / "policies", "commerce.yaml", pack)
    own |= {"data": folder / "data", "clock": start, "settle": 0, "embedder": "hashing"}
    settings = Settings(**own)
    runs = open_runs(settings, Parts(planner=contestant.planner))
    try:
        if runs.problems:
            raise ValueError("; ".join(runs.problems))
        await runs.start()
        yield House(runs)
    finally:
        await runs.stop()


def _with_front(folder: Path, front: Mapping[str, str]) -> Path:
    """The shipped agent with these keys of its front matter said otherwise."""
    lines = SHIPPED_AGENT.read_text(encoding="utf-8").splitlines()
    said = [line for line in lines if line.partition(":")[0] not in front]
    added = [f"{key}: {value}" for key, value in front.items()]
    return _written(folder, _AGENT, "\n".join([said[0], *added, *said[1:]]) + "\n")


def _written(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def _asked(conn: Connection, customer_id: str) -> Sequence[Row[Any]]:
    return conn.execute(
        select(approvals.c.id)
        .where(approvals.c.customer_id == customer_id)
        .order_by(approvals.c.requested_at, approvals.c.id)
    ).all()
