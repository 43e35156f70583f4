"""Retention: how long each class of data is kept, what is due, and what went last."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.access import Service, Viewer
from api.route import Route

router = APIRouter(tags=["retention"], prefix="/v1/retention", route_class=Route)


@router.get("")
async def retention(runs: Service, principal: Viewer) -> dict[str, Any]:
    """Every class; `kept_for` null: for good. Instants in microseconds of business time."""
    return {"classes": await runs.retention.status()}
