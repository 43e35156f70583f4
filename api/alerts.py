"""Alerts: what people should look at now, and what they had to look at before."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from api.access import Service, Viewer
from api.idempotency import OnceRoute
from api.params import Cursor, Limit

router = APIRouter(tags=["alerts"], prefix="/v1/alerts", route_class=OnceRoute)


@router.get("")
async def alerts(
    runs: Service,
    principal: Viewer,
    state: Annotated[Literal["open", "all"], Query(description="all: closed ones too")] = "open",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Open alerts, or all there were, newest first."""
    found = await runs.alerting.listing(open_only=state == "open", limit=limit, cursor=cursor)
    return found
