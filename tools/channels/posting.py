"""One POST to another system: encrypted unless on this machine, no redirects, bounded in time.

The answer's body is never read. What goes wrong is told by a word of ours, never by what a library
or a server said, which may repeat an address.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx

from tools.channels.receiver import Acknowledged, Answer, GivenUp, TryAgain

#: However long a server asks us to wait, it is asked again after a day.
LONGEST_WAIT_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Answered:
    """What a server answered. `wait_s`: what its `Retry-After` asks for, in seconds."""

    status: int
    wait_s: float | None = None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """None came, and why, in our words."""

    why: str


def client() -> httpx.AsyncClient:
    """A client for all receivers; it reads no proxy and no password from the environment."""
    return httpx.AsyncClient(
        follow_redirects=False,
        trust_env=False,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
    )


def checked_url(text: str) -> str:
    """A URL that may be posted to. Raises `ValueError`, which says what is wrong."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
        httpx.URL(text)
    except (ValueError, httpx.InvalidURL):
        raise ValueError("this is no URL such as https://shop.example/usher") from None
    printable = text.isascii() and all("!" <= c <= "~" for c in text)
    if parts.scheme not in ("https", "http") or not host or port == 0 or not printable:
        raise ValueError("this is no URL such as https://shop.example/usher")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValueError("a URL here has no name, no password and no #fragment")
    if parts.scheme == "http" and not _on_this_machine(host):
        raise ValueError("only https is sent to, or http on this machine")
    return text


async def post(
    http: httpx.AsyncClient,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout_s: float,
) -> Answered | NoAnswer:
    """Post once; what was answered, within so many seconds in all."""
    try:
        async with asyncio.timeout(timeout_s):
            async with http.stream(
                "POST", url, content=body, headers=dict(headers), timeout=timeout_s
            ) as answer:
                return Answered(answer.status_code, _wait(answer.headers.get("retry-after")))
    except (TimeoutError, httpx.TimeoutException):
        return NoAnswer(f"no answer within {timeout_s:g} seconds")
    except httpx.ConnectError:
        return NoAnswer("no connection")
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        return NoAnswer("the connection broke off before an answer")


def judged(said: Answered | NoAnswer, *, gone_stops: bool = False) -> Answer:
    """Any 2xx is an acknowledgement; the rest is tried again.

    `gone_stops`: 410 means that nothing more is wanted there (Standard Webhooks).
    """
    if isinstance(said, NoAnswer):
        return TryAgain(said.why)
    if 200 <= said.status < 300:
        return Acknowledged()
    if said.status == 410 and gone_stops:
        return GivenUp("it answered 410: it wants nothing more", stop=True)
    if 300 <= said.status < 400:
        return TryAgain(f"it answered {said.status}; redirects are not followed")
    return TryAgain(f"it answered {said.status}", said.wait_s)


def _wait(stated: str | None) -> float | None:
    """`Retry-After` in seconds; its form as a date is not read, our own schedule holds then."""
    try:
        seconds = float(stated) if stated else math.nan
    except ValueError:
        return None
    return min(seconds, LONGEST_WAIT_S) if 0 <= seconds < math.inf else None


def _on_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
