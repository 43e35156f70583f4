"""The brake: pulled by an operator, lifted by an approver, shown before what it would do."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from agent.brake import InFlight, Pull
from agent.errors import BadRequest
from api.access import Approver, Operator, Service, Viewer
from api.idempotency import OnceRoute
from api.params import Cursor, Limit

router = APIRouter(tags=["brake"], prefix="/v1/brake", route_class=OnceRoute)


@router.get("")
async def brakes(
    runs: Service,
    principal: Viewer,
    preview: Annotated[str | None, Query(max_length=80, description="a scope")] = None,
    in_flight: InFlight = "hold",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Brakes, newest first; with `preview=SCOPE` what pulling would do now."""
    if preview is not None:
        return await runs.brake.preview(scope=_scope(preview), in_flight=in_flight)
    return (await runs.brake.listing(after=cursor, limit=limit)).as_json()


@router.post("", status_code=201)
async def pull(
    runs: Service,
    principal: Operator,
    request: Pull,
    response: Response,
    preview: Annotated[bool, Query(description="only say what it would do")] = False,
) -> dict[str, Any]:
    """Pull the brake; in force for the next claim. With `preview=1` nothing is done."""
    if preview:
        response.status_code = 200
        return await runs.brake.preview(scope=request.scope, in_flight=request.in_flight)
    return await runs.brake.pull(request, by=principal.name)


@router.delete("/{brake_id}")
async def lift(runs: Service, principal: Approver, brake_id: str) -> dict[str, Any]:
    """Lift a brake: what it held goes on, decided again."""
    return await runs.brake.lift(brake_id, by=principal.name)


def _scope(text: str) -> str:
    try:
        return Pull.model_validate({"scope": text, "reason": "preview"}).scope
    except ValueError:
        raise BadRequest(
            "preview takes a scope: all, offers, agent:NAME, goal:NAME, channel:email, channel:sms"
        ) from None
