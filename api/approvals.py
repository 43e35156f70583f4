"""The approval queue: what is asked, and people's answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from agent.messages import Answer, BatchAnswer
from api.access import Operator, Service, Viewer
from api.idempotency import OnceRoute
from api.params import Cursor, Limit
from store.approvals import Whose

router = APIRouter(tags=["approvals"], prefix="/v1/approvals", route_class=OnceRoute)
Status = Literal[
    "pending", "approved", "rejected", "edited", "responded", "lapsed", "superseded", "any"
]


@router.get("")
async def approvals(
    runs: Service,
    principal: Viewer,
    status: Annotated[Status, Query()] = "pending",
    assignee: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Questions in the order in which they were asked; `assignee`: `me`, `none` or a name."""
    wanted = None if status == "any" else status
    name = principal.name if assignee == "me" else assignee
    whose = Whose(nobodys=True) if assignee == "none" else Whose(name)
    page = await runs.approving.listing(status=wanted, whose=whose, after=cursor, limit=limit)
    return page.as_json()


@router.post("/batch")
async def answer_many(runs: Service, principal: Operator, request: BatchAnswer) -> dict[str, Any]:
    """Decide many questions that any operator may answer; what became of each."""
    return {"items": await runs.approving.answer_many(request, by=principal)}


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
