"""Quiet hours, to the second: sharp edges, several zones, clocks put forward and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.quiet import CannotBeMet, next_local, quiet_until
from policies.zones import zone as pinned

MINUTE = 60_000_000
START, END = 21 * 60, 8 * 60
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Tokyo",
         "Pacific/Chatham", "Africa/Casablanca", "America/St_Johns", "Etc/UTC"]  # fmt: skip


def us(text: str, zone: str = "Europe/Berlin", *, fold: int = 0) -> int:
    local = datetime.fromisoformat(text).replace(tzinfo=pinned(zone), fold=fold)
    return (local.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def shown(instant: int, zone: str = "Europe/Berlin") -> str:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)
    return at.astimezone(pinned(zone)).isoformat()


def minute_of(instant: int, zone: str) -> int:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)
    local = at.astimezone(pinned(zone))
    return local.hour * 60 + local.minute


def quiet(instant: int, zones: list[str], start: int = START, end: int = END) -> bool:
    for zone in zones:
        minute = minute_of(instant, zone)
        if (start <= minute < end) if start < end else (minute >= start or minute < end):
            return True
    return False


@pytest.mark.parametrize(
    ("local", "until"),
    [
        ("2026-06-01T20:59:59.999999", None),
        ("2026-06-01T21:00", "2026-06-02T08:00:00+02:00"),
        ("2026-06-01T23:59:59.999999", "2026-06-02T08:00:00+02:00"),
        ("2026-06-02T00:00", "2026-06-02T08:00:00+02:00"),
        ("2026-06-02T07:59:59.999999", "2026-06-02T08:00:00+02:00"),
        ("2026-06-02T08:00", None),
        ("2026-06-02T08:00:00.000001", None),
        ("2026-06-02T08:00:59", None),
        ("2026-06-02T12:00", None),
    ],
)
def test_nine_in_the_evening_is_quiet_and_eight_in_the_morning_is_not(
    local: str, until: str | None
) -> None:
    found = quiet_until(us(local), ["Europe/Berlin"], START, END)
    assert (found and shown(found)) == until


def test_the_night_in_which_clocks_are_put_forward_is_an_hour_shorter() -> None:
    late = us("2026-03-28T22:00")
    found = quiet_until(late, ["Europe/Berlin"], START, END)
    assert found is not None and shown(found) == "2026-03-29T08:00:00+02:00"
    assert found - late == 9 * 60 * MINUTE


def test_the_night_in_which_clocks_are_put_back_is_an_hour_longer() -> None:
    late = us("2026-10-24T22:00")
    found = quiet_until(late, ["Europe/Berlin"], START, END)
    assert found is not None and shown(found) == "2026-10-25T08:00:00+01:00"
    assert found - late == 11 * 60 * MINUTE


def test_an_end_that_the_clocks_skip_is_the_moment_after_the_gap() -> None:
    found = quiet_until(us("2026-03-29T01:00"), ["Europe/Berlin"], 22 * 60, 150)
    assert found is not None and shown(found) == "2026-03-29T03:00:00+02:00"


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    zones = ["Europe/Berlin"]
    first = quiet_until(us("2026-10-25T01:00"), zones, 22 * 60, 150)
    assert first is not None and shown(first) == "2026-10-25T02:30:00+02:00"
    again = us("2026-10-25T02:10", fold=1)
    second = quiet_until(again, zones, 22 * 60, 150)
    assert second is not None and shown(second) == "2026-10-25T02:30:00+01:00"


def test_a_window_within_one_day_works_too() -> None:
    zones = ["Europe/Berlin"]
    found = quiet_until(us("2026-06-01T12:30"), zones, 12 * 60, 14 * 60)
    assert found == us("2026-06-01T14:00")
    assert quiet_until(us("2026-06-01T14:00"), zones, 12 * 60, 14 * 60) is None


def test_of_several_zones_the_strictest_holds() -> None:
    both = ["Europe/London", "Europe/Athens"]
    found = quiet_until(us("2026-06-01T07:30", "Europe/London"), both, START, END)
    assert found is not None and shown(found, "Europe/London") == "2026-06-01T08:00:00+01:00"
    evening = quiet_until(us("2026-06-01T19:30", "Europe/London"), both, START, END)
    assert evening is not None and shown(evening, "Europe/London") == "2026-06-02T08:00:00+01:00"
    assert quiet_until(us("2026-06-01T12:00", "Europe/London"), both, START, END) is None


def test_zones_that_leave_no_hour_for_all_cannot_be_met() -> None:
    world = ["America/Los_Angeles", "Europe/Berlin", "Asia/Tokyo"]
    with pytest.raises(CannotBeMet):
        quiet_until(us("2026-06-01T12:00"), world, START, END)


def test_an_unknown_zone_is_an_error_and_not_a_free_pass() -> None:
    with pytest.raises(KeyError):
        quiet_until(0, ["Mars/Base"], START, END)


CHANGES = [us("2026-03-29T00:00"), us("2026-10-25T00:00"), us("2026-03-08T00:00"),
           us("2026-11-01T00:00"), us("2026-04-05T00:00"), us("2026-10-04T00:00"),
           us("2026-02-15T00:00"), us("2026-03-22T00:00"), us("2026-06-01T00:00")]  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(
    base=st.sampled_from(CHANGES),
    minutes=st.integers(-2880, 2880),
    zones=st.lists(st.sampled_from(ZONES), min_size=1, max_size=2, unique=True),
    start=st.integers(0, 95),
    length=st.integers(1, 50),
)
def test_the_answer_is_the_first_minute_that_is_quiet_in_no_zone(
    base: int, minutes: int, zones: list[str], start: int, length: int
) -> None:
    now = base + minutes * MINUTE
    window = (start * 15, (start + length) % 96 * 15)
    try:
        found = quiet_until(now, zones, *window)
    except CannotBeMet:
        assert all(quiet(now + step * 30 * MINUTE, zones, *window) for step in range(48 * 7))
        return
    if found is None:
        assert not quiet(now, zones, *window)
        return
    assert found > now and not quiet(found, zones, *window)
    assert all(quiet(at, zones, *window) for at in range(now, found, 5 * MINUTE))
    assert quiet(found - 1, zones, *window)


@settings(deadline=None, max_examples=150)
@given(
    base=st.sampled_from(CHANGES),
    minutes=st.integers(-2880, 2880),
    zone=st.sampled_from(ZONES),
    minute=st.integers(0, 1439),
)
def test_a_local_time_comes_within_a_day_or_is_skipped_by_the_clocks(
    base: int, minutes: int, zone: str, minute: int
) -> None:
    now = base + minutes * MINUTE
    found = next_local(now, [zone], minute)
    assert now <= found <= now + 25 * 60 * MINUTE
    if minute_of(found, zone) != minute:  # that night's clocks skipped it
        between = {minute_of(at, zone) for at in range(now, now + 24 * 60 * MINUTE, MINUTE)}
        assert minute not in between


def test_of_several_zones_the_last_to_come_to_a_time_counts() -> None:
    zones = ["Europe/London", "Europe/Berlin"]
    found = next_local(us("2026-06-01T06:00"), zones, 9 * 60)
    assert shown(found, "Europe/London") == "2026-06-01T09:00:00+01:00"
