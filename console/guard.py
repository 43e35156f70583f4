"""The console's door: every page and socket needs a session, every write comes from our own pages.

What is not under `/v1` and not one of the open paths is asked for its cookie. The `Origin` of a
socket, and of whatever is posted, must be this host (DESIGN §8): a browser takes another port of
this machine for the same site, and sends the cookie along.
"""

from __future__ import annotations

from http.cookies import SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from console.sessions import COOKIE, Sessions

_OPEN = ("/v1/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/login", "/u/")
_ASSETS = "/_nicegui/"
_SOCKET = "/_nicegui_ws/"


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, sessions: Sessions) -> None:
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        headers = Headers(scope=scope)
        if _is_open(path):
            if path.startswith("/login") and _writes(scope) and not same_origin(headers):
                await PlainTextResponse("from another site", 403)(scope, receive, send)
                return
            await self._app(scope, receive, send)
            return
        principal = await self._sessions.principal_of(_cookie(headers))
        may = principal is not None and principal.may("viewer")
        ours = not _writes(scope) or same_origin(headers)
        if may and ours:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4403})
        elif not ours:
            await PlainTextResponse("from another site", 403)(scope, receive, send)
        elif "text/html" in headers.get("accept", ""):
            await RedirectResponse("/login", 303)(scope, receive, send)
        else:
            await PlainTextResponse("log in first", 401)(scope, receive, send)


def same_origin(headers: Headers) -> bool:
    """Whether a request comes from a page of this host; a client without `Origin` is no page."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") in (None, "same-origin", "none")
    return urlsplit(origin).netloc == headers.get("host")


def _writes(scope: Scope) -> bool:
    """Whether this can change something: a socket, a socket's stand-in by requests, a form."""
    reads = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
    return not reads or scope["path"].startswith(_SOCKET)


def _is_open(path: str) -> bool:
    return path.startswith((*_OPEN, _ASSETS)) or path in _OPEN


def _cookie(headers: Headers) -> str | None:
    jar = SimpleCookie(headers.get("cookie", ""))
    return jar[COOKIE].value if COOKIE in jar else None
