"""Principals and their keys: who may do what. A key is shown once."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from agent.errors import Conflict, NotFound
from api.access import Admin, Service
from api.route import Route
from store import principals
from store.ids import new_id

router = APIRouter(tags=["principals"], prefix="/v1/principals", route_class=Route)


class NewPrincipal(BaseModel):
    """Somebody, and what they may do."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,99}$")]
    role: Literal["ingest", "viewer", "operator", "approver", "admin"]


@router.get("")
async def everybody(runs: Service, principal: Admin) -> dict[str, Any]:
    """Everybody with a key, without the keys."""
    rows = await runs.db.read(_listed)
    return {"items": rows, "next_cursor": None}


@router.post("", status_code=201)
async def add(runs: Service, principal: Admin, request: NewPrincipal) -> dict[str, str]:
    """Make a principal; the answer holds the key, and nothing else ever will."""
    key = principals.fresh_key()
    made = await runs.db.write(
        principals.add,
        principal_id=new_id("prn"),
        name=request.name,
        role=request.role,
        key=key,
        at=runs.clock.now_us(),
    )
    if made is None:
        raise Conflict("there is, or was, a principal of this name; take another one")
    return {"id": made.id, "name": made.name, "role": made.role, "key": key}


@router.delete("/{name}")
async def disable(runs: Service, principal: Admin, name: str) -> dict[str, bool]:
    """Take a key out of use, at once."""
    if name == principal.name:
        raise Conflict("nobody disables their own key; let another admin do it")
    done = await runs.db.write(principals.disable, name, at=runs.clock.now_us())
    if not done:
        raise NotFound("there is no principal of this name with a key in use")
    return {"disabled": True}


def _listed(conn: Connection) -> list[dict[str, Any]]:
    kept = ("id", "name", "role", "created_at", "disabled_at")
    return [{k: row._mapping[k] for k in kept} for row in principals.listing(conn)]
