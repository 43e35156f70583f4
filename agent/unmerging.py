"""Why records are one, and taking them apart again (`customers.split`), as operators do it.

A merge is shown with what showed it: the identifiers that one message named together, and whose
each was. Undone merges stay in the list, with who undid them and why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from agent.errors import BadRequest, Conflict, NotFound
from agent.merges_shown import merges_of
from agent.people import People
from customers.split import CannotSplit, Split, UnknownMerge, split
from store.clock import Clock
from store.database import Database


class Unmerge(BaseModel):
    """Take two records apart. `merge_id` may be left out where there is only one merge."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    merge_id: Annotated[str, Field(max_length=60)] | None = None
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class Unmerging:
    """The service. `wake` starts a customer's lane."""

    def __init__(
        self, db: Database, clock: Clock, people: People, *, wake: Callable[[str], None]
    ) -> None:
        self._db = db
        self._clock = clock
        self._people = people
        self._wake = wake

    async def merges(self, reference: str) -> list[dict[str, Any]]:
        """Every merge that this person took part in, newest first; undone ones too."""
        customer_id = await self._people.find(reference)
        return await self._db.read(merges_of, self._db.vault, customer_id)

    async def unmerge(self, reference: str, request: Unmerge, *, by: str) -> dict[str, Any]:
        """Take two records apart. Raises `NotFound`, `Conflict`; `BadRequest`: which of several."""
        shown = await self.merges(reference)
        standing = [str(each["id"]) for each in shown if each["undone_at"] is None]
        if request.merge_id is None and len(standing) > 1:
            raise BadRequest(f"merge_id says which of these: {', '.join(standing)}")
        merge_id = request.merge_id or next(iter(standing), "")
        if merge_id not in standing:
            raise NotFound("this customer has no such merge that could be undone")
        try:
            done: Split = await self._db.write(
                split,
                self._db.vault,
                merge_id=merge_id,
                by=by,
                reason=request.reason,
                now_us=self._clock.now_us(),
            )
        except UnknownMerge as unknown:
            raise NotFound(str(unknown)) from None
        except CannotSplit as refused:
            raise Conflict(str(refused)) from None
        self._wake(done.into)
        self._wake(done.absorbed)
        return {
            "merge_id": done.merge_id,
            "customer_ids": [done.into, done.absorbed],
            "rows_returned": done.rows,
            "messages_returned": done.arrivals,
            "queued_contacts_cancelled": done.cancelled,
        }
