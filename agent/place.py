"""A place among those that are worked for at once; left while there is nothing to do but wait."""

from __future__ import annotations

import asyncio


class Place:
    """One lane's place. Taking and leaving it twice changes nothing."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places = places
        self._held = False

    async def take(self) -> None:
        """Wait for a place."""
        if not self._held:
            await self._places.acquire()
            self._held = True

    def leave(self) -> None:
        """Let somebody else have it."""
        if self._held:
            self._held = False
            self._places.release()
