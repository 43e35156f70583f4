"""One request to another system over HTTP, and what is true after it (P3).

A request has a connection of its own, which is there and encrypted before anything is written.
Then the channel asks whether the claim still stands, and only then is the request written: before
that nothing has been handed over, whatever happens; after it only the system's own answer says what
became of it. No proxy, no account and no certificate comes from the environment, and no redirect is
followed: what is sent goes where the settings say, or nowhere.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import httpx

from tools.channels.addresses import on_this_machine
from tools.channels.breaker import Breaker, Trial
from tools.channels.channel import SendResult, SendStatus, StillOurs
from tools.channels.pace import Pace
from tools.channels.rate_headers import retry_after_s, slow_down_s

#: More of an answer than this says nothing that a channel needs.
MOST_OF_AN_ANSWER: Final = 65_536
NOT_OURS: Final = "the claim no longer stands; nothing was handed over"
#: An answer comes as it is written: nothing that a few bytes could unpack to.
_ALWAYS: Final = {"connection": "close", "accept-encoding": "identity", "user-agent": "usher"}
_COME_AGAIN: Final = frozenset({429, 503})


class Step(StrEnum):
    """Where a request stands."""

    CONNECT = "connect"
    REQUEST = "request"
    ANSWER = "answer"


#: What a step that has gone well means, in words.
SAID: Final[Mapping[str, str]] = {
    Step.CONNECT: "the other system can be reached",
    Step.REQUEST: "the request is written",
    Step.ANSWER: "it has taken it",
}
Told: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds. `answer` is for the whole answer, counted from when the request begins to leave."""

    connect: float = 10.0
    write: float = 10.0
    answer: float = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other system said. `headers` by names in lower case; `text` may hold anything."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    text: str = field(repr=False)

    def json(self) -> Any:
        """The answer read as JSON; None where it is none."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None


class NotEncrypted(ValueError):
    """A base URL that everybody on the way could read along with."""


class _NotOurs(Exception):
    """The claim has gone while the connection was made."""


class HttpCall:
    """The way to one system: its base URL, how long to wait, its pace, its circuit breaker."""

    def __init__(
        self,
        base_url: str,
        *,
        waits: Waits = Waits(),
        pace: Pace | None = None,
        breaker: Breaker | None = None,
        trust: ssl.SSLContext | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Make the way; nothing is opened before something is asked. Raises `NotEncrypted`.

        `trust`: the certificates to trust; None: the system's.
        """
        at = urlsplit(base_url)
        here = at.scheme == "http" and on_this_machine(at.hostname or "")
        if at.scheme != "https" and not here:
            raise NotEncrypted("the URL of another machine begins with https://")
        self._base_url = base_url
        self._waits = waits
        self._pace = pace or Pace(None)
        self._breaker = breaker or Breaker()
        self._wall = wall
        # A connection that is kept may be closed by the other side just when it is used again, and
        # nobody would know whether the request arrived: each request has its own.
        self._client = httpx.AsyncClient(
            verify=trust or _the_systems(),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(
                connect=waits.connect, write=waits.write, read=waits.answer, pool=None
            ),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
        still_ours: StillOurs,
        told: Told | None = None,
    ) -> Answer | SendResult:
        """The system's answer, or what is true where there is none or it says to come again.

        `path` is put behind the base URL. Only what `still_ours` raises comes through, and then
        nothing was handed over.
        """
        trial = self._breaker.trial()
        if isinstance(trial, str):
            return _not_sent(trial)
        with trial:
            if not await self._pace.turn():
                return _not_sent("the channel is at its rate; later")
            request = _Request(self._client, self._waits, still_ours, told)
            try:
                answer = await request.run(method, self._base_url + path, headers, body)
            except _NotOurs:
                return _not_sent(NOT_OURS)
            self._learn(trial, answer)
        if isinstance(answer, Answer) and answer.status in _COME_AGAIN:
            wait = retry_after_s(answer.headers, now_s=self._wall())
            if wait is not None or answer.status == 429:
                return _not_sent(f"the other system said {answer.status}: too much at once; later")
        return answer

    def rest(self, seconds: float) -> None:
        """Ask nothing for so long: what a vendor's own header or error says of its limits."""
        self._pace.rest(seconds)

    def _learn(self, trial: Trial, answer: Answer | SendResult) -> None:
        """What an answer says about the system: whether it is well, how fast it may be asked."""
        if isinstance(answer, SendResult):
            trial.went_badly()
            return
        now = self._wall()
        wait = retry_after_s(answer.headers, now_s=now) if answer.status in _COME_AGAIN else None
        self._pace.rest(max(wait or 0.0, slow_down_s(answer.headers, now_s=now)))
        if answer.status >= 500:
            trial.went_badly()
        else:
            trial.went_well()


