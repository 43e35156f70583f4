"""Retention: data that is older than its class is kept goes, once a day by business time.

A class that no setting names is kept for good. Decisions and their journal are chained and stay
until their person is erased. Nobody under a legal hold is touched. What caps count stays as long
as any pack in force can count it, whatever the settings say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection

from agent import sweeping
from agent.errors import Conflict
from agent.forgetting import Forgetting
from agent.recall import Recall
from agent.retention_times import CLASSES, Class, microseconds
from agent.sweeping import ROWS, UNIT
from customers.erasure import LegalHold
from policies.pack import PolicyError
from store.clock import Clock
from store.database import Database
from tools.channels.outbox import Outbox
from tools.counted import contacts_count_for_us
from tools.instants import DAY_US
from tools.packs import NoPack, PackShelf

log = structlog.get_logger("usher.retention")

#: Real time; the start belongs to what waits to be decided.
FIRST_AFTER_SECONDS = 120.0
EVERY_SECONDS = 3_600.0
#: So many people are erased in one day at most; each takes a while.
MOST_PEOPLE = 500
#: Contacts are kept so much longer than the longest window of a cap.
_BEYOND_CAPS_US = 31 * DAY_US


class CapsNeedThem(Conflict):
    """Contacts would go that caps still count."""


@dataclass(frozen=True, slots=True)
class Swept:
    """The newest sweep of a class. `error`: the class of what stood in the way."""

    at: int
    rows: int
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As operators see it."""
        return {"at": self.at, "rows": self.rows, "error": self.error}


