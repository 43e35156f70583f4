"""Changes of packs: who changed what, a second person's answer, an older version in force again."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access import Approver, Service, Viewer
from api.idempotency import OnceRoute

router = APIRouter(tags=["policies"], prefix="/v1/policies", route_class=OnceRoute)


class SecondOpinion(BaseModel):
    """Another person's answer to a proposed change."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["publish", "reject"]
    reason: str = Field(default="", max_length=1_000)


class Rollback(BaseModel):
    """The version that is to be in force again, and why."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1, lt=2**31)
    reason: str = Field(max_length=1_000)


@router.get("/{pack}/changes")
async def changes(runs: Service, principal: Viewer, pack: str) -> dict[str, Any]:
    """Every change of a pack, newest first; those that wait with their text and what differs."""
    return {"items": await runs.publishing.changes(pack), "next_cursor": None}


@router.post("/{pack}/changes/{change_id}")
async def decide(
    runs: Service, principal: Approver, pack: str, change_id: str, request: SecondOpinion
) -> dict[str, Any]:
    """Publish or reject what somebody else proposed, once; its author may only take it back."""
    return await runs.publishing.decide(
        pack, change_id, request.decision, by=principal.name, reason=request.reason
    )


@router.post("/{pack}/rollback")
async def rollback(
    runs: Service, principal: Approver, pack: str, request: Rollback, response: Response
) -> dict[str, Any]:
    """Bring an older version into force again, or propose that (202)."""
    told = await runs.publishing.rollback(
        pack, request.version, author=principal.name, reason=request.reason
    )
    response.status_code = 202 if told["status"] == "waiting" else 200
    return told
