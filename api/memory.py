"""The memory index: how far it is, and writing it anew from the database."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.access import Admin, Service, Viewer
from api.idempotency import OnceRoute

router = APIRouter(tags=["memory"], prefix="/v1/memory", route_class=OnceRoute)


@router.get("")
async def memory(runs: Service, principal: Viewer) -> dict[str, Any]:
    """The embedder, how many memories have vectors of it, and how far a rebuild is."""
    return await runs.memory.status()


@router.post("/rebuild", status_code=202)
async def rebuild(runs: Service, principal: Admin) -> dict[str, Any]:
    """Begin to write all vectors anew, into a new folder; recall goes on meanwhile."""
    return await runs.memory.rebuild()
