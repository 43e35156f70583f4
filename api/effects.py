"""Effects: what was done, each message as the person gets it, and what nobody knows the fate of."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from agent.settling import Settle
from agent.undoing import Undo
from api.access import Operator, Service, Viewer
from api.idempotency import OnceRoute
from api.params import Cursor, Limit

router = APIRouter(tags=["effects"], prefix="/v1/effects", route_class=OnceRoute)
Status = Literal[
    "claimed",
    "sent",
    "scheduled",
    "unknown",
    "failed",
    "preempted",
    "cancelled",
    "expired",
    "any",
]


@router.get("")
async def effects(
    runs: Service,
    principal: Viewer,
    status: Annotated[Status, Query()] = "any",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Effects, newest first; `status=unknown`: what waits for a person to look."""
    wanted = None if status == "any" else status
    return (await runs.effects.listing(status=wanted, after=cursor, limit=limit)).as_json()


@router.get("/{effect_id}")
async def effect(runs: Service, principal: Operator, effect_id: str) -> dict[str, Any]:
    """One effect: its state, and the message byte for byte."""
    return await runs.effects.get(effect_id)


@router.post("/{effect_id}/settle")
async def settle(
    runs: Service, principal: Operator, effect_id: str, request: Settle
) -> dict[str, Any]:
    """Say whether an unknown effect reached its person, once; 409 where it is settled."""
    return await runs.effects.settle(effect_id, request, by=principal.name)


@router.post("/{effect_id}/undo")
async def undo(runs: Service, principal: Operator, effect_id: str, request: Undo) -> dict[str, Any]:
    """Take an effect back, once; 409 says why one cannot be, or not any more."""
    return await runs.effects.undo(effect_id, request, by=principal.name)
