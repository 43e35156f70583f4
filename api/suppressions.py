"""Suppression lists: many entries at once, and all that is in force."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.access import Operator, Service
from api.idempotency import OnceRoute
from api.params import Cursor, Limit

router = APIRouter(tags=["customers"], route_class=OnceRoute)
MOST = 1_000


class SuppressionList(BaseModel):
    """Entries: who (`user_id`, `email`, `phone`, `email_sha256`, `email_md5`, `phone_sha256`),
    `scope`, `purpose`, `channel`, `reason`, `until`. One that is none is refused by itself."""

    model_config = ConfigDict(extra="forbid")

    entries: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST)]


@router.post("/v1/suppressions")
async def add(runs: Service, principal: Operator, request: SuppressionList) -> dict[str, Any]:
    """Stop contact with many people at once; what became of each entry, in order."""
    await runs.caught_up()
    return {"results": await runs.suppressing.add(request.entries, by=principal.name)}


@router.get("/v1/suppressions")
async def listing(
    runs: Service, principal: Operator, cursor: Cursor = None, limit: Limit = 50
) -> dict[str, Any]:
    """What is in force, newest first; `erased_identifiers` are withheld too and never listed."""
    await runs.caught_up()
    page = await runs.suppressing.listing(after=cursor, limit=limit)
    return {**page.as_json(), "erased_identifiers": await runs.suppressing.erased()}
