"""Business time: what it is, and, where it is simulated, moving it on."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator

from agent.errors import BadRequest
from agent.runs import Runs
from api.access import Operator, Service, Viewer
from prompts.durations import microseconds
from tools.picture import instant

router = APIRouter(tags=["clock"], prefix="/v1/clock")


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
    if request.to is not None:
        await runs.advance(to_us=int(request.to.timestamp() * 1_000_000))
        return _shown(runs)
    try:
        by_us = microseconds(request.advance or "")
    except ValueError as error:
        raise BadRequest(str(error)) from None
    await runs.advance(by_us=by_us)
    return _shown(runs)


def _shown(runs: Runs) -> dict[str, Any]:
    now_us = runs.clock.now_us()
    return {"now": instant(now_us).isoformat(), "now_us": now_us, "simulated": runs.clock.simulated}
