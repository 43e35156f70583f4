"""Anchoring: the heads of all chains are signed every few minutes, and at the end (P8).

By real time, because it guards against people at the machine, and only where something was added.
What was appended since the last anchor is guarded by its chain alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from store import anchors
from store.clock import Clock
from store.database import Database

log = structlog.get_logger("usher.anchoring")

EVERY_SECONDS = 600.0


class Anchoring:
    """Anchors a deployment's chains while it runs."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        every: float = EVERY_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._db = db
        self._clock = clock
        self._every = every
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Anchor from now on."""
        self._task = asyncio.create_task(self._work(), name="anchoring")

    async def stop(self) -> None:
        """Anchor a last time."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._anchor()

    async def _work(self) -> None:
        while True:
            await self._sleep(self._every)
            await self._anchor()

    async def _anchor(self) -> None:
        try:
            await self._db.write(anchors.anchor, self._db.vault, at=self._clock.now_us())
        except Exception as fault:
            # It is tried again with the next; what is appended goes on being chained.
            log.error("anchor_failed", error=type(fault).__name__)
