"""Spans of time as people say them: `last night`, `this week`, `last 3 days`. Days are UTC days."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tools.instants import DAY_US, HOUR_US, instant

#: As the grammar reads it.
WORDS = (
    r"(?:today|yesterday|last night|this morning|this week|last week|the last hour|"
    r"(?:the )?last [1-9]\d{0,2} (?:hours|days))"
)
_LAST = re.compile(r"(?:the )?last (\d{1,3}) (hours|days)")


@dataclass(frozen=True, slots=True)
class Window:
    """From `since` on, `until` not any more; both in microseconds."""

    since: int
    until: int
    words: str

    @property
    def said(self) -> str:
        """The span with its instants and their zone."""
        ends = [f"{instant(at):%Y-%m-%d %H:%M}" for at in (self.since, self.until)]
        return f"{self.words} ({ends[0]} to {ends[1]} UTC)"


def window(words: str, now_us: int) -> Window:
    """The span that these words mean now. Raises ValueError for other words."""
    open_end = now_us + 1  # what happens at this very instant is in it
    today = now_us - now_us % DAY_US
    monday = today - instant(today).weekday() * DAY_US
    named = {
        "today": (today, open_end),
        "yesterday": (today - DAY_US, today),
        "last night": (today - 6 * HOUR_US, today + 6 * HOUR_US),
        "this morning": (today + 6 * HOUR_US, today + 12 * HOUR_US),
        "this week": (monday, open_end),
        "last week": (monday - 7 * DAY_US, monday),
        "the last hour": (now_us - HOUR_US, open_end),
    }
    if words in named:
        since, until = named[words]
        return Window(since, max(since, min(until, open_end)), words)
    found = _LAST.fullmatch(words)
    if found is None:
        raise ValueError(f"'{words}' is no span of time that is known here")
    unit = HOUR_US if found[2] == "hours" else DAY_US
    return Window(now_us - int(found[1]) * unit, open_end, words)
