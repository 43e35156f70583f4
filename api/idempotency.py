"""`Idempotency-Key`: the same request again gets the same answer for 24 hours, and is done once.

The same key with another request is refused (422). Two of the same at one time: the second waits.
Only what was carried out is kept: after an error the request may be sent again under its key.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request, Response

from agent.errors import BadRequest, Conflict, Invalid
from agent.runs import Runs
from api.access import caller, runs_of
from api.route import Handler, Route
from store import replies

HEADER = "idempotency-key"
_LONGEST = 200


class OnceRoute(Route):
    """A route that honours `Idempotency-Key`."""

    def get_route_handler(self) -> Handler:
        """The route's handler, asked once a key."""
        handler = super().get_route_handler()

        async def once(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if key is None or request.method not in ("POST", "PUT", "DELETE"):
                return await handler(request)
            if not 0 < len(key) <= _LONGEST:
                raise BadRequest(f"Idempotency-Key holds 1 to {_LONGEST} characters")
            await self.admit(request)
            runs = runs_of(request)
            principal = await caller(request, runs)
            # Keyed: who is guessed at in a path must not be found again by its digest (P10).
            digest = runs.db.vault.lookup("request", await _digest(request))
            async with _alone(runs, f"{principal.id}:{key}"):
                found = await runs.db.read(
                    replies.find,
                    runs.db.vault,
                    principal_id=principal.id,
                    key=key,
                    now_us=runs.clock.now_us(),
                )
                if found is not None:
                    return _again(found, digest)
                response = await handler(request)
                if response.status_code < 500:
                    await runs.db.write(
                        replies.keep,
                        runs.db.vault,
                        principal_id=principal.id,
                        key=key,
                        request_sha256=digest,
                        status=response.status_code,
                        body=bytes(response.body),
                        now_us=runs.clock.now_us(),
                    )
                return response

        return once


def _again(found: replies.Reply, digest: str) -> Response:
    if found.request_sha256 != digest:
        raise Invalid("this Idempotency-Key was used with another request; take a fresh one")
    if found.body is None:
        raise Conflict("this was done before; its answer went with a person's data that was erased")
    return Response(
        found.body,
        found.status,
        {"Idempotency-Replayed": "true"},
        "application/json",
    )


async def _digest(request: Request) -> str:
    digest = hashlib.sha256()
    query = request.url.query
    for part in (request.method, request.url.path, query, await request.body()):
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


@asynccontextmanager
async def _alone(runs: Runs, name: str) -> AsyncIterator[None]:
    """One request of a key at a time in this process."""
    locks: dict[str, tuple[asyncio.Lock, int]] = runs.in_flight
    lock, users = locks.get(name, (asyncio.Lock(), 0))
    locks[name] = (lock, users + 1)
    try:
        async with lock:
            yield
    finally:
        lock, users = locks[name]
        if users == 1:
            del locks[name]
        else:
            locks[name] = (lock, users - 1)
