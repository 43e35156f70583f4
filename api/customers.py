"""Customers: looked at, suppressed, forgotten. `ref` is our id or any identifier of theirs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from agent.messages import Suppress
from api.access import Admin, Operator, Service, Viewer
from api.idempotency import OnceRoute

router = APIRouter(tags=["customers"], prefix="/v1/customers", route_class=OnceRoute)


@router.get("/{ref}")
async def customer(runs: Service, principal: Viewer, ref: str) -> dict[str, Any]:
    """One person: profile, identifiers, consents, suppressions, journeys."""
    await runs.caught_up()
    return await runs.people.get(ref)


@router.get("/{ref}/timeline")
async def timeline(
    runs: Service, principal: Viewer, ref: str, cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """What happened to and for this person, newest first."""
    await runs.caught_up()
    page = await runs.people.timeline(ref, after=cursor, limit=limit)
    return page.as_json()


@router.post("/{ref}/suppress", status_code=201)
async def suppress(
    runs: Service, principal: Operator, ref: str, request: Suppress
) -> dict[str, Any]:
    """Stop contact at once: `all`, one `purpose` (marketing), or one `address`."""
    await runs.caught_up()
    return await runs.people.suppress(ref, request, by=principal.name)


@router.delete("/{ref}/suppress")
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


@router.delete("/{ref}")
async def erase(runs: Service, principal: Admin, ref: str) -> dict[str, Any]:
    """Forget this person: keys destroyed at once, rows and files behind it. Answers a receipt."""
    await runs.caught_up()
    return await runs.people.erase(ref, by=principal.name)
