"""Who may be the same person, for people to decide: joined by their hand, or said to be two.

What is shown of the other record is how each field agrees, and what the two have in common with
other records: none of what it says, which a link does not unlock (DESIGN P11).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from agent.errors import Conflict, NotFound
from agent.merges_shown import links_of
from agent.people import People
from customers import linking, merge_log
from customers.merge import merge
from customers.merge_log import Because
from store.clock import Clock
from store.database import Database
from store.schema import customers, identifiers
from store.sealing import Vault


class DecideLink(BaseModel):
    """What a probable match is: one person (`join`), or two (`dismiss`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    other_id: Annotated[str, Field(max_length=60)]
    decision: Literal["join", "dismiss"]
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class Likely:
    """The service. `wake` starts a customer's lane."""

    def __init__(
        self, db: Database, clock: Clock, people: People, *, wake: Callable[[str], None]
    ) -> None:
        self._db = db
        self._clock = clock
        self._people = people
        self._wake = wake

    async def links(self, reference: str) -> list[dict[str, Any]]:
        """Who may be the same as this person, the likeliest first."""
        customer_id = await self._people.find(reference)
        return await self._db.read(links_of, customer_id)

    async def decide(self, reference: str, request: DecideLink, *, by: str) -> dict[str, Any]:
        """Join the two, or say that they are two. Raises `NotFound`, and `Conflict` where both have
        a user id: those are two people."""
        customer_id = await self._people.find(reference)
        survivor = await self._db.write(
            _decide,
            self._db.vault,
            customer_id,
            request=request,
            by=by,
            now_us=self._clock.now_us(),
        )
        self._wake(survivor)
        return {"customer_id": survivor, "decision": request.decision}


def _decide(
    conn: Connection,
    vault: Vault,
    customer_id: str,
    *,
    request: DecideLink,
    by: str,
    now_us: int,
) -> str:
    other = request.other_id
    state = "joined" if request.decision == "join" else "dismissed"
    if not linking.decide(conn, customer_id, other, state=state, by=by, now_us=now_us):
        raise NotFound("there is no open link between these two")
    if request.decision == "dismiss":
        merge_log.separate(conn, customer_id, other, by=by, now_us=now_us)
        return customer_id
    both = [customer_id, other]
    gone = conn.execute(
        select(customers.c.id).where(
            customers.c.id.in_(both),
            customers.c.erased_at.is_not(None) | customers.c.merged_into.is_not(None),
        )
    ).first()
    if gone is not None:
        raise NotFound("one of these records has gone since")
    users = conn.execute(
        select(identifiers.c.customer_id)
        .where(identifiers.c.customer_id.in_(both), identifiers.c.kind == "user_id")
        .distinct()
    ).all()
    if len(users) > 1:
        raise Conflict("both have a user id, so these are two people; only an alias joins them")
    older, younger = sorted(both)
    because = Because("person", by=by, evidence={"reason": request.reason})
    merge(conn, vault, into=older, absorbed=younger, now_us=now_us, because=because)
    linking.refresh(conn, vault, older, now_us=now_us)
    return older
