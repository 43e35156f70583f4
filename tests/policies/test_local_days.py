"""Weekdays and holidays, by number and by name."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.local_days import (
    EVERY_DAY,
    WEEKDAYS,
    day_number,
    is_holiday_name,
    on_holiday,
    on_weekday,
)

FIRST = date(1970, 1, 1)


def number(text: str) -> int:
    return (date.fromisoformat(text) - FIRST).days


@given(st.dates(date(1970, 1, 1), date(2200, 1, 1)))
def test_every_day_is_one_weekday_and_is_read_as_it_is_written(day: date) -> None:
    n = (day - FIRST).days
    assert day_number(day.isoformat()) == n
    assert on_weekday(n, EVERY_DAY)
    assert [bit for bit in range(7) if on_weekday(n, 1 << bit)] == [day.weekday()]
    assert len(WEEKDAYS) == 7


@pytest.mark.parametrize("text", ["2026-02-30", "2026-13-01", "02-01", "easter", "", "2026-1-1"])
def test_what_is_no_day_has_no_number(text: str) -> None:
    assert day_number(text) is None


@pytest.mark.parametrize(
    ("name", "good"),
    [("12-25", True), ("02-29", True), ("02-30", False), ("easter", True), ("easter+39", True),
     ("easter-2", True), ("easter+", False), ("2027-05-01", True), ("2027-02-29", False),
     ("christmas", False), ("13-01", False)],
)  # fmt: skip
def test_a_holiday_has_a_name_of_three_kinds(name: str, good: bool) -> None:
    assert is_holiday_name(name) is good


@pytest.mark.parametrize(
    "easter",
    ["1981-04-19", "2000-04-23", "2008-03-23", "2011-04-24", "2024-03-31", "2025-04-20",
     "2026-04-05", "2027-03-28", "2038-04-25", "2049-04-18", "2076-04-19"],
)  # fmt: skip
def test_easter_is_where_the_calendar_has_it(easter: str) -> None:
    sunday = date.fromisoformat(easter)
    assert on_holiday(number(easter), ("easter",))
    assert on_holiday((sunday + timedelta(days=39) - FIRST).days, ("easter+39",))
    assert on_holiday((sunday - timedelta(days=2) - FIRST).days, ("easter-2",))
    assert not on_holiday(number(easter) + 1, ("easter",))


def test_a_yearly_day_comes_every_year_and_a_dated_one_once() -> None:
    assert on_holiday(number("2026-12-25"), ("12-25",)) and on_holiday(
        number("2031-12-25"), ("12-25",)
    )
    assert on_holiday(number("2027-05-01"), ("2027-05-01",))
    assert not on_holiday(number("2028-05-01"), ("2027-05-01",))
    assert not on_holiday(number("2027-02-28"), ("02-29",))
    assert on_holiday(number("2028-02-29"), ("02-29",))
