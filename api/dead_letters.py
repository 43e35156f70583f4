"""Dead letters: what was set aside, explained; tried again, or ended for good."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path

from agent.dead_letters import Discard
from api.access import Operator, Service, Viewer
from api.idempotency import OnceRoute
from api.params import Cursor, Limit

router = APIRouter(tags=["dead letters"], prefix="/v1/dead-letters", route_class=OnceRoute)
LetterId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,100}$")]


@router.get("")
async def dead_letters(
    runs: Service, principal: Viewer, cursor: Cursor = None, limit: Limit = 50
) -> dict[str, Any]:
    """What was set aside, newest first: what it was, whose, what went wrong, what to do."""
    return (await runs.dead_letters.listing(after=cursor, limit=limit)).as_json()


@router.post("/{letter_id}/replay")
async def replay(runs: Service, principal: Operator, letter_id: LetterId) -> dict[str, Any]:
    """Take one up again, once its cause is mended."""
    return await runs.dead_letters.replay(letter_id, by=principal.name)


@router.post("/{letter_id}/discard")
async def discard(
    runs: Service, principal: Operator, letter_id: LetterId, request: Discard
) -> dict[str, Any]:
    """End one for good, with the reason; it is never acted on."""
    return await runs.dead_letters.discard(letter_id, request, by=principal.name)
