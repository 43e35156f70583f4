"""What every route does first: the key, the role, the kind of content, the body as strict JSON.

In this order, so that nobody without a key learns what a body should look like, and a route whose
body cannot be read is not entered.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from api.access import Needs, runs_of
from api.reading import read_json

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Route(APIRoute):
    """A route that admits its callers and reads its body before anything else."""

    #: Kinds of content that are read as JSON beside JSON's own.
    also: ClassVar[tuple[str, ...]] = ()

    @property
    def needs(self) -> Needs | None:
        """What a caller must be; None: the route is open to anybody."""
        found = [d.call for d in self.dependant.dependencies if isinstance(d.call, Needs)]
        return found[0] if found else None

    async def admit(self, request: Request) -> None:
        """Raises `Unauthorised` and `Forbidden`."""
        if self.needs is not None:
            await self.needs(request, runs_of(request))

    def get_route_handler(self) -> Handler:
        """FastAPI's handler, asked with what was admitted and read."""
        handler = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            await self.admit(request)
            body = b"" if self.body_field is None else await request.body()
            if not body:
                return await handler(request)
            self._check_kind(request.headers.get("content-type"))
            return await handler(_Read(request, body, read_json(body)))

        return guarded

    def _check_kind(self, stated: str | None) -> None:
        """Refuse what says that it is no JSON. Raises HTTPException (415)."""
        kind = (stated or "application/json").partition(";")[0].strip().lower()
        main, _, sub = kind.partition("/")
        if kind in self.also or main == "application" and (sub == "json" or sub.endswith("+json")):
            return
        raise HTTPException(415, "this route reads JSON: send 'Content-Type: application/json'")


class _Read(Request):
    """A request whose body was read as JSON already."""

    def __init__(self, request: Request, body: bytes, value: Any) -> None:
        kept = [(k, v) for k, v in request.scope["headers"] if k != b"content-type"]
        headers = [*kept, (b"content-type", b"application/json")]
        super().__init__({**request.scope, "headers": headers}, request.receive)
        self._whole, self._value = body, value

    async def body(self) -> bytes:
        """As it came."""
        return self._whole

    async def json(self) -> Any:
        """As `read_json` read it."""
        return self._value
