"""Past decisions under a draft pack: asked over HTTP, and nothing is kept of question or answer."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from agent.shadowing import DEFAULT_LIMIT, DEFAULT_SINCE, MOST
from api.access import Service, Viewer
from api.policies import PackText
from api.route import Route

router = APIRouter(tags=["policies"], prefix="/v1/policies", route_class=Route)


class ShadowRequest(PackText):
    """A draft. `since`: a length of time such as `7d` or `P7D`, or an instant. `limit`: how many
    decisions are looked at, the newest. `cursor`: where the list of people goes on."""

    since: str = Field(default=DEFAULT_SINCE, max_length=60)
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MOST)
    cursor: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_]{1,100}$")


@router.post("/shadow")
async def shadow(runs: Service, principal: Viewer, request: ShadowRequest) -> dict[str, Any]:
    """Past decisions decided again under a draft: who, how much money, which rules; no effects."""
    return await runs.shadowing.look(
        request.text,
        file=request.file,
        since=request.since,
        limit=request.limit,
        cursor=request.cursor,
    )
