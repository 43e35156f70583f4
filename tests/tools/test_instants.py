"""Instants are exact, and a day is the one on the customer's own calendar (P12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.instants import instant, local_date, microseconds

ZONES = ["Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu", "Etc/UTC"]


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)), st.integers(-1_439, 1_439))
@settings(max_examples=200, deadline=None)
def test_p12_no_microsecond_is_lost(at: datetime, minutes: int) -> None:
    aware = at.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert instant(microseconds(aware)) == aware
    assert instant(microseconds(aware)).tzinfo is UTC


@pytest.mark.parametrize("zone", ZONES)
@given(at=st.integers(0, 4_102_444_800_000_000))
@settings(max_examples=100, deadline=None)
def test_p12_the_day_is_that_of_the_zones_own_calendar(zone: str, at: int) -> None:
    assert local_date(at, zone) == instant(at).astimezone(ZoneInfo(zone)).date()
