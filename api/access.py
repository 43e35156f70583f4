"""Who asks, and whether their role may: a key as Bearer token, or as the user of Basic."""

from __future__ import annotations

import base64
from dataclasses import dataclass
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
    """The principal of the request's key, looked up once a request. Raises `Unauthorised`."""
    known: Principal | None = getattr(request.state, "principal", None)
    if known is not None:
        return known
    key = _key(request.headers.get("authorization"))
    if key is None:
        raise Unauthorised("send your key as 'Authorization: Bearer KEY', or as the user of Basic")
    found = await runs.db.read(principals.of_key, key)
    if found is None:
        raise Unauthorised("this key is not one of ours, or has been disabled")
    request.state.principal = found
    return found


@dataclass(frozen=True, slots=True)
class Needs:
    """A dependency that lets through whom this role, or one above it, was given."""

    role: str

    async def __call__(self, request: Request, runs: Service) -> Principal:
        """The caller. Raises `Unauthorised` and `Forbidden`."""
        principal = await caller(request, runs)
        if not principal.may(self.role):
            raise Forbidden(f"this needs the role {self.role}; your key has {principal.role}")
        return principal


def _key(header: str | None) -> str | None:
    scheme, _, value = (header or "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    if scheme.lower() == "basic":
        try:
            user = base64.b64decode(value.strip(), validate=True).decode().partition(":")[0]
        except ValueError:  # no base64, or no UTF-8 in it
            return None
        return user or None
    return None


Sender = Annotated[Principal, Depends(Needs("ingest"))]
Viewer = Annotated[Principal, Depends(Needs("viewer"))]
Operator = Annotated[Principal, Depends(Needs("operator"))]
Approver = Annotated[Principal, Depends(Needs("approver"))]
Admin = Annotated[Principal, Depends(Needs("admin"))]
