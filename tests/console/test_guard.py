"""The console's door: no page without a session, no write and no socket from another place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from starlette.types import Message, Scope

from console.sessions import COOKIE
from store import principals
from tests.console.door import HOST, URL, Door, door

SOCKET = "/_nicegui_ws/socket.io/"
#: As browsers send it from another place; a port of this machine is, to them, the same site.
ELSEWHERE = ["http://evil.example", "http://usher.example:9000", "http://usher.example", "null"]


@pytest_asyncio.fixture
async def at(tmp_path: Path) -> AsyncIterator[Door]:
    async with door(tmp_path / "data") as opened:
        yield opened


async def cookie(at: Door, role: str = "viewer") -> dict[str, str]:
    principal, _ = await at.somebody(role)
    return {"cookie": f"{COOKIE}={at.sessions.cookie_of(principal)}"}


async def knock(at: Door, headers: dict[str, str]) -> Message:
    """Ask for the socket; the first answer of the application."""
    said: list[Message] = []
    received: list[Message] = [{"type": "websocket.connect"}]

    async def receive() -> Message:
        return received.pop() if received else {"type": "websocket.disconnect", "code": 1000}

    async def send(message: Message) -> None:
        said.append(message)

    raw = [(k.encode(), v.encode()) for k, v in {"host": HOST, **headers}.items()]
    scope: Scope = {"type": "websocket", "path": SOCKET, "headers": raw, "query_string": b"",
                    "subprotocols": [], "scheme": "ws", "root_path": ""}  # fmt: skip
    await at.app(scope, receive, send)
    return said[0]


REFUSED = 4403


async def test_a_page_without_a_session_leads_to_the_login(at: Door) -> None:
    answer = await at.client.get("/decisions", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert (await at.client.get("/decisions")).status_code == 401


async def test_a_session_opens_pages(at: Door) -> None:
    answer = await at.client.get("/decisions", headers=await cookie(at))
    assert (answer.status_code, answer.text) == (200, "inside")


@pytest.mark.parametrize("value", ["", "x", "prn_1.9999999999.00", "a=b; c", '"'])
async def test_a_forged_cookie_opens_nothing(at: Door, value: str) -> None:
    answer = await at.client.get("/decisions", headers={"cookie": f"{COOKIE}={value}"})
    assert answer.status_code == 401


async def test_a_disabled_principal_is_outside_at_once(at: Door) -> None:
    headers = await cookie(at)
    await at.db.write(principals.disable, "the viewer", at=1)
    assert (await at.client.get("/decisions", headers=headers)).status_code == 401


async def test_an_ingest_keys_session_opens_nothing(at: Door) -> None:
    headers = await cookie(at, "ingest")
    assert (await at.client.get("/decisions", headers=headers)).status_code == 401


@pytest.mark.parametrize(
    "path", ["/v1/decisions", "/healthz", "/readyz", "/openapi.json", "/u/abc", "/_nicegui/x.js"]
)
async def test_what_has_its_own_door_is_let_through(at: Door, path: str) -> None:
    assert (await at.client.get(path)).text == "inside"


@pytest.mark.parametrize("path", ["/", "/v2/x", "/decisions", "/approvals/apr_1", SOCKET])
async def test_nothing_else_is(at: Door, path: str) -> None:
    assert (await at.client.get(path)).status_code == 401


async def test_a_socket_needs_a_session(at: Door) -> None:
    said = await knock(at, {"origin": URL})
    assert (said["type"], said["code"]) == ("websocket.close", REFUSED)


@pytest.mark.parametrize("origin", ELSEWHERE)
async def test_a_socket_from_another_place_is_refused(at: Door, origin: str) -> None:
    said = await knock(at, {"origin": origin, **await cookie(at)})
    assert (said["type"], said.get("code")) == ("websocket.close", REFUSED)


async def test_our_own_pages_socket_is_let_through(at: Door) -> None:
    said = await knock(at, {"origin": URL, **await cookie(at)})
    assert said.get("code") != REFUSED


@pytest.mark.parametrize("origin", ELSEWHERE)
@pytest.mark.parametrize(("method", "path"), [("POST", SOCKET), ("GET", SOCKET), ("POST", "/x")])
async def test_the_sockets_stand_in_by_requests_is_guarded_like_it(
    at: Door, origin: str, method: str, path: str
) -> None:
    headers = await cookie(at)
    from_us = await at.client.request(method, path, headers=headers | {"origin": URL})
    assert from_us.text == "inside"
    answer = await at.client.request(method, path, headers=headers | {"origin": origin})
    assert answer.status_code == 403


async def test_a_page_may_be_reached_from_anywhere(at: Door) -> None:
    """A link in a mail leads here; reading changes nothing."""
    headers = await cookie(at) | {"sec-fetch-site": "cross-site"}
    assert (await at.client.get("/decisions", headers=headers)).text == "inside"


async def test_a_write_that_says_it_is_from_elsewhere_is_believed(at: Door) -> None:
    headers = await cookie(at) | {"sec-fetch-site": "same-site"}
    assert (await at.client.post("/x", headers=headers)).status_code == 403
