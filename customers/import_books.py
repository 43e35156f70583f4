"""Where an import keeps the place it has reached: in the database, or nowhere."""

from __future__ import annotations

from collections.abc import Sequence

from store import imports
from store.clock import Clock
from store.database import Database
from store.imports import ImportState


class DatabaseBook:
    """Keeps the place in the tables `imports` and `import_rejects`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, import_id: str) -> ImportState:
        """Where this import stands; begun if it is new."""
        return await self._database.write(imports.begin, import_id, self._clock.now_us())

    async def advance(
        self, import_id: str, rows_done: int, rejects: Sequence[tuple[int, str]]
    ) -> None:
        """The first `rows_done` rows are dealt with; `rejects` of them were set aside."""
        await self._database.write(imports.advance, import_id, rows_done, rejects)

    async def finish(self, import_id: str) -> None:
        """All rows are dealt with."""
        await self._database.write(imports.finish, import_id, self._clock.now_us())


class NoBook:
    """Keeps nothing: every run starts at the first row, and the sink's own ids prevent doubles."""

    async def begin(self, import_id: str) -> ImportState:
        """Always the beginning."""
        return ImportState(0, 0, None)

    async def advance(
        self, import_id: str, rows_done: int, rejects: Sequence[tuple[int, str]]
    ) -> None:
        """Nothing to keep."""

    async def finish(self, import_id: str) -> None:
        """Nothing to keep."""