class Retention:
    """Sweeps a deployment. `kept_for` is the setting."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        recall: Recall,
        forgetting: Forgetting,
        outbox: Outbox,
        shelf: PackShelf,
        kept_for: Mapping[Class, str],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._db = db
        self._clock = clock
        self._recall = recall
        self._forgetting = forgetting
        self._outbox = outbox
        self._shelf = shelf
        self._kept_for = dict(kept_for)
        self._sleep = sleep
        self._swept: dict[Class, Swept] = {}
        self._one_at_a_time = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Sweep from now on; simulated time asks for it where it stops (`agent.timekeeper`)."""
        if self._kept_for and not self._clock.simulated:
            self._task = asyncio.create_task(self._work(), name="retention")

    async def stop(self) -> None:
        """Sweep no more; what has gone is gone, and the rest goes another day."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _work(self) -> None:
        await self._sleep(FIRST_AFTER_SECONDS)
        while True:
            await self.sweep_if_due()
            await self._sleep(EVERY_SECONDS)

    async def sweep_if_due(self) -> None:
        """Sweep each class that was not swept within a day; one that failed is tried again."""
        async with self._one_at_a_time:
            for name in CLASSES:
                last = self._swept.get(name)
                now_us = self._clock.now_us()
                fresh = last is not None and last.error is None and now_us - last.at < DAY_US
                if name in self._kept_for and not fresh:
                    self._swept[name] = await self._sweep(name, now_us)

    async def status(self) -> list[dict[str, Any]]:
        """Every class: how long it is kept, its oldest row, how much is due, the newest sweep.

        `due` of people and letters says how many the next sweep would take.
        """
        found = []
        for name in CLASSES:
            before, why_not = await self._before(name, self._clock.now_us())
            last = self._swept.get(name)
            found.append(
                {
                    "class": name,
                    "kept_for": self._kept_for.get(name),
                    "oldest_at": await self._oldest(name),
                    "due": 0 if before is None else await self._due(name, before),
                    "held_back": why_not,
                    "swept_last": None if last is None else last.as_json(),
                }
            )
        return found

    # -- sweeping ----------------------------------------------------------------------------------

    async def _sweep(self, name: Class, now_us: int) -> Swept:
        gone, error = 0, None
        try:
            before, _ = await self._before(name, now_us)
            if before is not None:
                gone = await self._take(name, before)
        except Exception as fault:
            # By its class only. What has gone is gone; the rest is tried again within the hour.
            error = type(fault).__name__
            log.error("retention_failed", of=name, error=error)
        if gone:
            log.info("retention_swept", of=name, rows=gone)
        return Swept(now_us, gone, error)

    async def _take(self, name: Class, before: int) -> int:
        if name == "idle_profiles":
            return await self._people(before)
        if name == "outbox":
            return await self._letters(before)
        rows, gone, after = ROWS[name], 0, None
        while True:
            page = await self._db.read(rows.page, before=before, after=after)
            if page.keys and name == "memories":
                gone += await self._memories(page.keys, before)
            elif page.keys:
                gone += await self._db.write(rows.go, page.keys, before=before)
            if page.last is None:
                return gone
            after = page.last

    async def _memories(self, memory_ids: list[str], before: int) -> int:
        """The vectors go first, so that no crash in between leaves one behind."""
        async with self._recall.indexing:
            await asyncio.to_thread(self._recall.vectors.delete, memory_ids)
            return await self._db.write(ROWS["memories"].go, memory_ids, before=before)

    async def _letters(self, before: int) -> int:
        gone = 0
        lying = await asyncio.to_thread(self._outbox.ids)
        for start in range(0, len(lying), UNIT):
            page = lying[start : start + UNIT]
            old = await self._db.read(sweeping.old_letters, page, before=before)
            gone += await asyncio.to_thread(self._outbox.remove, old)
        return gone

    async def _people(self, before: int) -> int:
        gone, now_us = 0, self._clock.now_us()
        after: str | None = ""
        while after is not None and gone < MOST_PEOPLE:
            page = await self._db.read(sweeping.idle, before=before, now_us=now_us, after=after)
            for customer_id in page.keys[: MOST_PEOPLE - gone]:
                gone += await self._erase(customer_id, before, now_us)
            after = page.last
        if gone:
            self._forgetting.compact(vectors=True)
        return gone

    async def _erase(self, customer_id: str, before: int, now_us: int) -> int:
        idle = await self._db.read(sweeping.still_idle, customer_id, before=before, now_us=now_us)
        if not idle:
            return 0
        try:
            await self._forgetting.erase(customer_id, by="usher, retention", compact=False)
        except LegalHold:
            return 0
        return 1

    # -- how much ----------------------------------------------------------------------------------

    async def _before(self, name: Class, now_us: int) -> tuple[int | None, str | None]:
        """What is older than this instant is due; None and why where nothing is."""
        said = self._kept_for.get(name)
        if said is None:
            return None, None
        before = now_us - microseconds(said)
        if name != "contacts":
            return before, None
        least = await self._db.read(least_for_caps, self._shelf)
        if least is None:
            return None, "a pack in force counts contacts without an end, or cannot be read"
        if now_us - least < before:
            return now_us - least, f"caps in force need {least // DAY_US} days"
        return before, None

    async def _oldest(self, name: Class) -> int | None:
        if name in ROWS:
            return await self._db.read(ROWS[name].oldest)
        if name == "outbox":
            lying = await asyncio.to_thread(self._outbox.ids)
            return await self._db.read(sweeping.letter_at, lying[0]) if lying else None
        return None

    async def _due(self, name: Class, before: int) -> int:
        if name == "outbox":
            lying = await asyncio.to_thread(self._outbox.ids)
            pages = [lying[start : start + UNIT] for start in range(0, len(lying), UNIT)]
            return sum(
                [len(await self._db.read(sweeping.old_letters, p, before=before)) for p in pages]
            )
        due, after = 0, None
        while True:
            if name == "idle_profiles":
                now_us = self._clock.now_us()
                page = await self._db.read(
                    sweeping.idle, before=before, now_us=now_us, after=after or ""
                )
            else:
                page = await self._db.read(ROWS[name].page, before=before, after=after)
            due += len(page.keys)
            if page.last is None:
                return due
            after = page.last


def least_for_caps(conn: Connection, shelf: PackShelf) -> int | None:
    """For how long contacts must be kept, in microseconds, so that every cap in force counts right.

    None: for good.
    """
    packs = shelf.in_force(conn)
    try:
        back = contacts_count_for_us(packs.pack(name) for name in packs.names)
    except (NoPack, PolicyError):
        return None
    return None if back is None else back + _BEYOND_CAPS_US


def check(conn: Connection, shelf: PackShelf, kept_for: Mapping[Class, str]) -> None:
    """Raises `CapsNeedThem` where contacts are to be kept for less than caps in force count."""
    said = kept_for.get("contacts")
    if said is None:
        return
    least = least_for_caps(conn, shelf)
    if least is None:
        raise CapsNeedThem(
            "retention: contacts are counted without an end by a pack in force, or a pack cannot "
            "be read; leave contacts unset"
        )
    if microseconds(said) < least:
        raise CapsNeedThem(
            f"retention: contacts are kept for {said}, and caps in force need "
            f"P{-(-least // DAY_US)}D (their longest window and 31 days); keep them as long"
        )
