"""What a drain hands to the loop, and what it names as impossible to take up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import OperationalError

from agent.run import Opening, Wake
from store.lanes import StaleEpoch


class Undrainable(Exception):
    """These events, or this wake-up, cannot be taken up; nothing has been. `cause`: a class."""

    def __init__(self, cause: str, *, event_ids: Sequence[str], wakeup_id: int | None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.event_ids = tuple(event_ids)
        self.wakeup_id = wakeup_id


@dataclass(frozen=True, slots=True)
class Joined:
    """An event for a decision that is under way, and what its journey is about by now."""

    journey_id: str
    decision_id: str
    wake: Wake
    context: dict[str, Any]


@dataclass(slots=True)
class Drained:
    """The work that is left for the loop, and what has been settled on the way.

    `over`: decisions that a crash left in a journey that is closed by now. `regates`: queued
    contacts whose facts may have changed, each with what came, where that is worth a line. `left`:
    statuses of decisions that were closed at once. `arrival`: the newest event of this customer
    that was there to be seen. `more_due`: what was taken up has made more due.
    """

    openings: list[Opening] = field(default_factory=list)
    over: list[tuple[Opening, str]] = field(default_factory=list)
    joined: list[Joined] = field(default_factory=list)
    ended: dict[str, str] = field(default_factory=dict)
    releases: list[str] = field(default_factory=list)
    regates: dict[str, str | None] = field(default_factory=dict)
    handovers: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    finished: list[tuple[str, str | None]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    arrival: int = 0
    more_after: int | None = None
    more_due: bool = False

    @property
    def empty(self) -> bool:
        """Whether the loop has nothing to do for it, and nothing more waits behind it."""
        return self.more_after is None and not (
            self.more_due
            or self.openings
            or self.over
            or self.joined
            or self.ended
            or self.releases
            or self.regates
            or self.handovers
            or self.answered
        )


@contextmanager
def blaming(event_ids: Sequence[str] = (), wakeup_id: int | None = None) -> Iterator[None]:
    """Name what could not be taken up. A database that fails, or a lost lane, is not its fault."""
    try:
        yield
    except (StaleEpoch, OperationalError, Undrainable):
        raise
    except Exception as fault:
        cause = type(fault).__name__
        raise Undrainable(cause, event_ids=event_ids, wakeup_id=wakeup_id) from fault
