"""Suppression lists as operators meet them: taken row by row, and read back page by page.

Writers wait for nothing but writing: between what is written, everybody's addresses are searched
for the digests of a list by a reader. Whoever appears meanwhile has inherited already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from agent.paging import Page, checked_limit, page_of
from customers import suppression_lists
from customers.suppression_entries import parsed
from store.clock import Clock
from store.database import Database
from store.ids import new_id

log = structlog.get_logger("usher.suppressing")

_LOGGED_EVERY = 50_000


class Suppressing:
    """Service over suppression lists. `wake` starts a lane, so that what was stopped is told."""

    def __init__(self, db: Database, clock: Clock, *, wake: Callable[[str], None]) -> None:
        self._db = db
        self._clock = clock
        self._wake = wake

    async def add(self, rows: Sequence[Mapping[str, Any]], *, by: str) -> list[dict[str, Any]]:
        """Take a list: `{outcome: known|unknown|refused, why, queued_contacts_cancelled}` a row.

        Durable and in force on return. Taken again, after whatever interruption, it ends the same.
        """
        now_us, vault = self._clock.now_us(), self._db.vault
        entries = [parsed(row, now_us=now_us) for row in rows]
        done = await self._db.write(
            suppression_lists.record, vault, entries, by=by, now_us=now_us, fresh_id=new_id
        )
        behind = await asyncio.to_thread(
            self._db.read_now, suppression_lists.people_behind, vault, entries, progress=_progress
        )
        if behind:
            done = await self._db.write(
                suppression_lists.hand_over, vault, entries, done, behind, now_us=now_us
            )
        for customer_id in sorted({person for o in done if o.stopped for person in o.people}):
            self._wake(customer_id)
        return [
            {"outcome": o.outcome, "why": o.why, "queued_contacts_cancelled": o.stopped}
            for o in done
        ]

    async def listing(self, *, after: str | None, limit: int) -> Page:
        """Suppressions in force, newest first (`customers.suppression_lists.export`)."""
        checked_limit(limit)
        rows = await self._db.read(
            suppression_lists.export,
            self._db.vault,
            now_us=self._clock.now_us(),
            after=after,
            limit=limit + 1,
        )
        return page_of(rows, limit=limit, key="id")

    async def erased(self) -> int:
        """How many identifiers of erased people are withheld; none of them is ever listed."""
        return await self._db.read(suppression_lists.erased_identifiers)


def _progress(searched: int) -> None:
    if searched % _LOGGED_EVERY == 0:
        log.info("digests_searched_for", identifiers=searched)
