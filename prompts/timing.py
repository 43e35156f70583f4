"""When, in an agent's file: what is noticed because it did not happen, and the hour that suits.

`detects` names an event that nobody sends: it is taken to have happened some time after the last of
some events, unless one of others came. `best_hour` lets a marketing contact wait for the hour of
the day in which its person answers; it only ever makes a contact later.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from prompts.durations import Duration, microseconds
from prompts.source import Strict

EventName = Annotated[str, Field(min_length=1, max_length=120)]
#: No learned hour is worth more than a day: the hour comes round again by then.
_LONGEST_WAIT_US = 24 * 3_600 * 1_000_000
_LONGEST_DETECTED_US = 30 * 24 * 3_600 * 1_000_000


class Detect(Strict):
    """An event that is noticed `after` the newest event `of` these, `unless` one of those came."""

    event: EventName
    after: Duration
    of: tuple[EventName, ...] = Field(min_length=1, strict=False)
    unless: tuple[EventName, ...] = Field(min_length=1, strict=False)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        for name in self.of:
            if name in self.unless:
                raise ValueError(f"'{name}' stands in of: and in unless:; it can be only one")
        if self.event in self.of:
            raise ValueError(f"'{self.event}' cannot be detected by itself; take it out of of:")
        if self.after_us > _LONGEST_DETECTED_US:
            raise ValueError("after: is at most P30D; older events are of no use for this")
        return self

    @property
    def after_us(self) -> int:
        """How long nothing else may have come, in microseconds."""
        return microseconds(self.after)


class BestHour(Strict):
    """A marketing contact may wait `within` so long for an hour learned of so many answers."""

    within: Duration
    at_least: int = Field(default=5, ge=1, le=1_000)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.within_us > _LONGEST_WAIT_US:
            raise ValueError("within: is at most P1D, because the hour comes round every day")
        return self

    @property
    def within_us(self) -> int:
        """How much later a contact may become, in microseconds."""
        return microseconds(self.within)
