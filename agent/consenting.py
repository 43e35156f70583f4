"""Consent as people here handle it: shown with its evidence, taken back on somebody's word.

A refusal acts in its own transaction on everything queued, as one that comes as an event does.
Nobody grants here: a grant comes from the person, with where and how they gave it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from agent.people import People
from customers import consent, outward
from customers.stopping import stop_queued
from store.clock import Clock
from store.database import Database
from store.ids import new_id
from store.sealing import Vault


class Revoke(BaseModel):
    """Take a consent back in somebody's name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: Literal["email", "sms", "all"]
    purpose: Literal["marketing", "service", "all"] = "marketing"
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class Consenting:
    """The service. `wake` starts a lane, so that what was stopped is journalled."""

    def __init__(
        self, db: Database, clock: Clock, people: People, *, wake: Callable[[str], None]
    ) -> None:
        self._db = db
        self._clock = clock
        self._people = people
        self._wake = wake

    async def revoke(self, reference: str, request: Revoke, *, by: str) -> dict[str, Any]:
        """Take consents back; what they are now, and how many queued messages died with them."""
        customer_id = await self._people.find(reference)
        done = await self._db.write(
            _revoke,
            self._db.vault,
            customer_id,
            request=request,
            by=by,
            word_id=new_id("wrd"),
            now_us=self._clock.now_us(),
        )
        self._wake(customer_id)
        return done


def _revoke(
    conn: Connection,
    vault: Vault,
    customer_id: str,
    *,
    request: Revoke,
    by: str,
    word_id: str,
    now_us: int,
) -> dict[str, Any]:
    cancelled = 0
    said = {"channel": request.channel, "purpose": request.purpose}
    evidence = {"source": f"recorded by {by}", "evidence": request.reason}
    taken: list[tuple[str, str]] = []
    for each in consent.statements("Consent Revoked", said):
        recorded = consent.record(
            conn,
            vault,
            customer_id=customer_id,
            channel=each.channel,
            purpose=each.purpose,
            state=each.state,
            at=now_us,
            evidence=evidence,
        )
        taken += [(each.purpose, each.channel)] if recorded else []
        cancelled += stop_queued(
            conn,
            customer_id,
            channel=each.channel,
            purpose=each.purpose,
            reason="consent was taken back",
            now_us=now_us,
        )
    outward.revoked(
        conn,
        vault,
        customer_id=customer_id,
        source_id=word_id,
        taken=taken,
        now_us=now_us,
    )
    states = consent.states(consent.of_customer(conn, customer_id), now_us)
    return {
        "customer_id": customer_id,
        "consents": [
            {"channel": channel, "purpose": purpose, "state": state}
            for (channel, purpose), state in sorted(states.items())
        ],
        "queued_contacts_cancelled": cancelled,
    }
