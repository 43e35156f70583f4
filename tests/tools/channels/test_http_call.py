"""One HTTP request says what is true of it, whatever the other side does (P3)."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tools.channels.contract import ours, taken
from tests.tools.channels.http_peer import HttpPeer, http_peer
from tests.tools.channels.mail_server import certificate
from tools.channels.breaker import Breaker
from tools.channels.channel import SendResult, SendStatus, StillOurs
from tools.channels.http_call import Answer, HttpCall, NotEncrypted, Step, Waits
from tools.channels.pace import Pace

SHORT = Waits(answer=0.2, write=0.1)


@pytest.fixture(scope="module")
def peer() -> Iterator[HttpPeer]:
    with http_peer() as running:
        yield running


async def asked(call: HttpCall, still_ours: StillOurs = ours, **more: Any) -> Answer | SendResult:
    return await call.ask("POST", "/it", headers={}, body=b"hello", still_ours=still_ours, **more)


def free_port() -> int:
    with socket.socket() as taking:
        taking.bind(("127.0.0.1", 0))
        return int(taking.getsockname()[1])


async def test_an_answer_is_handed_on_and_the_request_arrives_whole(peer: HttpPeer) -> None:
    peer.answers({"status": 201, "headers": {"X-One": "1"}, "body": '{"sid": "SM1"}'})
    told: list[Step] = []
    answer = await asked(HttpCall(peer.url), told=told.append)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.headers["x-one"], answer.json()) == (201, "1", {"sid": "SM1"})
    assert told == [Step.CONNECT, Step.REQUEST, Step.ANSWER]
    [seen] = peer.seen()
    assert (seen.method, seen.path, seen.body) == ("POST", "/it", b"hello")
    assert "SM1" not in repr(answer)


@pytest.mark.parametrize("badly", ["silent", "hangs_up", "breaks_off", "nonsense"])
async def test_p3_after_the_request_has_left_no_answer_is_unknown(
    peer: HttpPeer, badly: str
) -> None:
    peer.answers(badly)
    result = await asked(HttpCall(peer.url, waits=SHORT if badly == "silent" else Waits()))
    assert isinstance(result, SendResult)
    assert (result.status, result.provider_id) == (SendStatus.UNKNOWN, None)
    assert ("in time" in result.detail) == (badly == "silent")
    assert len(peer.seen()) == 1, "it has it, and so it must not be sent again"


async def test_p3_an_answer_counts_though_its_body_is_cut_off(peer: HttpPeer) -> None:
    peer.answers("cut_off")
    answer = await asked(HttpCall(peer.url))
    assert isinstance(answer, Answer)
    assert (answer.status, answer.headers["x-message-id"], answer.json()) == (202, "m1", None)


async def test_a_second_answer_is_nobodys(peer: HttpPeer) -> None:
    peer.answers("twice", {"status": 204})
    call = HttpCall(peer.url)
    first, second = await asked(call), await asked(call)
    assert isinstance(first, Answer) and isinstance(second, Answer)
    assert (first.status, second.status) == (200, 204)


async def test_p3_the_claim_is_asked_about_when_the_connection_stands(peer: HttpPeer) -> None:
    peer.answers()
    told: list[Step] = []
    seen: list[int] = []

    async def too_late() -> bool:
        seen.append(len(peer.seen()))
        return False

    result = await asked(HttpCall(peer.url), too_late, told=told.append)
    assert isinstance(result, SendResult) and result.status is SendStatus.NOT_SENT
    assert "claim" in result.detail
    assert (seen, told, peer.seen()) == ([0], [Step.CONNECT], [])


@pytest.mark.parametrize("fault", [RuntimeError, TimeoutError, OSError, asyncio.CancelledError])
async def test_p3_a_question_that_fails_comes_through_and_nothing_is_handed_over(
    peer: HttpPeer, fault: type[BaseException]
) -> None:
    peer.answers()

    async def failing() -> bool:
        raise fault("the database has gone")

    with pytest.raises(fault):
        await asked(HttpCall(peer.url), failing)
    assert peer.seen() == []


async def test_p3_where_nobody_listens_nothing_is_sent_and_nobody_is_asked() -> None:
    async def never() -> bool:
        raise AssertionError("there is nothing to ask about")

    result = await asked(HttpCall(f"http://127.0.0.1:{free_port()}"), never)
    assert result == SendResult(SendStatus.NOT_SENT, None, "the other system could not be reached")


async def test_p3_a_side_that_does_not_encrypt_gets_nothing(peer: HttpPeer) -> None:
    peer.answers()
    result = await asked(HttpCall(peer.url.replace("http:", "https:")))
    assert isinstance(result, SendResult) and result.status is SendStatus.NOT_SENT
    assert peer.seen() == []


async def test_p3_only_a_certificate_that_is_trusted_gets_anything(tmp_path: Path) -> None:
    context, trusted = certificate(tmp_path)
    lines: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(await reader.readuntil(b"hello"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
    result = await asked(HttpCall(url))
    assert isinstance(result, SendResult) and "certificate" in result.detail
    assert (result.status, lines) == (SendStatus.NOT_SENT, [])
    told = await asked(HttpCall(url, trust=ssl.create_default_context(cafile=trusted)))
    assert isinstance(told, Answer) and told.status == 200
    server.close()
    await server.wait_closed()


def test_what_everybody_could_read_is_no_way() -> None:
    for url in ("http://api.example", "ftp://127.0.0.1", "api.example", "http://"):
        with pytest.raises(NotEncrypted):
            HttpCall(url)


async def test_a_redirect_is_not_followed(peer: HttpPeer) -> None:
    peer.answers({"status": 307, "headers": {"Location": peer.url + "/elsewhere"}})
    answer = await asked(HttpCall(peer.url))
    assert isinstance(answer, Answer) and answer.status == 307
    assert [one.path for one in peer.seen()] == ["/it"]


async def test_no_proxy_of_the_environment_is_taken(
    peer: HttpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer.answers()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert isinstance(await asked(HttpCall(peer.url)), Answer)


class Clock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.at = 100.0
        self.waited: list[float] = []

    def __call__(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.at += seconds


@pytest.mark.parametrize("status", [429, 503])
async def test_whoever_is_asked_to_come_again_waits_until_then(peer: HttpPeer, status: int) -> None:
    peer.answers({"status": status, "headers": {"Retry-After": "7"}})
    clock = Clock()
    call = HttpCall(peer.url, pace=Pace(None, monotonic=clock, sleep=clock.sleep))
    result = await asked(call)
    assert isinstance(result, SendResult) and result.status is SendStatus.NOT_SENT
    assert isinstance(await asked(call), Answer)
    assert clock.waited == [7.0]


async def test_nobody_waits_longer_than_the_patience_of_the_pace(peer: HttpPeer) -> None:
    peer.answers({"status": 429, "headers": {"Retry-After": "3600"}})
    clock = Clock()
    call = HttpCall(peer.url, pace=Pace(None, monotonic=clock, sleep=clock.sleep))
    await asked(call)
    result = await asked(call)
    assert isinstance(result, SendResult) and result.status is SendStatus.NOT_SENT
    assert (clock.waited, len(peer.seen())) == ([], 1)


async def test_what_is_left_of_a_limit_is_spread(peer: HttpPeer) -> None:
    few = {"X-RateLimit-Limit": "600", "X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "10"}
    peer.answers({"status": 202, "headers": few})
    clock = Clock()
    call = HttpCall(peer.url, pace=Pace(None, monotonic=clock, sleep=clock.sleep))
    await asked(call)
    await asked(call)
    assert clock.waited == [5.0]


async def test_a_system_that_fails_is_left_alone_and_tried_again(peer: HttpPeer) -> None:
    peer.answers({"status": 500}, {"status": 502}, {"status": 500})
    clock = Clock()
    call = HttpCall(peer.url, breaker=Breaker(failures=3, pause_s=30, monotonic=clock))
    for _ in range(3):
        assert isinstance(await asked(call), Answer)
    left_alone = await asked(call)
    assert isinstance(left_alone, SendResult) and left_alone.status is SendStatus.NOT_SENT
    assert "3 times in a row" in left_alone.detail
    assert len(peer.seen()) == 3
    clock.at += 30
    await asked(call, taken)
    assert isinstance(await asked(call), Answer), "a claim that was gone says nothing about it"
    assert isinstance(await asked(call), Answer)
