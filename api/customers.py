"""Customers: looked at, suppressed, forgotten. `ref` is our id or any identifier of theirs.

A `ref` may hold slashes, plain or as %2F: the routes with a word behind it come first.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from agent.leasing import TakeLease
from agent.messages import Suppress
from api.access import Admin, Operator, Service, Viewer
from api.idempotency import OnceRoute
from api.params import Cursor, Limit

router = APIRouter(tags=["customers"], prefix="/v1/customers", route_class=OnceRoute)


@router.get("/{ref:path}/timeline")
async def timeline(
    runs: Service, principal: Viewer, ref: str, cursor: Cursor = None, limit: Limit = 50
) -> dict[str, Any]:
    """What happened to and for this person, newest first."""
    await runs.caught_up()
    page = await runs.people.timeline(ref, after=cursor, limit=limit)
    return page.as_json()


@router.get("/{ref:path}/contacts")
async def contacts(runs: Service, principal: Viewer, ref: str) -> dict[str, Any]:
    """What was sent to this person, what was not and why, what comes next and when."""
    await runs.caught_up()
    seen = await runs.people.look(await runs.people.find(ref))
    return {name: seen[name] for name in ("sent", "not_sent", "next")}


@router.get("/{ref:path}/systems")
async def told_to_systems(runs: Service, principal: Viewer, ref: str) -> dict[str, Any]:
    """What connected systems were told of somebody, and who has not acknowledged it yet.

    Of somebody erased too, by our own id.
    """
    await runs.caught_up()
    return {"items": await runs.connected.told_of(ref), "next_cursor": None}


@router.post("/{ref:path}/suppress", status_code=201)
async def suppress(
    runs: Service, principal: Operator, ref: str, request: Suppress
) -> dict[str, Any]:
    """Stop contact at once: `all`, one `purpose` (marketing), or one `address`."""
    await runs.caught_up()
    return await runs.people.suppress(ref, request, by=principal.name)


@router.delete("/{ref:path}/suppress")
async def lift(
    runs: Service,
    principal: Operator,
    ref: str,
    scope: Annotated[Literal["all", "purpose", "address"], Query()],
    channel: Annotated[Literal["email", "sms"] | None, Query()] = None,
) -> dict[str, Any]:
    """Lift what was suppressed in this scope."""
    await runs.caught_up()
    return await runs.people.lift(ref, scope=scope, channel=channel)


@router.post("/{ref:path}/lease", status_code=201)
async def lease(runs: Service, principal: Operator, ref: str, request: TakeLease) -> dict[str, Any]:
    """Take this customer into your hands: every agent is silent until then, or until you let go."""
    await runs.caught_up()
    return await runs.leasing.take(ref, request, by=principal)


@router.delete("/{ref:path}/lease")
async def end_lease(runs: Service, principal: Operator, ref: str) -> dict[str, Any]:
    """Let go of this customer; an approver may for somebody else."""
    await runs.caught_up()
    return await runs.leasing.end(ref, by=principal)


@router.put("/{ref:path}/hold")
async def hold(runs: Service, principal: Admin, ref: str) -> dict[str, bool]:
    """Put a legal hold on this person's data: until it is lifted, an erasure is refused."""
    await runs.caught_up()
    await runs.people.hold(ref, on=True)
    return {"legal_hold": True}


@router.delete("/{ref:path}/hold")
async def unhold(runs: Service, principal: Admin, ref: str) -> dict[str, bool]:
    """Lift the legal hold."""
    await runs.caught_up()
    await runs.people.hold(ref, on=False)
    return {"legal_hold": False}


@router.post("/{ref:path}/prove")
async def prove(runs: Service, principal: Admin, ref: str) -> dict[str, Any]:
    """Search every row and every file for this person, who was erased: what is left, and where."""
    await runs.caught_up()
    return await runs.proving.prove(ref)


@router.get("/{ref:path}/archive", response_class=Response)
async def archive(runs: Service, principal: Admin, ref: str) -> Response:
    """Everything that is kept of this person, as a zip: a page to read, and data for programs."""
    await runs.caught_up()
    found = await runs.access.archive(ref)
    kept = {"Content-Disposition": 'attachment; filename="archive.zip"'}
    return Response(found, media_type="application/zip", headers=kept)


@router.get("/{ref:path}")
async def customer(runs: Service, principal: Viewer, ref: str) -> dict[str, Any]:
    """One person: profile, identifiers, consents, suppressions, journeys."""
    await runs.caught_up()
    return await runs.people.get(ref)


@router.delete("/{ref:path}")
async def erase(runs: Service, principal: Admin, ref: str) -> dict[str, Any]:
    """Forget this person: keys destroyed at once, rows and files behind it. Answers a receipt."""
    await runs.caught_up()
    return await runs.people.erase(ref, by=principal.name)
