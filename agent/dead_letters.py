"""Dead letters as people see them: what each was, whose, when, what went wrong and what to do.

Nothing a customer or a system wrote is shown, only our own ids, kinds and classes of errors (P5).
`replay` lets one wait again and works it off at once; `discard` ends it for good, with a reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import structlog
from pydantic import BaseModel, ConfigDict, Field

from agent import setting_aside
from agent.errors import BadRequest, Conflict, NotFound
from agent.paging import Page, checked_limit
from agent.setting_aside import DeadLetter, Place
from store.database import Database

log = structlog.get_logger("usher.dead_letters")

_KINDS: Final = {
    "message": "a message that came in ({type}) and could not be given to anybody",
    "event": "an event of somebody's ({type}) that could not be taken up",
}
_WAKE_UPS: Final = {
    "release": "the moment at which a queued message was to go out",
    "check_back": "the second look that an agent had asked for",
    "journey_expiry": "the end of a journey",
    "approval_lapse": "the moment at which an unanswered question lapses",
    "effect_expiry": "the moment after which a queued message is too old to be sent",
    "plan_again": "a decision that was to be planned again",
    "another_look": "the time at which something that lost was to be looked at again",
    "approval_decided": "the answer that somebody gave to a question",
    "question_stopped": "a question that had to be taken back",
    "held_back": "something that a brake had held back",
    "lease_expiry": "the end of the time for which a colleague had somebody to themselves",
}
_MACHINE = ("the machine refused: {error}", "look at disk space and the log, then replay it")
_DATABASE = (
    "the database refused to write it down: {error}",
    "see that the database is well (usher doctor), then replay it",
)
_SHAPE = (
    "what it says could not be read: {error}",
    "send it again as it should be and discard this one, or replay it after an update",
)
#: By the class of the error: what went wrong, and what to do about it.
_CAUSES: Final = {
    "Erased": ("its person has been erased", "discard it"),
    "InvalidTag": (
        "it cannot be unsealed: it was changed, or sealed under another master key",
        "put the right master key back, then replay it",
    ),
    "ValueError": _SHAPE,
    "KeyError": _SHAPE,
    "TypeError": _SHAPE,
    "ValidationError": _SHAPE,
    "IntegrityError": _DATABASE,
    "OperationalError": _DATABASE,
    "DatabaseError": _DATABASE,
    "OSError": _MACHINE,
    "MemoryError": _MACHINE,
    "NoPack": ("no policy pack decides it", "publish the pack, then replay it"),
}
_OURS = (
    "a fault of ours: {error}",
    "the log names the line (set_aside, dead_letter); replay it after an update that mends it",
)
_GONE = "what it said is no longer kept, so it cannot be replayed; discard it"


class Discard(BaseModel):
    """Why a letter is ended for good. Everybody who works here reads it: name nobody in it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str = Field(min_length=1, max_length=300)


class DeadLetters:
    """The service. `wake` starts a customer's lane, `go_back_to` has an arrival resolved again."""

    def __init__(
        self,
        db: Database,
        *,
        wake: Callable[[str], None],
        go_back_to: Callable[[int], None],
    ) -> None:
        self._db = db
        self._wake = wake
        self._go_back_to = go_back_to

    async def listing(self, *, after: str | None, limit: int) -> Page:
        """Dead letters in words, newest first. Raises `BadRequest` for a place that is none."""
        checked_limit(limit)
        place = None if after is None else _place(after)
        found = await self._db.read(setting_aside.listing, after=place, limit=limit + 1)
        more = len(found) > limit
        last = found[limit - 1] if more else None
        return Page(
            [told(letter) for letter in found[:limit]],
            None if last is None else f"{last.at}:{last.id}",
        )

    async def count(self) -> int:
        """How many there are."""
        return await self._db.read(setting_aside.count)

    async def replay(self, letter_id: str, *, by: str) -> dict[str, Any]:
        """Let one wait again. Raises `NotFound`, and `Conflict` where it is no longer whole."""
        letter = await self._get(letter_id)
        again = await self._db.write(setting_aside.try_again, letter.id)
        if again is None:
            if not letter.whole:
                raise Conflict(_GONE)
            raise NotFound(f"there is no dead letter {letter_id} any more")
        log.info("dead_letter_replayed", id=letter.id, by=by)
        if again.customer_id is None:
            self._go_back_to(again.seq)
        else:
            self._wake(again.customer_id)
        return {"id": letter.id, "status": "waiting"}

    async def discard(self, letter_id: str, request: Discard, *, by: str) -> dict[str, Any]:
        """End one for good: it is never acted on. Raises `NotFound`."""
        letter = await self._get(letter_id)
        reason = f"discarded by {by}: {request.reason}"
        if not await self._db.write(setting_aside.discard, letter.id, reason=reason):
            raise NotFound(f"there is no dead letter {letter_id} any more")
        log.info("dead_letter_discarded", id=letter.id, by=by)
        return {"id": letter.id, "status": "discarded"}

    async def _get(self, letter_id: str) -> DeadLetter:
        found = await self._db.read(setting_aside.get, letter_id)
        if found is None:
            raise NotFound(f"there is no dead letter {letter_id}")
        return found


def told(letter: DeadLetter) -> dict[str, Any]:
    """A dead letter in plain words."""
    wrong, todo = _CAUSES.get(letter.error, _OURS)
    what = _WAKE_UPS.get(letter.type) if letter.kind == "wake_up" else _KINDS[letter.kind]
    return {
        "id": letter.id,
        "kind": letter.kind,
        "type": letter.type,
        "what": (what or letter.type).format(type=letter.type),
        "customer_id": letter.customer_id,
        "at": letter.at,
        "error": letter.error,
        "went_wrong": wrong.format(error=letter.error or "not noted"),
        "what_to_do": todo if letter.whole else _GONE,
        "can_replay": letter.whole,
    }


def _place(cursor: str) -> Place:
    at, _, letter_id = cursor.partition(":")
    if not at.isdecimal() or not letter_id:
        raise BadRequest("cursor: take next_cursor of the page before, as it is")
    return Place(int(at), letter_id)
