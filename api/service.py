"""What operators of the service ask: is it alive, is it ready, what does it count."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from agent.errors import NotReady
from api.access import Service, Viewer
from api.route import Route

router = APIRouter(tags=["service"], route_class=Route)


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(runs: Service) -> dict[str, str]:
    """The database answers and events are being worked off."""
    if not runs.ready:
        raise NotReady("starting, stopping, or no longer working off events")
    try:
        await runs.currency()
    except SQLAlchemyError:
        raise NotReady("the database does not answer") from None
    return {"status": "ready"}


@router.get("/metrics")
async def metrics(runs: Service, principal: Viewer) -> Response:
    """Counters in Prometheus' text format."""
    return Response(await runs.metrics(), media_type=CONTENT_TYPE_LATEST)


@router.get("/v1/service")
async def service(runs: Service, principal: Viewer) -> dict[str, Any]:
    """What is stuck and for how long, what was set aside, what a person must look at."""
    return {"ready": runs.ready, **await runs.condition.report()}


@router.get("/v1/failed-closed")
async def failed_closed(runs: Service, principal: Viewer) -> dict[str, Any]:
    """How often a missing, stale or malformed fact closed the gate, by day, fact and action."""
    return {"items": await runs.failed_closed(), "next_cursor": None}


@router.get("/v1/near-misses")
async def near_misses(runs: Service, principal: Viewer) -> dict[str, Any]:
    """How many effects came close to a hard limit or stood at it, by day, rule and action."""
    return {"items": await runs.counts.near_misses(500), "next_cursor": None}
