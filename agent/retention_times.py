"""For how long each class of data is kept, as the settings say it. What is not said is kept."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator

Class = Literal["events", "memories", "outbox", "contacts", "inbox_reasons", "idle_profiles"]
CLASSES: Final[tuple[Class, ...]] = (
    "events",
    "memories",
    "outbox",
    "contacts",
    "inbox_reasons",
    "idle_profiles",
)
_DAY_US: Final = 86_400 * 1_000_000
_DAYS: Final = {"years": 365, "weeks": 7, "days": 1}
_DURATION = re.compile(
    r"P(?=.)(?:(?P<years>\d{1,3})Y)?(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?", re.ASCII
)


def microseconds(kept_for: str) -> int:
    """The length of `P2Y`, `P26W` or `P90D`; a year is 365 days. Raises `ValueError`."""
    match = _DURATION.fullmatch(kept_for)
    days = 0 if match is None else sum(_DAYS[u] * int(n) for u, n in match.groupdict("0").items())
    if days == 0:
        raise ValueError(
            "how long something is kept is written such as P2Y, P26W or P90D: years of 365 days, "
            "weeks and days, at least one day"
        )
    return days * _DAY_US


def _checked(kept_for: str) -> str:
    microseconds(kept_for)
    return kept_for


KeptFor = Annotated[str, AfterValidator(_checked)]
