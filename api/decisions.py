"""Decisions: listed, whole, why, and decided again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from api.access import Service, Viewer
from api.params import Cursor, Limit
from api.route import Route

router = APIRouter(tags=["decisions"], prefix="/v1/decisions", route_class=Route)
Status = Literal[
    "running", "awaiting_approval", "scheduled", "completed", "no_action", "withheld", "failed"
]


class ReplayRequest(BaseModel):
    """`policy`: the text of another pack, for a what-if; without it the pack that was in force."""

    model_config = ConfigDict(extra="forbid")

    policy: str | None = Field(default=None, max_length=500_000)


@router.get("")
async def decisions(
    runs: Service,
    principal: Viewer,
    cursor: Cursor = None,
    limit: Limit = 50,
    customer: Annotated[str | None, Query(description="our id or any identifier")] = None,
    goal: Annotated[str | None, Query(max_length=64)] = None,
    status: Status | None = None,
) -> dict[str, Any]:
    """Decisions, newest first."""
    filters = {name: value for name, value in (("goal", goal), ("status", status)) if value}
    if customer is not None:
        await runs.caught_up()
        filters["customer_id"] = await runs.people.find(customer)
    page = await runs.decisions.listing(after=cursor, limit=limit, filters=filters)
    return page.as_json()


@router.get("/{decision_id}")
async def decision(runs: Service, principal: Viewer, decision_id: str) -> dict[str, Any]:
    """One decision, whole."""
    return await runs.decisions.get(decision_id)


@router.get("/{decision_id}/explain")
async def explain(runs: Service, principal: Viewer, decision_id: str) -> dict[str, Any]:
    """Why, why not, and the smallest change that would have changed it, in words."""
    return await runs.decisions.explain(decision_id)


@router.post("/{decision_id}/replay")
async def replay(
    runs: Service,
    principal: Viewer,
    decision_id: str,
    request: Annotated[ReplayRequest | None, Body()] = None,
) -> dict[str, Any]:
    """Every call decided again, without a model and without effects."""
    policy = None if request is None else request.policy
    return await runs.decisions.replay(decision_id, policy=policy)
