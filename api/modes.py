"""How far agents go: what one would have done, and an approver's word on it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from agent.modes import SetMode
from api.access import Approver, Service, Viewer
from api.idempotency import OnceRoute

router = APIRouter(tags=["agents"], prefix="/v1/agents", route_class=OnceRoute)


@router.get("/{name}/mode")
async def mode(runs: Service, principal: Viewer, name: str) -> dict[str, Any]:
    """The mode, who set it, what is in the way of going live, and what it would have done."""
    return await runs.modes.get(name, by=principal)


@router.put("/{name}/mode")
async def set_mode(
    runs: Service, principal: Approver, name: str, request: SetMode
) -> dict[str, Any]:
    """Set the mode for decisions from now on; `live` needs the `seen` of your own last look."""
    return await runs.modes.put(name, request, by=principal)
