"""A fault of a page: its visitor is told that it was logged, the log its class and place (P5)."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.api.processes import Served
from tests.console.conftest import Sits

SECRET = "ada@example.com"
#: A server as it is run, with pages more: one that fails, one with a button that does.
PROGRAM = f"""
import json, os, socket, sys
from pathlib import Path
import uvicorn
from fastapi import Request
import server
from agent.settings import Settings
from api.standard_error import no_tracebacks, only_our_words
from console.components import button
from console.frame import House, at, page
from console.sessions import Sessions

def broken():
    raise ValueError("no such thing as {SECRET}")

only_our_words()
no_tracebacks()
data = Path(sys.argv[sys.argv.index("--data") + 1])
app, _ = server.with_console(Settings(data=data, settle=0))
house = House(app.state.runs, Sessions(app.state.runs.db))

@at("/broken")
async def fails(request: Request):
    async with page(house, request, "Broken", here="/"):
        broken()

@at("/broken-at-once")
def fails_at_once(request: Request):
    broken()

@at("/broken-button")
async def button_fails(request: Request):
    async with page(house, request, "Broken", here="/"):
        button("Break", broken)

listening = socket.create_server(("127.0.0.1", 0))
url = f"http://127.0.0.1:{{listening.getsockname()[1]}}"
(data / server.ADDRESS).write_text(json.dumps({{"url": url, "pid": os.getpid()}}))
config = uvicorn.Config(app, lifespan="on", access_log=False, log_config=None, log_level="warning")
uvicorn.Server(config).run([listening])
"""


class Broken(Served):
    """That server."""

    program = ("-c", PROGRAM)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broken]:
    served = Broken(tmp_path_factory.mktemp("broken") / "data")
    try:
        served.wait_until_ready()
        yield served
    finally:
        served.process.kill()
        served.process.wait()


@pytest.fixture
def visitor(broken: Broken) -> Iterator[httpx.Client]:
    """Somebody logged in, who asks as a browser does."""
    headers = {"accept": "text/html"}
    with httpx.Client(base_url=broken.url, headers=headers, timeout=60, trust_env=False) as client:
        assert client.post("/login", data={"key": broken.key}).status_code == 303
        yield client


def faults_in(said: str) -> list[dict[str, str]]:
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "page_failed"]


@pytest.mark.parametrize("path", ["/broken", "/broken-at-once"])
def test_p5_a_page_that_fails_says_it_was_logged_and_nothing_of_what_failed(
    broken: Broken, visitor: httpx.Client, path: str
) -> None:
    before = len(faults_in(broken.errors))
    answer = visitor.get(path)
    assert answer.status_code == 500
    assert "This page could not be shown" in answer.text
    assert "was logged" in answer.text
    assert SECRET not in answer.text
    assert "ValueError" not in answer.text
    told = faults_in(broken.errors)[before:]
    assert [line["error"] for line in told] == ["ValueError"]
    assert SECRET not in broken.said


def test_a_page_that_is_not_there_is_a_page_of_ours(visitor: httpx.Client) -> None:
    answer = visitor.get("/nowhere/ada@example.com")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert SECRET not in answer.text
    assert visitor.get("/nowhere", headers={"accept": "application/json"}).status_code == 404


def test_p5_addresses_that_lead_nowhere_are_not_logged(
    broken: Broken, visitor: httpx.Client
) -> None:
    visitor.get("/nowhere/ada@example.com", params={"q": SECRET})
    assert SECRET not in broken.said


def test_p5_a_click_that_fails_is_said_on_the_page_and_logged_without_a_word(
    broken: Broken, sit: Sits
) -> None:
    desk = sit(broken)
    before = len(faults_in(broken.errors))
    page = desk.open("/broken-button")
    desk.button("Break").click()
    page.get_by_text("That did not work, and was logged").wait_for()
    assert SECRET not in page.content()
    assert [line["error"] for line in faults_in(broken.errors)[before:]] == ["ValueError"]
    assert SECRET not in broken.said


def test_the_frame_of_the_api_is_left_alone(broken: Broken) -> None:
    """Under `/v1` a 404 and a 405 stay problems, and no cookie is set."""
    with broken.client() as client:
        for method, path, status in (
            ("GET", "/v1/nothing", 404),
            ("PATCH", "/v1/triggers", 405),
            ("DELETE", "/v1/decisions", 405),
        ):
            answer = client.request(method, path)
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
            assert "set-cookie" not in answer.headers


def test_every_page_needs_a_session_and_the_sockets_origin_is_looked_at(broken: Broken) -> None:
    with httpx.Client(base_url=broken.url, trust_env=False) as stranger:
        for path in ("/", "/decisions", "/policies", "/figures", "/brake", "/approvals", "/chat"):
            answer = stranger.get(path, headers={"accept": "text/html"})
            assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    with httpx.Client(base_url=broken.url, trust_env=False) as inside:
        inside.post("/login", data={"key": broken.key})
        cookie = f"usher_session={inside.cookies['usher_session']}"
    assert upgraded(broken.url, origin=broken.url, cookie=cookie) == 101
    assert upgraded(broken.url, origin="http://evil.example", cookie=cookie) == 403
    assert upgraded(broken.url, origin="http://127.0.0.1:1", cookie=cookie) == 403
    assert upgraded(broken.url, origin=broken.url, cookie="usher_session=x.1.y") == 403


def upgraded(url: str, *, origin: str, cookie: str) -> int:
    """The status that a socket's handshake is answered with."""
    host, _, port = url.removeprefix("http://").partition(":")
    asked = "\r\n".join(
        [
            "GET /_nicegui_ws/socket.io/?EIO=4&transport=websocket HTTP/1.1",
            f"Host: {host}:{port}",
            f"Origin: {origin}",
            f"Cookie: {cookie}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "\r\n",
        ]
    )
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(asked.encode())
        return int(line.makefile("rb").readline().split()[1])
