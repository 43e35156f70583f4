"""Logging in: by a key that may look in, or once by a link; no script reads the cookie."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from console.sessions import COOKIE, GOOD_FOR_S
from store import principals
from tests.console.door import URL, Door, door


@pytest_asyncio.fixture
async def at(tmp_path: Path) -> AsyncIterator[Door]:
    async with door(tmp_path / "data") as opened:
        yield opened


async def log_in(at: Door, key: str, **headers: str) -> httpx.Response:
    return await at.client.post("/login", data={"key": key}, headers=headers)


def let_in(answer: httpx.Response) -> bool:
    return answer.status_code == 303 and answer.headers["location"] == "/"


@pytest.mark.parametrize("role", ["viewer", "operator", "approver", "admin"])
async def test_a_key_lets_in(at: Door, role: str) -> None:
    _, key = await at.somebody(role)
    assert let_in(await log_in(at, f" {key}\n", origin=URL))
    assert (await at.client.get("/decisions")).text == "inside"


async def test_the_cookie_is_httponly_samesite_and_over_in_twelve_hours(at: Door) -> None:
    _, key = await at.somebody("viewer")
    cookie = SimpleCookie((await log_in(at, key)).headers["set-cookie"])[COOKIE]
    assert cookie["httponly"] is True
    assert cookie["samesite"].lower() == "strict"
    assert (cookie["path"], int(cookie["max-age"])) == ("/", GOOD_FOR_S)


async def test_a_key_never_comes_back_in_a_page(at: Door) -> None:
    answer = await log_in(at, "usher_not-a-key")
    assert "usher_not-a-key" not in answer.text


async def test_an_ingest_key_is_refused(at: Door) -> None:
    _, key = await at.somebody("ingest")
    answer = await log_in(at, key)
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


@pytest.mark.parametrize("key", ["", "x", "admin", "x" * 201])
async def test_what_is_no_key_is_refused(at: Door, key: str) -> None:
    answer = await log_in(at, key)
    assert answer.status_code in (403, 422)
    assert "set-cookie" not in answer.headers


async def test_a_disabled_key_is_refused(at: Door) -> None:
    _, key = await at.somebody("admin")
    await at.db.write(principals.disable, "the admin", at=1)
    assert (await log_in(at, key)).status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "http://usher.example:9000", "null"])
async def test_a_form_on_another_site_logs_nobody_in_or_out(at: Door, origin: str) -> None:
    _, key = await at.somebody("admin")
    answer = await log_in(at, key, origin=origin)
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    out = await at.client.post("/login/out", headers={"origin": origin})
    assert (out.status_code, "set-cookie" in out.headers) == (403, False)


async def test_a_link_lets_in_once_and_says_so_the_second_time(at: Door) -> None:
    principal, _ = await at.somebody("admin")
    link = at.sessions.link_for(principal.id)
    assert let_in(await at.client.get("/login", params={"link": link}))
    at.client.cookies.clear()
    again = await at.client.get("/login", params={"link": link})
    assert again.status_code == 403
    assert "was used, or is over" in again.text
    assert "set-cookie" not in again.headers


async def test_logging_out_takes_the_cookie_away(at: Door) -> None:
    _, key = await at.somebody("viewer")
    await log_in(at, key)
    out = await at.client.post("/login/out", headers={"origin": URL})
    assert (out.status_code, out.headers["location"]) == (303, "/login")
    assert (await at.client.get("/decisions")).status_code == 401


async def test_the_login_page_needs_nothing_from_anywhere(at: Door) -> None:
    page = (await at.client.get("/login")).text
    assert "src=" not in page
    assert "http://" not in page and "https://" not in page
