"""How much a request may hold, and how it may be packed: counted as it arrives, whatever it claims.

A body that is too large is read to its end and thrown away before the answer: whoever is still
sending would otherwise see a broken connection and never learn why.
"""

from __future__ import annotations

import zlib
from urllib.parse import unquote_to_bytes

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.errors import BadRequest, TooLarge, UsherError
from api.problems import of_error, problem

#: As much of a refused body is read and thrown away; beyond it the connection just ends.
_PATIENCE = 64 * 1024 * 1024


class BodyLimit:
    """Answers 413 to a body above the limit, packed or unpacked, before anything looks into it."""

    def __init__(self, app: ASGIApp, *, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its whole body, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            _check_address(scope)
            body = await self._whole(receive)
            if body is None:
                return
            packing, headers = _packing(scope)
            if packing == "gzip":
                scope["headers"] = headers
                body = _unpacked(body, self._limit)
        except UsherError as error:
            await of_error(error)(scope, receive, send)
            return
        except HTTPException as error:
            refused = problem(error.status_code, "Unsupported media type", error.detail)
            await refused(scope, receive, send)
            return
        whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, again, send)

    async def _whole(self, receive: Receive) -> bytes | None:
        """The body; None where the sender went away. Raises `TooLarge`, at the end of the body."""
        body, seen = bytearray(), 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            part = message.get("body", b"")
            seen += len(part)
            if seen <= self._limit:
                body += part
            else:
                body.clear()
            if not message.get("more_body", False) or seen > max(_PATIENCE, self._limit):
                break
        if seen > self._limit:
            raise _too_large(self._limit)
        return bytes(body)


def _check_address(scope: Scope) -> None:
    """Refuse a null character in path or query: no database can look for one."""
    path, query = str(scope["path"]), bytes(scope["query_string"])
    if "\x00" in path or b"\x00" in unquote_to_bytes(query):
        raise BadRequest("the address holds a null character (%00); take it out")


def _packing(scope: Scope) -> tuple[str, list[tuple[bytes, bytes]]]:
    """How the body is packed, and the headers without a word of it."""
    found = b"identity"
    kept: list[tuple[bytes, bytes]] = []
    for name, value in scope["headers"]:
        if name == b"content-encoding":
            found = value.strip().lower()
        elif name != b"content-length":
            kept.append((name, value))
    if found not in (b"identity", b"gzip"):
        raise HTTPException(415, "a body may be packed with gzip, or not at all (Content-Encoding)")
    return found.decode(), kept


def _unpacked(body: bytes, limit: int) -> bytes:
    unpacking = zlib.decompressobj(wbits=31)
    try:
        plain = unpacking.decompress(body, limit + 1)
    except zlib.error:
        raise BadRequest("the body is said to be gzip, and is not") from None
    if len(plain) > limit:
        raise _too_large(limit)
    if body and not unpacking.eof:
        raise BadRequest("the body is said to be gzip, and is cut off")
    return plain


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"a body may hold {limit:,} bytes; send it in parts")
