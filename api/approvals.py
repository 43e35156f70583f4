"""The approval queue: what is asked, and people's answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from agent.messages import Answer
from api.access import Operator, Service, Viewer
from api.idempotency import OnceRoute
from api.params import Cursor, Limit

router = APIRouter(tags=["approvals"], prefix="/v1/approvals", route_class=OnceRoute)
Status = Literal[
    "pending", "approved", "rejected", "edited", "responded", "lapsed", "superseded", "any"
]


@router.get("")
async def approvals(
    runs: Service,
    principal: Viewer,
    status: Annotated[Status, Query()] = "pending",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Questions in the order in which they were asked."""
    wanted = None if status == "any" else status
    page = await runs.approving.listing(status=wanted, after=cursor, limit=limit)
    return page.as_json()


@router.get("/{approval_id}")
async def approval(runs: Service, principal: Viewer, approval_id: str) -> dict[str, Any]:
    """One question."""
    return await runs.approving.get(approval_id)


@router.post("/{approval_id}")
async def answer(
    runs: Service, principal: Operator, approval_id: str, request: Answer
) -> dict[str, Any]:
    """Decide, once; 409 where somebody, or time, was first."""
    return await runs.approving.answer(approval_id, request, by=principal)
