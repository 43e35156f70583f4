"""`POST /v1/triggers`: start a goal for somebody, and wait for the decision if asked to."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from agent.messages import TriggerRequest
from api.access import Operator, Service
from api.idempotency import OnceRoute
from api.segment import source_of

router = APIRouter(tags=["triggers"], route_class=OnceRoute)
LONGEST_WAIT = 60


@router.post("/v1/triggers", status_code=202)
async def trigger(
    runs: Service,
    principal: Operator,
    request: TriggerRequest,
    response: Response,
    wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT)] = 0,
) -> dict[str, Any]:
    """202 with the event's id; with `wait` (seconds) 200 with the decision once it is there."""
    done = await runs.trigger(source_of(principal), request, wait=wait)
    if wait > 0 and done.decision is not None:
        response.status_code = 200
        return done.decision
    return {"event_id": done.event_id}
