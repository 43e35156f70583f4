"""People as operators meet them: looked up, looked at, suppressed, forgotten.

A reference is our id or any identifier of theirs. Somebody unknown is suppressed by the identifier,
and a profile that appears under it later inherits that.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, func, select, update

from agent import looking, told
from agent.errors import BadRequest, Conflict, Gone, NotFound
from agent.forgetting import Forgetting
from agent.messages import Suppress
from agent.paging import Page, checked_limit, page_of
from agent.timeline import timeline
from customers import consent, identity_notes, leases, profile, suppression
from customers.erasure import LegalHold
from customers.identifiers import Identifier
from customers.resolve import find, possible, was_erased
from customers.stopping import stop_queued
from store.clock import Clock
from store.database import Database
from store.ids import new_id
from store.schema import customers, identifiers, journeys, memories, offers
from store.sealing import Vault
from tools.instants import microseconds


class People:
    """Service over customers. `wake` starts a lane, so that what was stopped is journalled."""

    def __init__(
        self, db: Database, clock: Clock, forgetting: Forgetting, *, wake: Callable[[str], None]
    ) -> None:
        self._db = db
        self._clock = clock
        self._forgetting = forgetting
        self._wake = wake

    async def find(self, reference: str) -> str:
        """Our id. Raises `Gone` for somebody erased, `NotFound` for somebody unknown."""
        customer_id, erased = await self._db.read(_find, self._db.vault, reference)
        if erased:
            raise Gone("this person was erased")
        if customer_id is None:
            raise NotFound("nobody is known by this reference")
        return customer_id

    async def get(self, reference: str) -> dict[str, Any]:
        """One person: profile, identifiers, consents, suppressions, lease, journeys."""
        customer_id = await self.find(reference)
        return await self._db.read(_view, self._db.vault, customer_id, self._clock.now_us())

    async def look(self, customer_id: str) -> dict[str, Any]:
        """What operators see beside the profile (`agent.looking`); the id is ours."""
        return await self._db.read(looking.look, self._db.vault, customer_id, self._clock.now_us())

    async def newest(self, *, limit: int) -> list[dict[str, Any]]:
        """Who was heard of for the first time last."""
        checked_limit(limit)
        return await self._db.read(looking.newest, limit=limit)

    async def receipt(self, customer_id: str) -> dict[str, Any] | None:
        """What was done to forget this person; None where nobody of this id was erased.

        `systems`: who has been told of it, and who has not acknowledged, as it stands now.
        """
        said = await self._db.read(looking.receipt, customer_id)
        if said is None:
            return None
        return {**json.loads(said), "systems": await self._db.read(told.of_erasure, customer_id)}

    async def timeline(self, reference: str, *, after: str | None, limit: int) -> Page:
        """What happened to and for this person, newest first."""
        customer_id = await self.find(reference)
        checked_limit(limit)
        rows = await self._db.read(
            timeline, self._db.vault, customer_id, after=after, limit=limit + 1
        )
        return page_of(rows, limit=limit, key="cursor")

    async def suppress(self, reference: str, request: Suppress, *, by: str) -> dict[str, Any]:
        """Stop contact at once, and cancel what is queued and not handed over."""
        done = await self._db.write(
            _suppress,
            self._db.vault,
            reference,
            request=request,
            by=by,
            suppression_id=new_id("sup"),
            now_us=self._clock.now_us(),
        )
        if done["customer_id"] is not None:
            self._wake(done["customer_id"])
        return done

    async def lift(self, reference: str, *, scope: str, channel: str | None) -> dict[str, Any]:
        """Lift suppressions of a scope: a person's decision, never an agent's.

        Also what was left under an identifier of nobody we know yet.
        """
        return await self._db.write(
            _lift,
            self._db.vault,
            reference,
            scope=scope,
            channel=channel,
            now_us=self._clock.now_us(),
        )

    async def erase(self, reference: str, *, by: str) -> dict[str, Any]:
        """Forget this person; the receipt. A legal hold refuses and suppresses instead."""
        customer_id = await self.find(reference)
        try:
            return await self._forgetting.erase(customer_id, by=by)
        except LegalHold as hold:
            stop = Suppress(scope="all", reason="legal hold")
            await self.suppress(customer_id, stop, by=by)
            raise Conflict(str(hold)) from hold

    async def hold(self, reference: str, *, on: bool) -> None:
        """Put a legal hold on a person's data, or take it off."""
        customer_id = await self.find(reference)
        await self._db.write(_set_hold, customer_id, int(on))


def _find(conn: Connection, vault: Vault, reference: str) -> tuple[str | None, bool]:
    customer_id = find(conn, vault, reference)
    if customer_id is not None:
        erased = conn.execute(
            select(customers.c.erased_at).where(customers.c.id == customer_id)
        ).scalar()
        return customer_id, erased is not None
    return None, was_erased(conn, vault, reference)


