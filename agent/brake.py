"""The brake: people stop contact, all of it or a part, see before what that would do, and let go.

In force for the next claim: whatever is claimed after `pull` has answered was allowed by it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import Connection, Row

from agent import braking
from agent.environment import Environment
from agent.errors import Conflict, Invalid, NotFound
from agent.paging import Page, checked_limit, page_of
from store import brakes
from store.brakes import Brake
from store.clock import Clock
from store.database import Database
from store.ids import new_id
from tools.picture import CHANNELS

_SCOPE = re.compile(r"(?:all|offers|(?:agent|goal|channel):[A-Za-z0-9_-]{1,64})", re.ASCII)
_PERSONAL = re.compile(r"@|(?:\d[ /.()-]?){7,}")
InFlight = Literal["hold", "drain", "cancel"]


class Pull(BaseModel):
    """Stop this. `in_flight`: what becomes of what is queued; `reason` is read by everybody."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scope: Annotated[str, Field(max_length=80)]
    in_flight: InFlight = "hold"
    reason: Annotated[str, Field(min_length=1, max_length=200)]

    @field_validator("scope")
    @classmethod
    def _known_word(cls, scope: str) -> str:
        if not _SCOPE.fullmatch(scope):
            raise ValueError(
                "a scope is all, offers, agent:NAME, goal:NAME, channel:email or channel:sms"
            )
        return scope

    @field_validator("reason")
    @classmethod
    def _about_nobody(cls, reason: str) -> str:
        if not reason.isprintable() or not reason.strip():
            raise ValueError("a reason is one line of text")
        if _PERSONAL.search(reason):
            raise ValueError(
                "a brake's reason is shown to everybody; leave addresses and numbers out of it"
            )
        return reason.strip()


class Braking:
    """The service. `wake` starts a customer's lane."""

    def __init__(
        self, db: Database, clock: Clock, env: Environment, *, wake: Callable[[str], None]
    ) -> None:
        self._db = db
        self._clock = clock
        self._env = env
        self._wake = wake

    async def pull(self, request: Pull, *, by: str) -> dict[str, Any]:
        """Pull. Raises `Invalid` for a name that is nobody's, `Conflict` where it is pulled."""
        self._check(request.scope)
        brake = Brake(
            id=new_id("brk"),
            scope=request.scope,
            in_flight=request.in_flight,
            by=by,
            reason=request.reason,
            at=self._clock.now_us(),
        )
        done = await self._db.write(braking.pull, self._db.vault, brake)
        self._ring(done.wake)
        return {
            **_plain(brake),
            "lifted_by": None,
            "lifted_at": None,
            "queued_contacts_cancelled": done.cancelled,
            "questions_withdrawn": done.withdrawn,
        }

    async def preview(self, *, scope: str, in_flight: InFlight) -> dict[str, Any]:
        """What pulling would do now. Changes nothing."""
        self._check(scope)
        return await self._db.read(
            braking.preview, self._db.vault, scope=scope, in_flight=in_flight
        )

    async def in_force(self) -> list[dict[str, Any]]:
        """The brakes that are pulled, oldest first."""
        return [_plain(brake) for brake in await self._db.read(brakes.in_force)]

    async def listing(self, *, after: str | None, limit: int) -> Page:
        """Every brake there was, newest first; `lifted_at` null: it is pulled."""
        checked_limit(limit)
        rows = await self._db.read(_listed, after=after, limit=limit + 1)
        return page_of(rows, limit=limit, key="id")

    async def lift(self, brake_id: str, *, by: str) -> dict[str, Any]:
        """Let go; what was held goes on. Raises `NotFound`, `Conflict` where it is lifted."""
        woken = await self._db.write(braking.lift, brake_id, by=by, now_us=self._clock.now_us())
        row = await self._db.read(brakes.get, brake_id)
        if row is None:
            raise NotFound(f"there is no brake {brake_id}")
        if woken is None:
            raise Conflict(f"this brake was lifted already by {row.lifted_by}")
        self._ring(woken)
        return _of_row(row)

    def _check(self, scope: str) -> None:
        word, _, name = scope.partition(":")
        agents = self._env.ground.agents
        known: dict[str, Iterable[str]] = {
            "agent": sorted({agent.name for agent in agents.values()}),
            "goal": sorted(agents),
            "channel": CHANNELS,
        }
        if word in known and name not in known[word]:
            raise Invalid(f"there is no {word} '{name}'; there are: {', '.join(known[word])}")

    def _ring(self, customer_ids: Iterable[str]) -> None:
        for customer_id in customer_ids:
            self._wake(customer_id)


def _plain(brake: Brake) -> dict[str, Any]:
    return {
        "id": brake.id,
        "scope": brake.scope,
        "what": braking.what(brake.scope),
        "in_flight": brake.in_flight,
        "by": brake.by,
        "reason": brake.reason,
        "at": brake.at,
    }


def _of_row(row: Row[Any]) -> dict[str, Any]:
    brake = Brake(row.id, row.scope, row.in_flight, row.by, row.reason, row.at)
    return {**_plain(brake), "lifted_by": row.lifted_by, "lifted_at": row.lifted_at}


def _listed(conn: Connection, *, after: str | None, limit: int) -> list[dict[str, Any]]:
    return [_of_row(row) for row in brakes.listing(conn, after=after, limit=limit)]
