"""The board: where those who wait for an event's decision are told that it has left `running`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class WaitingBoard:
    """Announcements by event id. Nothing is kept for events nobody waits for."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[asyncio.Future[str | None]]] = {}

    def announce(self, event_id: str, decision_id: str | None) -> None:
        """This event has left `running`; `decision_id` None where it was only recorded."""
        for future in self._waiting.get(event_id, ()):
            if not future.done():
                future.set_result(decision_id)

    @contextmanager
    def expect(self, event_id: str) -> Iterator[asyncio.Future[str | None]]:
        """A future for the announcement of one event, while the block lasts."""
        future: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(event_id, []).append(future)
        try:
            yield future
        finally:
            waiting = self._waiting[event_id]
            waiting.remove(future)
            if not waiting:
                del self._waiting[event_id]
