"""Pace: so many letters a second and no more, one after the other, in the order of asking.

A channel that is told to wait rests: nobody gets a turn before that is over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


class Pace:
    """Turns at an even distance. Whoever would wait longer than `patience` seconds gets none."""

    def __init__(
        self,
        per_second: float | None,
        *,
        patience: float = 20.0,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`per_second` None: as fast as they come, but for rests.

        `patience` is less than a claim is good for, so that whoever waited may still send.
        """
        self._every = 0.0 if per_second is None else 1.0 / per_second
        self._patience = patience
        self._monotonic = monotonic
        self._sleep = sleep
        self._next: float | None = None

    async def turn(self) -> bool:
        """Wait for a turn and take it; False at once where it would take too long."""
        now = self._monotonic()
        at = now if self._next is None else max(now, self._next)
        if at - now > self._patience:
            return False
        self._next = at + self._every
        if at > now:
            await self._sleep(at - now)
        return True

    def rest(self, seconds: float) -> None:
        """Give no further turn for so long. The longest of several rests counts."""
        until = self._monotonic() + max(seconds, 0.0)
        self._next = until if self._next is None else max(self._next, until)
