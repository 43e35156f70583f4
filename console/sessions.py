"""Sessions of the console: a signed cookie that names a principal, and links that log in once.

The cookie is HttpOnly and SameSite=Strict, good for twelve hours, and worth nothing once its
principal is disabled. A link is good for one use and half an hour, and lives in this process only.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from store.database import Database
from store.principals import Principal, of_id

COOKIE = "usher_session"
GOOD_FOR_S = 12 * 3600
LINK_GOOD_FOR_S = 30 * 60


@dataclass(frozen=True, slots=True)
class _Link:
    principal_id: str
    until: float


class Sessions:
    """Makes and reads cookies and links. Times are the machine's: business time may stand still."""

    def __init__(
        self,
        db: Database,
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db = db
        self._wall = wall
        self._monotonic = monotonic
        self._links: dict[str, _Link] = {}

    def cookie_of(self, principal: Principal) -> str:
        """A fresh cookie's value."""
        said = f"{principal.id}.{int(self._wall()) + GOOD_FOR_S}"
        return f"{said}.{self._signature(said)}"

    async def principal_of(self, cookie: str | None) -> Principal | None:
        """Whose session this is; None where it is nobody's, over, or forged."""
        said, _, signature = (cookie or "").rpartition(".")
        if not said or not hmac.compare_digest(signature.encode(), self._signature(said).encode()):
            return None
        principal_id, _, until = said.partition(".")
        if not until.isdigit() or int(until) <= self._wall():
            return None
        return await self._db.read(of_id, principal_id)

    def link_for(self, principal_id: str) -> str:
        """A token that logs this principal in, once."""
        token = secrets.token_urlsafe(24)
        self._links[token] = _Link(principal_id, self._monotonic() + LINK_GOOD_FOR_S)
        return token

    async def use_link(self, token: str) -> Principal | None:
        """Whom a link logs in; None where it was used, is over, or never was."""
        link = self._links.pop(token, None)
        if link is None or link.until <= self._monotonic():
            return None
        return await self._db.read(of_id, link.principal_id)

    def _signature(self, said: str) -> str:
        return self._db.vault.lookup("console-session", said)
