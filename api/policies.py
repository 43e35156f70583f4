"""Policy packs: read, checked, published."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from agent.pack_proofs import check_and_prove
from api.access import Approver, Service, Viewer
from api.idempotency import OnceRoute

router = APIRouter(tags=["policies"], prefix="/v1/policies", route_class=OnceRoute)


class PackText(BaseModel):
    """A pack as its author wrote it. `file` names it in problems."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=500_000)
    file: str = Field(default="policy.yaml", max_length=200)


@router.get("")
async def policies(runs: Service, principal: Viewer) -> dict[str, Any]:
    """Every pack in force, and what was wrong with files that were left out."""
    items = await runs.publishing.listing()
    return {"items": items, "next_cursor": None, "problems": runs.problems}


class Compared(PackText):
    """A text, and what it is held against: another text, or the name of a pack in force."""

    against: str | None = Field(default=None, max_length=500_000)


@router.post("/check")
def check_text(principal: Viewer, request: PackText) -> dict[str, Any]:
    """What is wrong with a text, and what is proved of it; nothing is changed."""
    return check_and_prove(request.text, file=request.file)


@router.post("/diff")
async def changes(runs: Service, principal: Viewer, request: Compared) -> dict[str, Any]:
    """What a text would answer otherwise, each change with an example; nothing is changed."""
    return await runs.publishing.changes(request.text, file=request.file, against=request.against)


@router.get("/{pack}")
async def policy(runs: Service, principal: Viewer, pack: str) -> dict[str, Any]:
    """One pack in force: its text, its rules with their reasons, its versions."""
    return await runs.publishing.get(pack)


@router.put("/{pack}")
async def publish(
    runs: Service, principal: Approver, pack: str, request: PackText
) -> dict[str, Any]:
    """Write a version and make it live for the next claim; a broken text changes nothing."""
    return await runs.publishing.put(pack, request.text, author=principal.name)
