"""The memory index as operators see it: how far it is, whether it must be written anew, doing so.

The database is what counts: vectors can be made from it at any time. They are written into a new
folder while recall goes on with the old one, which is then exchanged. Recall embeds on the fly what
has no vector of its embedder, so nothing is lost and nothing is compared that should not be.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from threading import Event
from typing import Any

import structlog
from sqlalchemy import Connection, func, select

from agent.errors import Conflict
from agent.recall import Recall
from agent.vector_store import VectorsUnavailable, Writing
from customers import memory_text
from store.clock import Clock
from store.database import Database
from store.schema import memories

log = structlog.get_logger("usher.memory")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild is. `state`: `never`, `running`, `done`, `failed` or `stopped`."""

    state: str = "never"
    done: int = 0
    total: int = 0
    started_at: int | None = None
    ended_at: int | None = None
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As people and programs see it."""
        return {
            "state": self.state,
            "done": self.done,
            "total": self.total,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "error": self.error,
        }


class MemoryIndex:
    """One a deployment."""

    def __init__(self, db: Database, clock: Clock, recall: Recall) -> None:
        self._db = db
        self._clock = clock
        self._recall = recall
        self._progress = Progress()
        self._stop = Event()
        self._task: asyncio.Task[None] | None = None

    async def status(self) -> dict[str, Any]:
        """How many memories there are and have vectors, and why they should be written anew.

        `unreachable` says why `vectors` is not known, where the server of vectors does not answer.
        """
        vectors, embedder = self._recall.vectors, self._recall.embedder
        kept, waiting = await self._db.read(_counted)
        stored: int | None = None
        unreachable = None
        why = []
        try:
            stored = await asyncio.to_thread(vectors.count)
            others = await asyncio.to_thread(vectors.of_others)
        except VectorsUnavailable as fault:
            unreachable = str(fault)
        else:
            if others:
                named = ", ".join(others)
                why.append(f"there are vectors of another embedder ({named}); they are not used")
            missing = kept - waiting - stored
            if missing > 0:
                why.append(f"{missing} memories have no vector of {embedder.name}")
        return {
            "embedder": embedder.name,
            "memories": kept,
            "waiting": waiting,
            "vectors": stored,
            "unreachable": unreachable,
            "recalled_without_vectors": self._recall.without_vectors,
            "rebuild_needed": bool(why),
            "why": why,
            "rebuild": self._progress.as_json(),
        }

    async def rebuild(self) -> dict[str, Any]:
        """Begin to write all vectors anew; the status. Raises `Conflict` while one is under way."""
        if self._task is not None and not self._task.done():
            raise Conflict("the memory index is being written anew already")
        self._stop.clear()
        total, _ = await self._db.read(_counted)
        self._progress = Progress("running", 0, total, self._clock.now_us())
        self._task = asyncio.create_task(self._work(), name="memory-rebuild")
        return await self.status()

    async def idle(self) -> None:
        """Return once nothing is being written anew."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def stop(self) -> None:
        """Give up what is under way; the old vectors stay."""
        self._stop.set()
        await self.idle()

    async def _work(self) -> None:
        try:
            async with self._recall.indexing:
                state, fresh = await asyncio.to_thread(self._write)
                for page in _pages(fresh):
                    await self._db.write(memory_text.mark_indexed, page)
            self._end(state)
        except Exception as fault:
            # By its class only: a message may hold what somebody said. The old vectors stay.
            log.error("memory_rebuild_failed", error=type(fault).__name__)
            self._end("failed", error=type(fault).__name__)

    def _end(self, state: str, *, error: str | None = None) -> None:
        self._progress = replace(
            self._progress, state=state, ended_at=self._clock.now_us(), error=error
        )

    def _write(self) -> tuple[str, dict[str, str]]:
        """Write every vector into a new folder; what had none before, with whose it is."""
        fresh: dict[str, str] = {}
        with self._recall.vectors.anew() as new:
            after = ""
            while rows := self._db.read_now(memory_text.all_after, after):
                if self._stop.is_set():
                    return "stopped", {}
                self._one_page(new, rows)
                fresh |= {row.id: row.customer_id for row in rows if not row.indexed}
                after = rows[-1].id
            new.take_place(lambda ids: self._db.read_now(memory_text.alive, ids))
        return "done", fresh

    def _one_page(self, new: Writing, rows: list[Any]) -> None:
        ids, vectors = self._recall.vectors_of(rows)
        if ids:
            new.add(ids, vectors)
        done = self._progress.done + len(rows)
        total = max(done, self._progress.total)  # more may have come in since
        self._progress = replace(self._progress, done=done, total=total)


def _pages(stored: dict[str, str], size: int = 500) -> list[dict[str, str]]:
    items = list(stored.items())
    return [dict(items[k : k + size]) for k in range(0, len(items), size)]


def _counted(conn: Connection) -> tuple[int, int]:
    """How many memories there are, and how many of them wait to be indexed."""
    rows = conn.execute(select(memories.c.indexed, func.count()).group_by(memories.c.indexed))
    by = {int(indexed): int(n) for indexed, n in rows}
    return sum(by.values()), by.get(0, 0)
