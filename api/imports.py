"""Where imports stand, and what waits in the inbox: for the command that imports a file."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from api.access import Operator, Service, Viewer
from api.idempotency import OnceRoute
from store import imports

router = APIRouter(tags=["imports"], route_class=OnceRoute)
Row = Annotated[int, Field(ge=0, lt=2**63)]
ImportId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,128}$")]


class Place(BaseModel):
    """How far an import has come. `rejects`: line and reason of rows that were set aside."""

    model_config = ConfigDict(extra="forbid")

    rows_done: Row
    rejects: list[tuple[Row, Annotated[str, Field(max_length=500)]]] = []
    finished: bool = False


@router.post("/v1/imports/{import_id}")
async def begin(runs: Service, principal: Operator, import_id: ImportId) -> dict[str, Any]:
    """Where this import stands; begun if it is new."""
    state = await runs.db.write(imports.begin, import_id, runs.clock.now_us())
    return {
        "rows_done": state.rows_done,
        "rows_bad": state.rows_bad,
        "finished_at": state.finished_at,
    }


@router.put("/v1/imports/{import_id}")
async def advance(
    runs: Service, principal: Operator, import_id: ImportId, place: Place
) -> dict[str, bool]:
    """Record how far it has come; never backwards."""
    await runs.db.write(imports.advance, import_id, place.rows_done, place.rejects)
    if place.finished:
        await runs.db.write(imports.finish, import_id, runs.clock.now_us())
    return {"ok": True}


@router.get("/v1/inbox")
async def inbox(runs: Service, principal: Viewer) -> dict[str, Any]:
    """How much is accepted and not yet resolved, and what was set aside as dead letters."""
    return await runs.inbox()
