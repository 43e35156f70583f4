"""Policy packs: read, checked, published."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access import Approver, Service, Viewer
from api.idempotency import OnceRoute

router = APIRouter(tags=["policies"], prefix="/v1/policies", route_class=OnceRoute)


class PackText(BaseModel):
    """A pack as its author wrote it. `file` names it in problems."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=500_000)
    file: str = Field(default="policy.yaml", max_length=200)


class NewVersion(PackText):
    """A version that its author wants in force, and why."""

    reason: str = Field(default="", max_length=1_000)


@router.get("")
async def policies(runs: Service, principal: Viewer) -> dict[str, Any]:
    """Every pack in force, and what was wrong with files that were left out."""
    items = await runs.publishing.listing()
    problems = [*runs.problems, *runs.publishing.problems]
    return {"items": items, "next_cursor": None, "problems": problems}


class Compared(PackText):
    """A text, and what it is held against: another text, or the name of a pack in force."""

    against: str | None = Field(default=None, max_length=500_000)


@router.post("/check")
async def check_text(runs: Service, principal: Viewer, request: PackText) -> dict[str, Any]:
    """What is wrong with a text, and what is proved of it; nothing is changed."""
    return await runs.publishing.prove(request.text, file=request.file)


@router.post("/diff")
async def changes(runs: Service, principal: Viewer, request: Compared) -> dict[str, Any]:
    """What a text would answer otherwise, each change with an example; nothing is changed."""
    return await runs.publishing.compare(request.text, file=request.file, against=request.against)


@router.get("/{pack}")
async def policy(runs: Service, principal: Viewer, pack: str) -> dict[str, Any]:
    """One pack in force: its text, its rules with their reasons, its versions."""
    return await runs.publishing.get(pack)


@router.put("/{pack}")
async def publish(
    runs: Service, principal: Approver, pack: str, request: NewVersion, response: Response
) -> dict[str, Any]:
    """Make a version live for the next claim, or propose it (202); a broken one changes nothing."""
    told = await runs.publishing.put(
        pack, request.text, author=principal.name, reason=request.reason
    )
    response.status_code = 202 if told["status"] == "waiting" else 200
    return told
