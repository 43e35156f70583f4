"""Channels: which there are, and a test letter through one of them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from agent import channel_check
from api.access import Admin, Service
from api.idempotency import OnceRoute

router = APIRouter(tags=["channels"], prefix="/v1/channels", route_class=OnceRoute)


class Check(BaseModel):
    """Where the test letter goes: a mailbox of your own."""

    model_config = ConfigDict(extra="forbid")

    to: Annotated[str, Field(min_length=3, max_length=320)]


@router.get("")
async def channels(runs: Service, principal: Admin) -> dict[str, Any]:
    """Every channel that is set up, and what is in the way of sending live."""
    return channel_check.listing(runs.env, runs.settings)


@router.post("/{name}/check")
async def check(runs: Service, principal: Admin, name: str, request: Check) -> dict[str, Any]:
    """Send one test letter, and tell each step."""
    return await channel_check.check(runs.env, runs.settings, name, request.to, by=principal.name)
