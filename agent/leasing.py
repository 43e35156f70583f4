"""Leases as people take them: a customer in somebody's hands, and every agent silent meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import Connection

from agent.errors import Conflict, NotFound
from agent.people import People
from customers import leases
from customers.leases import Held, Lease
from prompts.durations import microseconds
from store import held
from store.clock import Clock
from store.database import Database
from store.ids import new_id
from store.principals import Principal
from tools.instants import DAY_US, instant

_LONGEST_US = 30 * DAY_US
#: Who may take a customer out of somebody else's hands, or let go of them for somebody else.
TAKES_OVER = "approver"


class TakeLease(BaseModel):
    """For how long, such as PT4H, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    for_: Annotated[str, Field(alias="for", max_length=30)]
    reason: Annotated[str, Field(min_length=1, max_length=500)]

    @field_validator("for_")
    @classmethod
    def _a_while(cls, duration: str) -> str:
        try:
            length_us = microseconds(duration)
        except ValueError:  # which would say back what was sent
            raise ValueError("a duration such as PT4H is meant") from None
        if length_us > _LONGEST_US:
            raise ValueError("nobody is held for longer than 30 days at a time")
        return duration


class Leasing:
    """The service. `wake` starts a customer's lane."""

    def __init__(
        self, db: Database, clock: Clock, people: People, *, wake: Callable[[str], None]
    ) -> None:
        self._db = db
        self._clock = clock
        self._people = people
        self._wake = wake

    async def take(self, reference: str, request: TakeLease, *, by: Principal) -> dict[str, Any]:
        """Take a customer, or prolong it. `Conflict` where somebody else holds them, unless the
        role lets one take over."""
        customer_id = await self._people.find(reference)
        now_us = self._clock.now_us()
        until = now_us + microseconds(request.for_)
        lease = Lease(new_id("lea"), customer_id, by.name, now_us, until)
        try:
            await self._db.write(
                leases.take,
                self._db.vault,
                lease,
                reason=request.reason,
                over=by.may(TAKES_OVER),
            )
        except Held as other:
            raise _theirs(other.lease) from None
        return {
            "id": lease.id,
            "customer_id": customer_id,
            "holder": lease.holder,
            "at": lease.at,
            "until": lease.until,
            "reason": request.reason,
        }

    async def end(self, reference: str, *, by: Principal) -> dict[str, Any]:
        """Let go; what was held goes on. Raises `NotFound` where nobody holds them, `Conflict` for
        somebody else's."""
        customer_id = await self._people.find(reference)
        try:
            ended = await self._db.write(
                _end,
                customer_id,
                by=by.name,
                over=by.may(TAKES_OVER),
                now_us=self._clock.now_us(),
            )
        except Held as other:
            raise _theirs(other.lease) from None
        if not ended:
            raise NotFound("nobody holds this customer")
        self._wake(customer_id)
        return {"customer_id": customer_id, "ended": ended}


def _end(conn: Connection, customer_id: str, *, by: str, over: bool, now_us: int) -> int:
    ended = leases.end(conn, customer_id, by=by, over=over, now_us=now_us)
    if ended:
        held.take_up(conn, now_us=now_us, customer_id=customer_id)
    return ended


def _theirs(lease: Lease) -> Conflict:
    until = instant(lease.until)
    return Conflict(
        f"{lease.holder} holds this customer until {until:%Y-%m-%d %H:%M} UTC; "
        f"the role {TAKES_OVER} may take over"
    )
