"""The door to a model: what may pass is asked again, within bounds; all else is told at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from agent.planners.model_client import (
    LONGEST_PAUSE_S,
    MOST_TRIES,
    Garbled,
    Late,
    ModelClient,
    ModelError,
    Rejected,
    Unreachable,
    model_client,
)

URL = "http://model.example/v1"
COMPLETIONS = f"{URL}/chat/completions"
BODY = {"model": "m", "messages": []}


class Door:
    """A client over an injected transport, and the pauses it asked for."""

    def __init__(self, http: httpx.AsyncClient, **more: Any) -> None:
        self.paused: list[float] = []
        settings: dict[str, Any] = {"base_url": URL, "api_key": "sk-1", "timeout": 5} | more
        self.client: ModelClient = model_client(http_client=http, sleep=self.sleep, **settings)

    async def sleep(self, seconds: float) -> None:
        self.paused.append(seconds)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with httpx.AsyncClient() as http:
        yield Door(http)


def status(code: int, error: str | None = None, **headers: str) -> httpx.Response:
    body = {"error": {"message": "about ada@example.com", "code": error}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(code, json=body, headers=named)


async def failure(door: Door, **more: Any) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await door.client.ask(BODY, **more)
    assert "ada" not in str(caught.value)
    return caught.value


async def test_the_body_goes_out_as_it_is_with_the_key(door: Door, respx_mock: Any) -> None:
    route = respx_mock.post(COMPLETIONS).respond(200, json={"choices": []})
    answer = await door.client.ask(BODY | {"max_tokens": 7, "extra": [{"a": None}]})
    assert answer.body == {"choices": []} and answer.requests == 1 and door.paused == []
    (call,) = route.calls
    assert call.request.headers["authorization"] == "Bearer sk-1"
    assert httpx.Response(200, content=call.request.content).json() == {
        **BODY,
        "max_tokens": 7,
        "extra": [{"a": None}],
    }


@pytest.mark.parametrize("code", [408, 409, 429, 500, 502, 503, 529])
async def test_what_may_pass_is_asked_again(door: Door, respx_mock: Any, code: int) -> None:
    answers = [status(code), status(code), httpx.Response(200, json={"a": 1})]
    respx_mock.post(COMPLETIONS).mock(side_effect=answers)
    assert (await door.client.ask(BODY)).requests == 3
    assert door.paused == [0.5, 1.0]


async def test_asking_again_has_an_end(door: Door, respx_mock: Any) -> None:
    route = respx_mock.post(COMPLETIONS).mock(return_value=status(503, "overloaded"))
    error = await failure(door)
    assert isinstance(error, Unreachable) and error.requests == route.call_count == MOST_TRIES
    assert str(error) == "the model's endpoint answered 503 (overloaded)"


async def test_no_more_requests_are_made_than_are_left(door: Door, respx_mock: Any) -> None:
    route = respx_mock.post(COMPLETIONS).mock(return_value=status(503))
    assert (await failure(door, most=1)).requests == route.call_count == 1


@pytest.mark.parametrize("code", [400, 401, 403, 404, 413, 422])
async def test_what_cannot_pass_is_told_at_once(door: Door, respx_mock: Any, code: int) -> None:
    route = respx_mock.post(COMPLETIONS).mock(return_value=status(code, "no_such_model"))
    error = await failure(door)
    assert isinstance(error, Rejected) and error.requests == route.call_count == 1
    assert str(error) == f"the model's endpoint answered {code} (no_such_model)"


async def test_a_used_up_account_does_not_pass(door: Door, respx_mock: Any) -> None:
    route = respx_mock.post(COMPLETIONS).mock(return_value=status(429, "insufficient_quota"))
    assert isinstance(await failure(door), Rejected) and route.call_count == 1


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after_ms": "250"}, 0.25),
        (
            {
                "retry_after": "Tue, 03 Mar 2026 12:00:04 GMT",
                "date": "Tue, 03 Mar 2026 12:00:00 GMT",
            },
            4.0,
        ),
        (
            {
                "retry_after": "Tue, 03 Mar 2026 11:00:00 GMT",
                "date": "Tue, 03 Mar 2026 12:00:00 GMT",
            },
            0.0,
        ),
        ({"retry_after": "Tue, 03 Mar 2026 12:00:04 GMT"}, 0.5),
        ({"retry_after": "soon"}, 0.5),
        ({"retry_after": "-5"}, 0.5),
        ({"retry_after": "٣"}, 0.5),
        ({}, 0.5),
    ],
)
async def test_it_waits_as_long_as_it_is_asked_to(
    door: Door, respx_mock: Any, headers: dict[str, str], pause: float
) -> None:
    busy = httpx.Response(
        429, headers={k.replace("_", "-").encode(): v.encode() for k, v in headers.items()}
    )
    respx_mock.post(COMPLETIONS).mock(side_effect=[busy, httpx.Response(200, json={})])
    await door.client.ask(BODY)
    assert door.paused == [pause]


async def test_it_does_not_wait_for_ever(door: Door, respx_mock: Any) -> None:
    asked = status(429, retry_after=str(int(LONGEST_PAUSE_S) + 1))
    route = respx_mock.post(COMPLETIONS).mock(return_value=asked)
    error = await failure(door)
    assert isinstance(error, Unreachable) and route.call_count == 1 and door.paused == []


@pytest.mark.parametrize("fault", [httpx.ConnectError, httpx.ReadError, httpx.ConnectTimeout])
async def test_a_lost_connection_is_tried_again(door: Door, respx_mock: Any, fault: Any) -> None:
    answers = [fault("x"), httpx.Response(200, json={"a": 1})]
    respx_mock.post(COMPLETIONS).mock(side_effect=answers)
    assert (await door.client.ask(BODY)).requests == 2


async def test_a_fault_that_nobody_knows_is_told_by_its_kind(door: Door, respx_mock: Any) -> None:
    respx_mock.post(COMPLETIONS).mock(side_effect=RuntimeError("about ada@example.com"))
    error = await failure(door)
    assert isinstance(error, Unreachable) and "RuntimeError" in str(error)


@pytest.mark.parametrize("raw", [b"", b"[", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000])
async def test_an_answer_that_is_no_object_is_garbled(
    door: Door, respx_mock: Any, raw: bytes
) -> None:
    respx_mock.post(COMPLETIONS).respond(200, content=raw)
    assert isinstance(await failure(door), Garbled)


@pytest.mark.respx(assert_all_called=False)
async def test_it_follows_nobody_elsewhere(door: Door, respx_mock: Any) -> None:
    respx_mock.post(COMPLETIONS).respond(307, headers={"location": "http://other.example/"})
    elsewhere = respx_mock.post("http://other.example/").respond(200, json={})
    error = await failure(door)
    assert isinstance(error, Rejected) and not elsewhere.called


async def test_an_answer_that_does_not_come_is_late() -> None:
    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    async with httpx.AsyncClient(transport=Silent()) as http:
        error = await failure(Door(http, timeout=0.01))
    assert isinstance(error, Late) and str(error) == "no answer within 0.01 seconds"
    assert error.requests == 1


async def test_whoever_stops_waiting_is_let_go() -> None:
    entered = asyncio.Event()

    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            entered.set()
            await asyncio.Event().wait()
            raise AssertionError

    async with httpx.AsyncClient(transport=Silent()) as http:
        asking = asyncio.create_task(Door(http).client.ask(BODY))
        await entered.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


async def test_without_a_key_none_of_anybodys_is_sent(
    respx_mock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://somewhere.example/v1")
    route = respx_mock.post(COMPLETIONS).respond(200, json={})
    async with httpx.AsyncClient() as http:
        await Door(http, api_key=None).client.ask(BODY)
    assert route.calls[0].request.headers["authorization"] == "Bearer none"
