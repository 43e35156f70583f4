"""What is counted for people who look: spans of days, rules that refused, who is behind them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from sqlalchemy import Connection

from agent import behind
from agent.close_calls import CloseCalls, close_calls, listed, who_came_close
from agent.period import Period, period, since
from agent.readiness import Readiness, modes, readiness
from agent.refusals import Refusals, refusals
from prompts.agents import AgentFile
from store.clock import Clock
from store.database import Database
from store.sealing import Vault
from tools.packs import PackShelf


class Counts:
    """Reads; changes nothing. A span is of `days` days, today being one of them.

    `goals`: those that agents pursue; packs that decide others are in use by nobody.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        shelf: PackShelf,
        pack_name: str,
        *,
        goals: Callable[[], Collection[str]],
    ) -> None:
        self._db = db
        self._clock = clock
        self._shelf = shelf
        self._pack_name = pack_name
        self._goals = goals

    async def readiness(self, agents: Iterable[AgentFile]) -> Readiness:
        """How far this deployment has come."""
        return await self._db.read(readiness, list(agents))

    async def modes(self, agents: Iterable[AgentFile]) -> dict[str, str]:
        """How far each agent goes now."""
        return await self._db.read(modes, list(agents))

    async def period(self, days: int) -> Period:
        """Decisions, contacts, budgets, what waits, what failed closed."""
        return await self._db.read(
            period,
            self._shelf,
            self._pack_name,
            goals=self._goals(),
            start=since(self._clock, days),
            now_us=self._clock.now_us(),
        )

    async def refusals(self, days: int) -> Refusals:
        """Rules that stood in the way, those that refused most first."""
        return await self._db.read(refusals, self._db.vault, start=since(self._clock, days))

    async def close_calls(self) -> CloseCalls:
        """What failed closed and what came close to a limit in the last days."""
        return await self._db.read(
            close_calls, self._shelf, self._pack_name, now_us=self._clock.now_us()
        )

    async def near_misses(self, limit: int) -> list[dict[str, Any]]:
        """How many effects came close to each limit, by day, newest first."""
        return await self._db.read(listed, self._shelf, self._pack_name, limit=limit)

    async def who_came_close(self, days: int, rule: str) -> list[str]:
        """The decisions whose effects came close to a limit, newest first."""
        start = since(self._clock, days)
        return await self._db.read(
            who_came_close, self._db.vault, self._shelf, rule=rule, start=start
        )

    async def who_ended(self, days: int, status: str | None, limit: int) -> list[dict[str, Any]]:
        """The decisions that stand in a status; None: all that were woken."""
        start = since(self._clock, days)
        return await self._db.read(_ended, self._db.vault, start=start, status=status, limit=limit)

    async def who_got(
        self, days: int, *, channel: str, class_: str, limit: int
    ) -> list[dict[str, Any]]:
        """The decisions whose contacts went out."""
        return await self._db.read(
            _sent,
            self._db.vault,
            start=since(self._clock, days),
            channel=channel,
            class_=class_,
            limit=limit,
        )

    async def told(self, decision_ids: list[str]) -> list[dict[str, Any]]:
        """These decisions in words."""
        return await self._db.read(behind.told, self._db.vault, decision_ids)


def _ended(
    conn: Connection, vault: Vault, *, start: int, status: str | None, limit: int
) -> list[dict[str, Any]]:
    ids = behind.ended(conn, start=start, status=status, limit=limit)
    return behind.told(conn, vault, ids)


def _sent(
    conn: Connection, vault: Vault, *, start: int, channel: str, class_: str, limit: int
) -> list[dict[str, Any]]:
    ids = behind.sent(conn, start=start, channel=channel, class_=class_, limit=limit)
    return behind.told(conn, vault, ids)
