"""The one door to a model: an OpenAI-compatible endpoint, over a transport that is handed in.

The library's own retries are off. What may pass by itself (busy, a fault of theirs, no connection)
is asked again a few times and waited for as long as the endpoint says, within bounds; everything
else is told at once. The lean call of the library: the body goes out as it is, the answer comes
back as bytes.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast
from urllib.parse import urlsplit

import httpx
import openai
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

OPENAI_URL: Final = "https://api.openai.com/v1"
MOST_TRIES: Final = 3
LONGEST_PAUSE_S: Final = 20.0
_FIRST_PAUSE_S: Final = 0.5
_CONNECT_S: Final = 5.0
#: How much longer than a whole answer a single read may take: the whole answer's time speaks first.
_BACKSTOP_S: Final = 5.0
_NO_KEY: Final = "none"
_PASSING: Final = frozenset({408, 409, 425, 429})
_WORD = re.compile(r"[a-z0-9_]{1,60}", re.ASCII)

Sleep = Callable[[float], Awaitable[None]]


class ModelError(Exception):
    """No answer. `requests`: how many were made; the message may be shown to an operator."""

    def __init__(self, text: str, *, requests: int = 0) -> None:
        super().__init__(text)
        self.requests = requests


class Late(ModelError):
    """The answer was not there in time."""


class Garbled(ModelError):
    """An answer came that is no JSON object."""


class Unreachable(ModelError):
    """The endpoint could not be reached, or is busy for longer than we wait."""


class Rejected(ModelError):
    """The endpoint does not take the request: a wrong key, an unknown model, too long a prompt."""


class _Passing(Exception):
    """Something that may be over in a moment. `pause`: how long the endpoint asks us to wait."""

    def __init__(self, text: str, pause: float | None = None) -> None:
        super().__init__(text)
        self.pause = pause


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and how many requests it took."""

    body: dict[str, Any]
    requests: int


class ModelClient:
    """Asks one endpoint. `timeout`: seconds for one whole answer."""

    def __init__(
        self, library: openai.AsyncOpenAI, *, timeout: float, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._library = library
        self._timeout = timeout
        self._sleep = sleep

    async def ask(self, body: Mapping[str, Any], *, most: int = MOST_TRIES) -> Answer:
        """One answer, out of `most` requests at most. Raises `ModelError`, and nothing else."""
        made = 0
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(_Passing),
            stop=stop_after_attempt(max(1, min(most, MOST_TRIES))),
            wait=_pause,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    made += 1
                    raw = await self._once(dict(body))
        except _Passing as passing:
            raise Unreachable(str(passing), requests=made) from passing
        except ModelError as error:
            error.requests = made
            raise
        return Answer(_object(raw, made), made)

    async def close(self) -> None:
        """Close the connections."""
        await self._library.close()

    async def _once(self, body: dict[str, Any]) -> bytes:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._library.post(
                    "/chat/completions",
                    body=body,
                    cast_to=bytes,
                    options={"follow_redirects": False},
                )
        except TimeoutError:
            raise Late(f"no answer within {self._timeout:g} seconds") from None
        except openai.APIStatusError as error:
            raise _what(error) from None
        except openai.APIConnectionError:
            raise _Passing("the model's endpoint could not be reached") from None
        except Exception as fault:
            # The transport's own errors come through where the library does not know them. Only
            # its kind is told: a message may hold what was sent.
            raise Unreachable(f"the way to the model failed: {type(fault).__name__}") from None


def limit_name(base_url: str | None) -> str:
    """What an endpoint calls the longest answer it may give.

    OpenAI's newer models refuse the older name, and many others know no other.
    """
    return "max_completion_tokens" if (base_url or OPENAI_URL) == OPENAI_URL else "max_tokens"


def model_client(
    *,
    base_url: str | None,
    api_key: str | None,
    timeout: float,
    sleep: Sleep = asyncio.sleep,
    http_client: httpx.AsyncClient | None = None,
) -> ModelClient:
    """A client of this endpoint, over aiohttp unless another transport is handed in.

    Nothing else makes one. An endpoint on this machine is never asked through a proxy.
    """
    url = base_url or OPENAI_URL
    limits = httpx.Timeout(timeout + _BACKSTOP_S, connect=min(_CONNECT_S, timeout))
    transport: Any = http_client
    if transport is None:
        transport = openai.DefaultAioHttpClient(follow_redirects=False, trust_env=not _is_here(url))
    library = openai.AsyncOpenAI(
        base_url=url,
        api_key=api_key or _NO_KEY,
        max_retries=0,
        timeout=cast(Any, limits),
        http_client=transport,
    )
    return ModelClient(library, timeout=timeout, sleep=sleep)


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == "localhost" or host.startswith("127.") or host == "::1"


def _what(error: openai.APIStatusError) -> Exception:
    """What a status means for us."""
    status, code = error.status_code, _code(error)
    said = f"the model's endpoint answered {status}{f' ({code})' if code else ''}"
    if code == "insufficient_quota" or not (status in _PASSING or status >= 500):
        return Rejected(said)
    pause = _asked_to_wait(error.response.headers)
    if pause is not None and pause > LONGEST_PAUSE_S:
        return Unreachable(f"{said} and asks us to wait for {pause:.0f} seconds")
    return _Passing(said, pause)


def _code(error: openai.APIStatusError) -> str:
    """The endpoint's own word for it, where it is one word: its sentences may hold the prompt."""
    body = error.body if isinstance(error.body, dict) else {}
    word = body.get("code") or body.get("type")
    return word if isinstance(word, str) and _WORD.fullmatch(word) else ""


def _asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds of `Retry-After`, a number or a date; a date is measured by the endpoint's own."""
    said = headers.get("retry-after-ms")
    if said is not None and said.isascii() and said.isdigit():
        return int(said[:9]) / 1_000
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return float(said[:9])
    try:
        until = parsedate_to_datetime(said)
        now = parsedate_to_datetime(headers.get("date", ""))
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    if isinstance(error, _Passing) and error.pause is not None:
        return error.pause
    return _FIRST_PAUSE_S * 2.0 ** (state.attempt_number - 1)


def _object(raw: bytes, made: int) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise Garbled("the answer is no JSON", requests=made) from None
    if not isinstance(body, dict):
        raise Garbled("the answer is no JSON object", requests=made)
    return body
