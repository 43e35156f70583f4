"""Effects: what was done, and each message as the person gets it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.access import Operator, Service
from api.route import Route

router = APIRouter(tags=["effects"], prefix="/v1/effects", route_class=Route)


@router.get("/{effect_id}")
async def effect(runs: Service, principal: Operator, effect_id: str) -> dict[str, Any]:
    """One effect: its state, and the message byte for byte."""
    return await runs.effects.get(effect_id)
