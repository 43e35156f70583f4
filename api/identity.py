"""Who is one person, and what they allow: merges and taking them apart; consent taken back.

`ref` is our id or any identifier of theirs.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from agent.consenting import Revoke
from agent.likely import DecideLink
from agent.releasing_identifiers import ReleaseIdentifier, release_identifier
from agent.unmerging import Unmerge
from api.access import Approver, Operator, Service, Viewer
from api.idempotency import OnceRoute

router = APIRouter(tags=["customers"], prefix="/v1/customers", route_class=OnceRoute)


@router.get("/{ref:path}/merges")
async def merges(runs: Service, principal: Viewer, ref: str) -> dict[str, Any]:
    """Why records are one: what showed it, what each brought, and what was undone."""
    await runs.caught_up()
    return {"items": await runs.unmerging.merges(ref), "next_cursor": None}


@router.post("/{ref:path}/unmerge")
async def unmerge(runs: Service, principal: Approver, ref: str, request: Unmerge) -> dict[str, Any]:
    """Take two records apart: each as it was and with what is its own since."""
    await runs.caught_up()
    return await runs.unmerging.unmerge(ref, request, by=principal.name)


@router.get("/{ref:path}/links")
async def links(runs: Service, principal: Viewer, ref: str) -> dict[str, Any]:
    """Who may be the same person: how likely, and how each field agrees; nothing it says."""
    await runs.caught_up()
    return {"items": await runs.likely.links(ref), "next_cursor": None}


@router.post("/{ref:path}/links")
async def decide(
    runs: Service, principal: Approver, ref: str, request: DecideLink
) -> dict[str, Any]:
    """Join a probable match, or say that these are two people."""
    await runs.caught_up()
    return await runs.likely.decide(ref, request, by=principal.name)


@router.post("/{ref:path}/release")
async def release(
    runs: Service, principal: Approver, ref: str, request: ReleaseIdentifier
) -> dict[str, Any]:
    """Take an identifier out of quarantine: it is this customer's, and is written to again."""
    await runs.caught_up()
    return await release_identifier(runs.db, runs.people, ref, request)


@router.post("/{ref:path}/revoke")
async def revoke(runs: Service, principal: Operator, ref: str, request: Revoke) -> dict[str, Any]:
    """Take consents back in this person's name; what is queued under them is cancelled."""
    await runs.caught_up()
    return await runs.consenting.revoke(ref, request, by=principal.name)