class _Request:
    """One request. `begun` once a byte of it may have left."""

    def __init__(
        self, client: httpx.AsyncClient, waits: Waits, still_ours: StillOurs, told: Told | None
    ) -> None:
        self._client = client
        self._waits = waits
        self._still_ours = still_ours
        self._told = told
        self._limit = asyncio.timeout(None)
        self._begun = False
        self._raised: BaseException | None = None
        self._status: int | None = None
        self._headers: dict[str, str] = {}
        self._read = bytearray()

    async def run(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Answer | SendResult:
        try:
            async with self._limit:
                await self._exchange(method, url, headers, body)
        except Exception as fault:
            if isinstance(fault, _NotOurs) or fault is self._raised:
                raise
            if self._status is None:
                return self._lost(fault)
        assert self._status is not None
        return Answer(self._status, self._headers, self._read.decode("utf-8", errors="replace"))

    async def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> None:
        async with self._client.stream(
            method,
            url,
            headers={**_ALWAYS, **headers},
            content=body,
            extensions={"trace": self._trace},
        ) as response:
            self._headers = {name.lower(): value for name, value in response.headers.items()}
            self._status = response.status_code
            if response.is_success:
                self._tell(Step.ANSWER)
            async for piece in response.aiter_raw():
                self._read += piece[: MOST_OF_AN_ANSWER - len(self._read)]
                if len(self._read) >= MOST_OF_AN_ANSWER:
                    break

    async def _trace(self, event: str, about: Mapping[str, Any]) -> None:
        """Called at every step of the connection; see httpx, "Extensions", `trace`."""
        if event == "http11.send_request_headers.started":
            self._tell(Step.CONNECT)
            try:
                ours = await self._still_ours()
            except BaseException as fault:
                self._raised = fault
                raise
            if not ours:
                raise _NotOurs
            self._begun = True
            waited = self._waits.write + self._waits.answer
            self._limit.reschedule(asyncio.get_running_loop().time() + waited)
        elif event == "http11.send_request_body.complete":
            self._tell(Step.REQUEST)

    def _tell(self, step: Step) -> None:
        if self._told is not None:
            self._told(step)

    def _lost(self, fault: Exception) -> SendResult:
        """What a fault means; it is told by what it is, because its words may hold an address."""
        if not self._begun:
            if isinstance(fault, TimeoutError | httpx.TimeoutException):
                return _not_sent("the other system did not take the connection in time")
            if _certificate(fault):
                return _not_sent("the other system shows a certificate that is not trusted")
            return _not_sent("the other system could not be reached")
        if isinstance(fault, TimeoutError | httpx.TimeoutException):
            why = "the other system did not answer the request in time"
        else:
            why = "the other system hung up on the request, or its answer could not be read"
        return SendResult(SendStatus.UNKNOWN, None, why)


@cache
def _the_systems() -> ssl.SSLContext:
    """The certificates that the system trusts; reading them takes long, and once is enough."""
    return ssl.create_default_context()


def _certificate(fault: BaseException | None) -> bool:
    """Whether a certificate is what it failed for."""
    while fault is not None:
        if isinstance(fault, ssl.SSLCertVerificationError):
            return True
        fault = fault.__cause__ or fault.__context__
    return False


def _not_sent(detail: str) -> SendResult:
    return SendResult(SendStatus.NOT_SENT, None, detail)
