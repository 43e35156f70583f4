"""Lengths of time as ISO 8601 durations of weeks, days, hours, minutes and seconds.

Months and years are refused: they have no length until a calendar says which ones.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator

_UNITS_US: Final = {
    "weeks": 604_800_000_000,
    "days": 86_400_000_000,
    "hours": 3_600_000_000,
    "minutes": 60_000_000,
    "seconds": 1_000_000,
}
_DURATION = re.compile(
    r"P(?=.)(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,7})M)?(?:(?P<seconds>\d{1,8})S)?)?",
    re.ASCII,
)


def microseconds(duration: str) -> int:
    """Return the length of a duration such as `P7D` or `PT1H30M`. Raises ValueError."""
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(
            f"'{duration}' is not a duration such as P7D, PT12H or PT30M "
            "(weeks, days, hours, minutes, seconds; no months, no years)"
        )
    total = sum(_UNITS_US[unit] * int(count) for unit, count in match.groupdict("0").items())
    if total == 0:
        raise ValueError(f"the duration '{duration}' has no length")
    return total


def _checked(duration: str) -> str:
    microseconds(duration)
    return duration


Duration = Annotated[str, AfterValidator(_checked)]
