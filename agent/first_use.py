"""The first decision under a pack that came into force: noted once, off the decision's way."""

from __future__ import annotations

from collections.abc import Callable

from agent.run import Run
from store import pack_changes
from store.database import Database
from tools.packs import PackShelf


class FirstUses:
    """Notes first uses. What was noted since packs last changed is known and costs nothing."""

    def __init__(self, db: Database, shelf: PackShelf, machine_us: Callable[[], int]) -> None:
        self._db = db
        self._shelf = shelf
        self._machine_us = machine_us
        self._known: set[str] = set()
        self._changes = -1

    async def saw(self, run: Run) -> None:
        """Something of this decision is in the journal, under the pack of its last step."""
        if not run.steps or run.unflushed:
            return
        sha256 = run.steps[-1]["verdict"]["sha256"]
        if self._changes != self._shelf.changes:
            self._known.clear()
            self._changes = self._shelf.changes
        if sha256 in self._known:
            return
        self._known.add(sha256)
        await self._db.write(
            pack_changes.note_use, sha256, decision_id=run.id, at_us=self._machine_us()
        )
