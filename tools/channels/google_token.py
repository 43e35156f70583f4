"""A Google access token, got anew before it ends (OAuth 2.0, RFC 6749 §6).

An access token holds for an hour; what stands in the environment is the refresh token that a person
has made once. Whoever comes while one is being got waits for it, so that it is asked for once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from tools.channels.asked_for import not_sent
from tools.channels.channel import SendResult
from tools.channels.http_call import HttpCall

TOKEN_URL: Final = "https://oauth2.googleapis.com"
#: A token that ends within this many seconds is not begun with.
_EARLY_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Grant:
    """Who we are to Google: the client, its secret, and the refresh token of an account."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)


class GoogleToken:
    """One account's token. `call`: the way to `TOKEN_URL`."""

    def __init__(
        self, call: HttpCall, grant: Grant, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Make it; nothing is asked before a token is needed."""
        self._call = call
        self._grant = grant
        self._monotonic = monotonic
        self._getting = asyncio.Lock()
        self._token: str | None = None
        self._until = 0.0

    async def get(self) -> str | SendResult:
        """A token that holds; else why there is none, which is always `not_sent`."""
        async with self._getting:
            if self._token is not None and self._monotonic() < self._until:
                return self._token
            return await self._fetch()

    def forget(self) -> None:
        """It was not taken: the next one who asks gets a new one."""
        self._token = None

    async def _fetch(self) -> str | SendResult:
        asked_at = self._monotonic()
        form = {
            "grant_type": "refresh_token",
            "client_id": self._grant.client_id,
            "client_secret": self._grant.client_secret,
            "refresh_token": self._grant.refresh_token,
        }
        answer = await self._call.ask(
            "POST",
            "/token",
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode("ascii"),
            still_ours=_always,
        )
        if isinstance(answer, SendResult):
            return not_sent(f"no access token: {answer.detail}")
        said = answer.json()
        if answer.status in (400, 401):
            return not_sent("Google does not know the client or the refresh token; make a new one")
        token = said.get("access_token") if isinstance(said, dict) else None
        if answer.status != 200 or not isinstance(token, str) or not token:
            return not_sent(f"Google gave no access token; it said {answer.status}")
        holds = said.get("expires_in")
        seconds = float(holds) if type(holds) is int else 0.0
        self._token, self._until = token, asked_at + seconds - _EARLY_S
        return token


async def _always() -> bool:
    """Getting a token hands nothing over."""
    return True
