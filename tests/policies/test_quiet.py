"""Quiet hours, to the second: sharp edges, several zones, clocks put forward and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.local_days import EVERY_DAY, WEEKDAYS
from policies.quiet import CannotBeMet, Hours, free_until, next_local, quiet_spell
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


def quiet_until(now: int, zones: list[str], start: int, end: int) -> int | None:
    """The end of quiet hours that are the same every day."""
    return ends(now, [(Hours(start, end), zones, 0)])


def ends(now: int, held: list[tuple[Hours, list[str], int]]) -> int | None:
    spell = quiet_spell(now, held)
    return None if spell is None else spell[0]


def on(*days: str) -> int:
    return sum(1 << WEEKDAYS.index(day) for day in days)


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


# -- several windows, days of the week, days that a zone has not ---------------------------------


def in_window(instant: int, name: str, hours: Hours) -> bool:
    """Whether the clock shows a time of the window, by datetime alone."""
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)).astimezone(
        pinned(name)
    )
    minute, day = local.hour * 60 + local.minute, local.date()
    if minute >= hours.start and (hours.end <= hours.start or minute < hours.end):
        return bool(hours.days >> day.weekday() & 1)
    if hours.end <= hours.start and minute < hours.end:
        return bool(hours.days >> (day - timedelta(days=1)).weekday() & 1)
    return False


def test_a_night_belongs_to_the_day_on_which_it_starts() -> None:
    friday = [(Hours(START, END, on("fri")), ["Europe/Berlin"], 0)]
    assert ends(us("2026-06-05T07:00"), friday) is None  # the night before was Thursday's
    for late in ("2026-06-05T21:00", "2026-06-06T07:59:59.999999"):
        assert ends(us(late), friday) == us("2026-06-06T08:00")
    assert ends(us("2026-06-06T21:00"), friday) is None


def test_a_whole_day_can_be_quiet_and_so_can_two() -> None:
    whole = Hours(0, 1440, on("sun"))
    sunday = [(whole, ["Europe/Berlin"], 0)]
    assert ends(us("2026-06-07T00:00"), sunday) == us("2026-06-08T00:00")
    assert ends(us("2026-06-07T23:59"), sunday) == us("2026-06-08T00:00")
    assert ends(us("2026-06-06T23:59:59.999999"), sunday) is None
    night = (Hours(START, END), ["Europe/Berlin"], 1)
    spell = quiet_spell(us("2026-06-06T21:30"), [*sunday, night])
    assert spell == (us("2026-06-08T08:00"), {0, 1}, END)


def test_a_quiet_sunday_has_23_or_25_hours_where_clocks_change() -> None:
    sunday = [(Hours(0, 1440, on("sun")), ["Europe/Berlin"], 0)]
    for day, hours in (("2026-03-29", 23), ("2026-10-25", 25)):
        begun = us(f"{day}T00:00")
        assert ends(begun, sunday) == begun + hours * 60 * MINUTE


def test_windows_that_touch_are_one_spell() -> None:
    both = [(Hours(600, 720), ["Etc/UTC"], 0), (Hours(720, 780), ["Etc/UTC"], 1)]
    assert quiet_spell(us("2026-06-01T10:30", "Etc/UTC"), both) == (
        us("2026-06-01T13:00", "Etc/UTC"), {0, 1}, 780,
    )  # fmt: skip


def test_a_week_of_quiet_days_cannot_be_met_and_six_can() -> None:
    six = Hours(0, 1440, EVERY_DAY - on("mon"))
    assert ends(us("2026-06-02T12:00"), [(six, ["Europe/Berlin"], 0)]) == us("2026-06-08T00:00")
    with pytest.raises(CannotBeMet) as caught:
        ends(0, [(six, ["Etc/UTC"], 3), (Hours(0, 1440, on("mon")), ["Etc/UTC"], 5)])
    assert caught.value.rules == {3, 5}


def test_half_an_hour_of_summer_time_moves_the_edges_by_half_an_hour() -> None:
    island = [
        "Australia/Lord_Howe"
    ]  # 2026-04-05 at 02:00 back to 01:30; 2026-10-04 02:00 on to 02:30
    back = us("2026-04-05T01:45", island[0])
    assert ends(back, [(Hours(60, 110), island, 0)]) == back + 5 * MINUTE
    again = us("2026-04-05T01:45", island[0], fold=1)
    assert again == back + 30 * MINUTE
    assert ends(again, [(Hours(60, 110), island, 0)]) == again + 5 * MINUTE
    found = ends(us("2026-10-04T01:00", island[0]), [(Hours(60, 135), island, 0)])
    assert found is not None and shown(found, island[0]) == "2026-10-04T02:30:00+11:00"


def test_a_zone_that_skips_a_day_goes_from_one_evening_to_the_day_after_next() -> None:
    """Samoa had no 30 December 2011, a Friday."""
    apia = ["Pacific/Apia"]
    thursday = us("2011-12-29T22:00", apia[0])
    saturday = us("2011-12-31T08:00", apia[0])
    assert saturday - thursday == 10 * 60 * MINUTE
    assert ends(thursday, [(Hours(START, END), apia, 0)]) == saturday
    assert ends(thursday, [(Hours(START, END, on("thu")), apia, 0)]) == saturday
    morning = us("2011-12-31T00:30", apia[0])
    assert ends(morning, [(Hours(START, END, on("thu")), apia, 0)]) == saturday
    assert ends(morning, [(Hours(START, END, on("fri")), apia, 0)]) is None
    assert ends(thursday, [(Hours(0, 1440, on("fri")), apia, 0)]) is None
    sunday = us("2012-01-01T00:00", apia[0])
    assert ends(thursday, [(Hours(0, 1440, on("thu", "sat")), apia, 0)]) == sunday


def test_a_night_whose_midnight_comes_twice_is_still_the_day_befores() -> None:
    """In Havana clocks go back from 01:00 to 00:00 on 1 November 2026, a Sunday."""
    havana = ["America/Havana"]
    saturday = [(Hours(START, END, on("sat")), havana, 0)]
    for fold in (0, 1):
        at = us("2026-11-01T00:30", havana[0], fold=fold)
        assert ends(at, saturday) == us("2026-11-01T08:00", havana[0])


def test_a_rule_that_comes_into_force_later_holds_from_that_day_on() -> None:
    day = us("2026-06-02T00:00", "Etc/UTC") // (1440 * MINUTE)
    later = [(Hours(START, END, since=day), ["Etc/UTC"], 0)]
    assert ends(us("2026-06-01T23:00", "Etc/UTC"), later) is None
    assert ends(us("2026-06-02T03:00", "Etc/UTC"), later) is None
    assert ends(us("2026-06-02T23:00", "Etc/UTC"), later) == us("2026-06-03T08:00", "Etc/UTC")


WINDOWS = st.builds(
    lambda start, length, days: Hours(start * 15, (start * 15 + length * 15) % 1440 or 1440, days),
    st.integers(0, 95),
    st.integers(1, 95),
    st.integers(1, EVERY_DAY),
)
SPELLS = st.lists(
    st.tuples(
        WINDOWS,
        st.lists(st.sampled_from(ZONES), min_size=1, max_size=2, unique=True),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=3,
)


@settings(deadline=None, max_examples=120)
@given(base=st.sampled_from(CHANGES), minutes=st.integers(-2880, 2880), held=SPELLS)
def test_no_minute_before_the_answer_is_free_and_the_answer_is(
    base: int, minutes: int, held: list[tuple[Hours, list[str], int]]
) -> None:
    now = base + minutes * MINUTE

    def busy(instant: int) -> bool:
        return any(in_window(instant, name, hours) for hours, zones, _ in held for name in zones)

    at = now
    while busy(at) and at - now <= 8 * 1440 * MINUTE:
        at += MINUTE
    try:
        found = ends(now, held)
    except CannotBeMet as no:
        assert at - now > 8 * 1440 * MINUTE and no.rules
        return
    assert (found or now) == at
    assert not busy(at) and (found is None or busy(at - 1))


@settings(deadline=None, max_examples=150)
@given(
    base=st.sampled_from(CHANGES),
    minutes=st.integers(-2880, 2880),
    held=SPELLS,
    more=SPELLS,
    zone=st.sampled_from(ZONES),
)
def test_more_windows_or_more_zones_never_let_a_message_out_earlier(
    base: int,
    minutes: int,
    held: list[tuple[Hours, list[str], int]],
    more: list[tuple[Hours, list[str], int]],
    zone: str,
) -> None:
    now = base + minutes * MINUTE

    def at(windows: list[tuple[Hours, list[str], int]]) -> float:
        try:
            return ends(now, windows) or now
        except CannotBeMet:
            return float("inf")

    assert at(held) <= at([*held, *more])
    assert at(held) <= at([(hours, [*zones, zone], rule) for hours, zones, rule in held])


@settings(deadline=None, max_examples=150)
@given(
    base=st.sampled_from(CHANGES),
    minutes=st.integers(-2880, 2880),
    held=SPELLS,
    room=st.integers(0, 120),
)
def test_until_the_last_moment_nothing_is_quiet_and_no_day_ends(
    base: int, minutes: int, held: list[tuple[Hours, list[str], int]], room: int
) -> None:
    zones = sorted({name for _, names, _ in held for name in names})
    try:
        now = ends(base + minutes * MINUTE, held) or base + minutes * MINUTE
    except CannotBeMet:
        return
    last = free_until(now, now + room * MINUTE, held, zones)
    assert now <= last <= now + room * MINUTE

    def state(instant: int) -> list[object]:
        return [
            (local.date(), local.utcoffset())
            for name in zones
            for local in [datetime.fromisoformat(shown(instant, name))]
        ]

    for at in [*range(now, last, MINUTE), last]:
        assert state(at) == state(now)
        assert not any(in_window(at, name, hours) for hours, names, _ in held for name in names)
    if last < now + room * MINUTE:  # and it could not have been later
        after = last + 1
        assert state(after) != state(now) or any(
            in_window(after, name, hours) for hours, names, _ in held for name in names
        )
