"""Business time: what it is, and, where it is simulated, moving it on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator

from agent.errors import BadRequest
from agent.runs import Runs
from api.access import Operator, Service, Viewer
from api.idempotency import OnceRoute
from prompts.durations import microseconds
from tools.picture import instant

router = APIRouter(tags=["clock"], prefix="/v1/clock", route_class=OnceRoute)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_US = (datetime(3000, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


class Advance(BaseModel):
    """`advance` by a duration such as P1D, or `to` an instant with its zone."""

    model_config = ConfigDict(extra="forbid")

    advance: str | None = None
    to: AwareDatetime | None = None

    @model_validator(mode="after")
    def _one(self) -> Advance:
        if (self.advance is None) == (self.to is None):
            raise ValueError('give either {"advance": "P1D"} or {"to": "2026-03-04T08:00:00Z"}')
        return self


@router.get("")
async def clock(runs: Service, principal: Viewer) -> dict[str, Any]:
    """What time it is for decisions."""
    return _shown(runs)


@router.post("")
async def move(runs: Service, principal: Operator, request: Advance) -> dict[str, Any]:
    """Move simulated time on; answers when everything that fell due on the way is done."""
    by_us = _length(request.advance) if request.advance is not None else None
    to_us = (request.to - _EPOCH) // timedelta(microseconds=1) if request.to is not None else None
    if (to_us if to_us is not None else runs.clock.now_us() + (by_us or 0)) >= _LAST_US:
        raise BadRequest("simulated time ends with the year 2999")
    await runs.advance(by_us=by_us, to_us=to_us)
    return _shown(runs)


def _length(duration: str) -> int:
    try:
        return microseconds(duration)
    except ValueError:
        raise BadRequest(
            "advance is not a duration such as P1D, PT12H or PT30M "
            "(weeks, days, hours, minutes, seconds; no months, no years)"
        ) from None


def _shown(runs: Runs) -> dict[str, Any]:
    now_us = runs.clock.now_us()
    return {"now": instant(now_us).isoformat(), "now_us": now_us, "simulated": runs.clock.simulated}
