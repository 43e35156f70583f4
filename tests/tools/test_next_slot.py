"""When a person may be written to again: never later than the caps ask, never earlier (P2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.windows import Window
from tests.tools.pictures import (
    NOW,
    a_contact,
    a_picture,
    a_setting,
    decided,
    pack,
    sending,
)
from tools.cap_facts import used
from tools.instants import DAY_US, HOUR_US, MINUTE_US
from tools.next_slot import free_at, possible_from
from tools.picture import PastOffer, Picture
from tools.tool import Setting

SPAN = 900 * DAY_US
ZONES = st.lists(
    st.sampled_from(
        [
            "Europe/Berlin",
            "America/Santiago",  # clocks change at midnight
            "Asia/Kathmandu",
            "Pacific/Kiritimati",
            "Pacific/Pago_Pago",
            "Australia/Lord_Howe",  # by half an hour
            "Africa/Casablanca",
            "America/Havana",
        ]
    ),
    max_size=3,
    unique=True,
)
WINDOWS = st.one_of(
    st.integers(1, 40 * DAY_US).map(lambda us: Window("rolling", duration_us=us)),
    st.integers(1, 60).map(lambda days: Window("rolling", duration_us=days * DAY_US)),
    st.sampled_from(["day", "week", "month", "year"]).map(lambda u: Window("calendar", unit=u)),
    st.just(Window("ever")),
)
#: Some on the minute and close together, as people write; some anywhere.
TIMES = st.lists(
    st.one_of(
        st.integers(-60 * 24, 60 * 24).map(lambda minutes: NOW + minutes * MINUTE_US),
        st.integers(-SPAN, SPAN).map(lambda us: NOW + us),
        st.integers(-40, 40).map(lambda days: NOW + days * DAY_US),
    ),
    max_size=8,
)


@settings(max_examples=400, deadline=None)
@given(WINDOWS, st.integers(0, 5), TIMES, ZONES, st.integers(-SPAN, SPAN), st.data())
def test_p2_the_next_slot_is_the_first_that_there_is(
    window: Window, most: int, times: list[int], zones: list[str], after: int, data: st.DataObject
) -> None:
    start = NOW + after
    free = free_at(window, most, times, zones, start)

    def full(at: int) -> bool:
        return used(window, times, at, zones) + 1 > most

    if free is None:
        assert window.kind == "ever" or most == 0
        assert full(start) and full(start + 2 * SPAN)
        return
    assert free >= start and not full(free), "never too early"
    if free > start:
        assert full(start) and full(free - 1), "never later than needed"
        assert full(data.draw(st.integers(start, free - 1), label="in between"))
        edges = {t + window.duration_us + d for t in times for d in (-1, 0, 1)}
        assert all(full(edge) for edge in edges if start <= edge < free)


def test_without_a_zone_the_day_is_that_of_utc() -> None:
    midnight = NOW + 14 * HOUR_US
    assert free_at(Window("calendar", unit="day"), 1, [NOW], (), NOW) == midnight


def test_of_several_zones_the_last_to_end_its_day_is_waited_for() -> None:
    day = Window("calendar", unit="day")
    ends_in_berlin = NOW + 13 * HOUR_US
    assert free_at(day, 1, [NOW], ("Europe/Berlin",), NOW) == ends_in_berlin
    assert free_at(day, 1, [NOW], ("Europe/Berlin", "Europe/London"), NOW) == midnight_in_london()
    tomorrow = [NOW, NOW + DAY_US]
    assert free_at(day, 1, tomorrow, ("Europe/Berlin",), NOW) == ends_in_berlin + DAY_US


def midnight_in_london() -> int:
    return NOW + 14 * HOUR_US


# -- asked of a call that was denied ---------------------------------------------------------------


def again(picture: Picture, setting: Setting | None = None, tool: str = "send_email") -> int | None:
    setting = setting or a_setting()
    args = sending() if tool == "send_email" else {"discount_bp": 500, "valid_hours": 24}
    return possible_from(picture, decided(tool, args, picture, setting), setting)


def test_all_caps_must_have_room() -> None:
    week = tuple(a_contact(h, channel="sms") for h in (25, 50, 7 * 24 - 5))
    assert again(a_picture(contacts=week)) == NOW + 5 * HOUR_US
    # In five hours the week has room, but today's e-mail is out; the day ends at midnight.
    today = (*week[1:], a_contact(2))
    assert again(a_picture(contacts=today)) == NOW + 13 * HOUR_US


def test_then_it_is_allowed_and_a_moment_earlier_it_is_not() -> None:
    contacts = tuple(a_contact(h) for h in (2, 30, 96))
    picture = a_picture(contacts=contacts)
    at = again(picture)
    assert at is not None

    def asked(now_us: int) -> bool:
        return decided(
            "send_email", sending(now_us=now_us), replace(picture, now_us=now_us)
        ).allowed

    assert asked(at) and not asked(at - 1)


def test_what_others_refuse_has_no_slot() -> None:
    full = tuple(a_contact(h) for h in (2, 30, 96))
    assert again(a_picture(contacts=full)) is not None
    assert again(a_picture(contacts=full, complaint_open=True)) is None
    assert again(a_picture()) is None, "what is allowed needs none"


OFFERS: dict[str, Any] = {
    "{rolling: P30D}, per: person": NOW + 30 * DAY_US - HOUR_US,
    "{ever: true}, per: journey": None,
}


@pytest.mark.parametrize("window", list(OFFERS))
def test_offers_have_their_next_slot_or_none(window: str) -> None:
    text = f"  - {{id: once, on: [offer], max: 1, window: {window}, obeys: {{}}, because: Once}}\n"
    rules = pack(("caps:\n", f"caps:\n{text}"))
    given_ = (PastOffer("off_1", NOW - HOUR_US, "jrn_1"),)
    picture = a_picture(given=given_)
    assert again(picture, a_setting(pack=rules), "create_offer") == OFFERS[window]
