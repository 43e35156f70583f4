"""Carrying out a confirmed card, through the same doors as everybody: the brake, the trigger.

Whatever a card says, the loop and its gate decide; a started goal is a trigger like any other. All
of it may be done again after a crash without being done twice: a trigger has its key, a brake is
pulled or lifted once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import Connection

from agent.brake import Braking, Pull
from agent.chat.carts import Target, context_of, identifier_of, still_meant
from agent.errors import UsherError
from agent.messages import CustomerReference, TriggerRequest
from store.cards import Card
from store.database import Database
from store.sealing import Erased, Vault

#: The source under which chat's triggers are deduplicated.
SOURCE = "chat"
Trigger = Callable[[str, TriggerRequest], Awaitable[object]]


async def carry_out(
    card: Card, *, by: str, db: Database, brake: Braking, trigger: Trigger
) -> dict[str, Any]:
    """Do what the card says; what came of it. Raises what the brake raises."""
    match card.kind:
        case "pull":
            return await brake.pull(Pull.model_validate(card.body), by=by)
        case "lift":
            return await brake.lift(card.body["brake_id"], by=by)
        case "start":
            return await _start(card, db, trigger)
        case _:
            raise ValueError(f"nobody knows cards of the kind {card.kind}")


async def _start(card: Card, db: Database, trigger: Trigger) -> dict[str, Any]:
    started, left_out = 0, []
    for asked in card.body["targets"]:
        target = Target(asked["customer_id"], asked["journey_id"])
        request = await db.read(_request, db.vault, card, target)
        try:
            if request is not None:
                await trigger(SOURCE, request)
                started += 1
                continue
            why = "erased, or what it was about has ended"
        except UsherError as refused:
            why = str(refused)
        left_out.append({"customer_id": target.customer_id, "because": why})
    return {"started": started, "left_out": left_out}


def _request(conn: Connection, vault: Vault, card: Card, target: Target) -> TriggerRequest | None:
    """The trigger for one person as things stand now; None where nobody is meant any more."""
    customer_id = still_meant(conn, target)
    if customer_id is None:
        return None
    try:
        who = identifier_of(conn, vault, customer_id)
        context = context_of(conn, vault, target)
    except Erased:
        return None
    if not who:
        return None
    return TriggerRequest(
        goal=card.body["goal"],
        customer=CustomerReference.model_validate(who),
        context=context,
        idempotencyKey=f"{card.id}:{target.customer_id}",
    )