def _view(conn: Connection, vault: Vault, customer_id: str, now_us: int) -> dict[str, Any]:
    person = profile.load(conn, vault, customer_id)
    row = conn.execute(select(customers).where(customers.c.id == customer_id)).one()
    reached = profile.addresses_of(conn, vault, customer_id)
    known = conn.execute(
        select(identifiers)
        .where(identifiers.c.customer_id == customer_id)
        .order_by(identifiers.c.kind, identifiers.c.first_seen_at)
    ).all()
    agreed = consent.states(consent.of_customer(conn, customer_id), now_us)
    return {
        "id": customer_id,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "legal_hold": bool(row.legal_hold),
        "lease": leases.shown(conn, vault, customer_id, now_us),
        "identifiers": [
            {
                "kind": i.kind,
                "value": vault.open("identifiers.value", i.value_sealed).decode(),
                "first_seen_at": i.first_seen_at,
                "quarantined_at": i.quarantined_at,
            }
            for i in known
        ],
        "not_taken": [
            {
                "kind": n.kind,
                "why": identity_notes.WORDS[n.code],
                "times": n.n,
                "last_at": n.last_at,
            }
            for n in identity_notes.of_customer(conn, customer_id)
        ],
        "traits": {name: trait.value for name, trait in sorted(person.traits.items())},
        "traits_dropped": person.dropped,
        "malformed": dict(person.malformed),
        "segment": person.segment,
        "orders": person.orders,
        "revenue_minor": person.revenue_minor,
        "first_order_at": person.first_order_at,
        "last_order_at": person.last_order_at,
        "discounts_taken": person.discounts_taken,
        "zones": list(profile.candidate_zones(person, reached.get("sms"))),
        "consents": [
            {"channel": channel, "purpose": purpose, "state": state}
            for (channel, purpose), state in sorted(agreed.items())
        ],
        "suppressions": [
            {
                "id": s.id,
                "scope": s.scope,
                "purpose": s.purpose,
                "channel": s.channel,
                "by": s.by,
                "at": s.at,
                "until": s.until,
            }
            for s in suppression.in_force(conn, customer_id, now_us)
        ],
        "journeys": [
            {
                "id": j.id,
                "goal": j.goal,
                "agent": j.agent,
                "arm": j.arm,
                "status": j.status,
                "reason": j.reason,
                "opened_at": j.opened_at,
                "expires_at": j.expires_at,
            }
            for j in conn.execute(
                select(journeys)
                .where(journeys.c.customer_id == customer_id)
                .order_by(journeys.c.id.desc())
                .limit(50)
            )
        ],
        "offers": [
            {
                "id": o.id,
                "code": vault.open("offers.code", o.code_sealed).decode(),
                "discount_bp": o.discount_bp,
                "cost_minor": o.cost_minor,
                "currency": o.currency,
                "status": o.status,
                "expires_at": o.expires_at,
                "redeemed_at": o.redeemed_at,
            }
            for o in conn.execute(
                select(offers)
                .where(offers.c.customer_id == customer_id)
                .order_by(offers.c.id.desc())
                .limit(50)
            )
        ],
        "memories": conn.execute(
            select(func.count()).select_from(memories).where(memories.c.customer_id == customer_id)
        ).scalar_one(),
    }


def _suppress(
    conn: Connection,
    vault: Vault,
    reference: str,
    *,
    request: Suppress,
    by: str,
    suppression_id: str,
    now_us: int,
) -> dict[str, Any]:
    customer_id, erased = _find(conn, vault, reference)
    if erased and customer_id is not None:
        raise Gone("this person was erased")
    named: list[Identifier | None] = [None]
    if customer_id is None:
        named = list(possible(reference))
        if not named:
            raise NotFound("this is no identifier that could be suppressed")
    until = None if request.until is None else microseconds(request.until)
    if until is not None and until <= now_us:
        raise BadRequest("until lies in the past; leave it out for good")
    for k, identifier in enumerate(named):
        suppression.suppress(
            conn,
            vault,
            suppression_id=suppression_id if k == 0 else f"{suppression_id}{k}",
            customer_id=customer_id,
            identifier_hash=None if identifier is None else identifier.hashed(vault),
            named=() if identifier is None else (identifier,),
            scope=request.scope,
            channel=request.channel,
            by=by,
            reason=request.reason,
            until=until,
            now_us=now_us,
        )
    stopped = 0
    if customer_id is not None:
        stopped = stop_queued(
            conn,
            customer_id,
            channel=request.channel,
            purpose=suppression.MARKETING if request.scope == "purpose" else None,
            reason=f"stopped by {by}",
            now_us=now_us,
        )
    return {
        "id": suppression_id,
        "customer_id": customer_id,
        "scope": request.scope,
        "channel": request.channel,
        "until": until,
        "known": customer_id is not None,
        "queued_contacts_cancelled": stopped,
    }


def _lift(
    conn: Connection,
    vault: Vault,
    reference: str,
    *,
    scope: str,
    channel: str | None,
    now_us: int,
) -> dict[str, Any]:
    customer_id, erased = _find(conn, vault, reference)
    if customer_id is None:
        hashes = [h for identifier in possible(reference) for h in identifier.hashes(vault)]
        lifted, known = suppression.lift_unowned(
            conn, hashes, scope=scope, channel=channel, now_us=now_us
        )
        if known:
            return {"customer_id": None, "lifted": lifted}
    if erased:
        raise Gone("this person was erased")
    if customer_id is None:
        raise NotFound("nobody is known by this reference")
    lifted = suppression.lift(conn, customer_id, scope=scope, channel=channel, now_us=now_us)
    return {"customer_id": customer_id, "lifted": lifted}


def _set_hold(conn: Connection, customer_id: str, on: int) -> None:
    conn.execute(update(customers).where(customers.c.id == customer_id).values(legal_hold=on))
