"""Connected systems: how each stands, what is dead, and telling it again."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter

from api.access import Operator, Service, Viewer
from api.params import Limit
from api.route import Route

router = APIRouter(tags=["systems"], route_class=Route)


@router.get("/v1/systems")
async def systems(runs: Service, principal: Viewer) -> dict[str, Any]:
    """Every connected system: its state, how far behind it is, when it last acknowledged."""
    return {"items": await runs.connected.systems(), "next_cursor": None}


@router.get("/v1/deliveries")
async def deliveries(
    runs: Service,
    principal: Viewer,
    state: Literal["waiting", "dead", "done", "void"] | None = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """What is told to systems and subscribers, newest first, without what it holds."""
    items = await runs.connected.deliveries(state=state, limit=limit)
    return {"items": items, "next_cursor": None}


@router.post("/v1/deliveries/{delivery_id}/again")
async def again(runs: Service, principal: Operator, delivery_id: str) -> dict[str, bool]:
    """Tell a dead one again, at once."""
    await runs.connected.again(delivery_id)
    return {"waiting": True}
