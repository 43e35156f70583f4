"""Days of the calendar as numbers since 1 January 1970: weekdays and holidays, without a clock.

A holiday is written as people write it: `12-25` every year, `easter+39` so many days from Easter
Sunday (of the western churches), `2027-05-01` once.
"""

import re
from datetime import date
from functools import lru_cache
from typing import Final

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY: Final = 0b1111111
_EPOCH: Final = date(1970, 1, 1).toordinal()
_EASTER = re.compile(r"easter([+-][0-9]{1,3})?\Z")
_YEARLY = re.compile(r"([0-9]{2})-([0-9]{2})\Z")
_ONCE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")
_LEAP_YEAR: Final = 2000


def day_number(text: str) -> int | None:
    """The number of a day written `2027-05-01`; None when there is no such day."""
    match = _ONCE.match(text)
    return _number(int(match[1]), int(match[2]), int(match[3])) if match else None


def is_holiday_name(text: str) -> bool:
    """Whether this is a holiday as this module reads it."""
    if match := _YEARLY.match(text):
        return _number(_LEAP_YEAR, int(match[1]), int(match[2])) is not None
    return bool(_EASTER.match(text)) or day_number(text) is not None


def on_weekday(day: int, days: int) -> bool:
    """Whether the day is among `days`, a bit each from Monday (1) to Sunday (64)."""
    return bool(days >> (day + 3) % 7 & 1)  # the first of all days was a Thursday


def on_holiday(day: int, holidays: tuple[str, ...]) -> bool:
    """Whether the day is one of these holidays."""
    return day in _of_year(date.fromordinal(_EPOCH + day).year, holidays)


@lru_cache(maxsize=512)
def _of_year(year: int, holidays: tuple[str, ...]) -> frozenset[int]:
    found: set[int] = set()
    for name in holidays:
        if match := _EASTER.match(name):
            found.add(_easter(year) + int(match[1] or 0))
        elif match := _YEARLY.match(name):
            number = _number(year, int(match[1]), int(match[2]))
            found |= set() if number is None else {number}
        elif (number := day_number(name)) is not None:
            found.add(number)
    return frozenset(found)


def _number(year: int, month: int, day: int) -> int | None:
    try:
        return date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        return None


def _easter(year: int) -> int:
    """Easter Sunday of the Gregorian calendar, by the rule of Meeus, Jones and Butcher."""
    golden, century = year % 19, year // 100
    solar = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    moon = solar - solar // 28 * (1 - solar // 28 * (29 // (solar + 1)) * ((21 - golden) // 11))
    sunday = moon - (year + year // 4 + moon + 2 - century + century // 4) % 7
    month = 3 + (sunday + 40) // 44
    return date(year, month, sunday + 28 - 31 * (month // 4)).toordinal() - _EPOCH
