"""What nobody foresaw: the caller gets a problem without a word of it, the log its class and place.

The outermost layer, and the fault ends here: were it raised on, the server would write its message,
and that may hold what somebody sent (P5).
"""

from __future__ import annotations

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.errors import UsherError
from agent.fault_place import place_of
from api.problems import of_error

log = structlog.get_logger("usher.api")


class Faults:
    """Turns an exception that nothing else handled into a 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and answer for it if it fails."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as fault:
            # The message may hold what somebody sent; class, place and route template are ours.
            route = getattr(scope.get("route"), "path", None)
            log.error("request_failed", route=route, error=type(fault).__name__, at=place_of(fault))
            if not begun:
                answer = of_error(UsherError("it has been logged; try again, then report it"))
                await answer(scope, receive, send)
