"""Who asks, and whether their role may: a key as Bearer token, or as the user of Basic (Segment's way)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request

from agent.errors import Forbidden, Unauthorised
from agent.runs import Runs
from store import principals
from store.principals import Principal


def runs_of(request: Request) -> Runs:
    """The service behind this application."""
    runs: Runs = request.app.state.runs
    return runs


Service = Annotated[Runs, Depends(runs_of)]


async def caller(request: Request, runs: Service) -> Principal:
    """The principal of the request's key. Raises `Unauthorised`."""
    key = _key(request.headers.get("authorization"))
    if key is None:
        raise Unauthorised("send your key as 'Authorization: Bearer KEY', or as the user of Basic")
    found = await runs.db.read(principals.of_key, key)
    if found is None:
        raise Unauthorised("this key is not one of ours, or has been disabled")
    request.state.principal = found
    return found


def needs(role: str) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency that lets through whom this role, or one above it, was given."""

    async def check(principal: Annotated[Principal, Depends(caller)]) -> Principal:
        if not principal.may(role):
            raise Forbidden(
                f"this needs the role {role}; the key of {principal.name} has {principal.role}"
            )
        return principal

    return check


def _key(header: str | None) -> str | None:
    scheme, _, value = (header or "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    if scheme.lower() == "basic":
        try:
            user = base64.b64decode(value, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return None
        return user or None
    return None


Sender = Annotated[Principal, Depends(needs("ingest"))]
Viewer = Annotated[Principal, Depends(needs("viewer"))]
Operator = Annotated[Principal, Depends(needs("operator"))]
Approver = Annotated[Principal, Depends(needs("approver"))]
Admin = Annotated[Principal, Depends(needs("admin"))]
