"""Forgetting a person: DESIGN P10 in order, from the first tombstone to the last file.

What matters is done when the answer leaves: the keys are destroyed, so tables, journal, vectors,
outbox and backups are noise. Rows and files are deleted next, and compacting them goes on behind
the answer.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from sqlalchemy import Connection, select

from agent import told
from agent.accepting import LABEL
from agent.recall import Recall
from customers import erasure, outward
from customers.erasure import LegalHold
from store.clock import Clock
from store.database import Database
from store.ids import new_id
from store.schema import effects, inbox
from store.sealing import Vault
from tools.channels.outbox import Outbox

log = structlog.get_logger("usher.forgetting")


class Forgetting:
    """Erases people, one at a time."""

    def __init__(self, db: Database, clock: Clock, recall: Recall, outbox: Outbox) -> None:
        self._db = db
        self._clock = clock
        self._recall = recall
        self._outbox = outbox
        self._one_at_a_time = asyncio.Lock()
        self._compacting: asyncio.Task[None] | None = None

    async def erase(self, customer_id: str, *, by: str, compact: bool = True) -> dict[str, Any]:
        """Erase somebody; the receipt. Raises `LegalHold` where the law forbids it.

        `compact` False: whoever erases many calls `compact` once, behind the last.
        """
        async with self._one_at_a_time:
            now_us = self._clock.now_us()
            everyone = await self._db.write(_prepare, self._db.vault, customer_id, now_us=now_us)
            keys = await asyncio.to_thread(self._db.vault.destroy, everyone)
            older = await asyncio.to_thread(self._db.vault.begin_intake)
            dropped = await self._db.write(
                erasure.drop_dead_letters, self._db.vault, everyone, label=LABEL
            )
            await self._db.write(reseal_inbox, self._db.vault)
            await asyncio.to_thread(self._db.vault.destroy, older)
            letters = await self._db.read(_effects_of, everyone)
            memory_ids = await self._db.read(erasure.memories_of, everyone)
            await asyncio.to_thread(self._recall.vectors.delete, memory_ids)
            removed = await asyncio.to_thread(self._outbox.remove, letters)
            receipt = await self._db.write(
                erasure.delete_rows,
                everyone,
                erasure_id=new_id("era"),
                by=by,
                now_us=now_us,
                keys=keys,
                dead_letters=dropped,
                outbox_files=removed,
            )
            del receipt["memory_ids"]
            receipt["outbox_files_deleted"] = removed
            receipt["systems"] = await self._db.read(told.of_erasure, everyone[0])
            if compact:
                self.compact(vectors=bool(memory_ids))
            return receipt

    async def resume(self) -> None:
        """Finish what a stopped process left half done; the keys are gone already or go now."""
        for customer_id in await self._db.read(erasure.unfinished):
            log.info("erasure_taken_up_again", customer_id=customer_id)
            try:
                await self.erase(customer_id, by="usher, after a stop")
            except LegalHold:
                log.warning("erasure_held", customer_id=customer_id)

    async def idle(self) -> None:
        """Return once nothing is being compacted."""
        if self._compacting is not None:
            await self._compacting

    def compact(self, *, vectors: bool) -> None:
        """Rewrite the database's file, and the vectors, behind everything else."""
        before = self._compacting

        async def work() -> None:
            if before is not None:
                await before
            try:
                await self._db.compact()
                if vectors:
                    await asyncio.to_thread(self._recall.vectors.rebuild)
            except Exception as fault:
                # Compacting only tidies up what is noise already; the next erasure does it again.
                log.error("compaction_failed", error=type(fault).__name__)

        self._compacting = asyncio.create_task(work(), name="compaction")


def _prepare(conn: Connection, vault: Vault, customer_id: str, *, now_us: int) -> list[str]:
    """Cut the person off, and have every connected system told while it can be said whom."""
    everyone = erasure.prepare(conn, customer_id, now_us=now_us)
    outward.erased(conn, vault, everyone, now_us=now_us)
    return everyone


def reseal_inbox(conn: Connection, vault: Vault) -> int:
    """Give what still waits in the inbox the newest intake key, so that the older ones can go."""
    rows = conn.execute(
        select(inbox.c.seq, inbox.c.payload_sealed).where(inbox.c.payload_sealed.is_not(None))
    ).all()
    for seq, sealed in rows:
        body = vault.open(LABEL, sealed)
        conn.execute(
            inbox.update()
            .where(inbox.c.seq == seq)
            .values(payload_sealed=vault.seal(vault.intake(), LABEL, body))
        )
    return len(rows)


def _effects_of(conn: Connection, everyone: list[str]) -> list[str]:
    rows = conn.execute(select(effects.c.id).where(effects.c.customer_id.in_(everyone)))
    return [str(row.id) for row in rows]


__all__ = ["Forgetting", "LegalHold", "reseal_inbox"]
