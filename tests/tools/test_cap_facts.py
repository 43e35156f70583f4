"""Caps and quiet hours: counted for the moment and the day a message arrives (P2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.tools.pictures import (
    NOW,
    a_contact,
    a_picture,
    a_setting,
    decided,
    denials,
    pack,
    sending,
)
from tools.instants import DAY_US, HOUR_US
from tools.picture import Picture

# -- zones and quiet hours -------------------------------------------------------------------------

NINE_IN_THE_EVENING = NOW + 10 * HOUR_US  # 21:00 in Berlin
EIGHT_IN_THE_MORNING = NOW + 21 * HOUR_US


def at(now_us: int, **changes: Any) -> Picture:
    return a_picture(now_us=now_us, **changes)


def test_a_message_in_quiet_hours_waits_for_the_morning_where_the_customer_is() -> None:
    args = sending(now_us=NINE_IN_THE_EVENING)
    before = decided("send_email", args, at(NINE_IN_THE_EVENING - 1))
    assert before.allowed and "not_before_us" not in before.verdict.obligations
    quiet = decided("send_email", args, at(NINE_IN_THE_EVENING))
    assert quiet.allowed
    assert quiet.verdict.obligations["not_before_us"] == EIGHT_IN_THE_MORNING


def test_the_strictest_of_all_possible_zones_counts() -> None:
    berlin_and_athens = ("Europe/Berlin", "Europe/Athens")
    eight_in_berlin = NINE_IN_THE_EVENING - HOUR_US  # 21:00 in Athens
    args = sending(now_us=eight_in_berlin)
    both = decided("send_email", args, at(eight_in_berlin, zones=berlin_and_athens))
    assert both.verdict.obligations["not_before_us"] == EIGHT_IN_THE_MORNING


def test_p6_without_any_zone_no_message_leaves() -> None:
    answer = decided("send_email", sending(), a_picture(zones=(), zone_is_known=False))
    assert denials(answer) == {"missing:customer.zones"}


def test_a_message_that_would_come_too_late_is_not_queued() -> None:
    args = sending(now_us=NINE_IN_THE_EVENING, hours=5)
    assert "cannot_be_met" in denials(decided("send_email", args, at(NINE_IN_THE_EVENING)))


# -- caps ------------------------------------------------------------------------------------------


def test_p2_the_fourth_marketing_contact_in_seven_days_is_refused() -> None:
    three = (a_contact(25), a_contact(50), a_contact(7 * 24 - 0.001))
    answer = decided("send_email", sending(), a_picture(contacts=three))
    assert denials(answer) == {"weekly"}


def test_a_contact_exactly_seven_days_ago_has_left_the_window() -> None:
    three = (a_contact(25), a_contact(50), a_contact(7 * 24))
    assert decided("send_email", sending(), a_picture(contacts=three)).allowed


def test_p2_what_is_queued_holds_its_place() -> None:
    queued = a_contact(-20, status="scheduled", channel="sms")
    answer = decided(
        "send_email", sending(), a_picture(contacts=(a_contact(25), a_contact(49), queued))
    )
    assert denials(answer) == {"weekly"}


def test_p2_one_contact_a_channel_and_calendar_day() -> None:
    today = a_contact(10.9)  # 00:06 in Berlin
    yesterday = a_contact(11.1)  # 23:54 in Berlin
    assert "daily_channel" in denials(
        decided("send_email", sending(), a_picture(contacts=(today,)))
    )
    assert decided("send_email", sending(), a_picture(contacts=(yesterday,))).allowed
    by_text = a_contact(2, channel="sms")
    assert decided("send_email", sending(), a_picture(contacts=(by_text,))).allowed


def test_the_day_is_the_customers_and_the_strictest_of_several() -> None:
    contact = a_contact(10.9)  # 23:06 of yesterday in London, 00:06 of today in Berlin
    in_london = a_picture(contacts=(contact,), zones=("Europe/London",))
    assert decided("send_email", sending(), in_london).allowed
    in_either = replace(in_london, zones=("Europe/London", "Europe/Berlin"))
    assert "daily_channel" in denials(decided("send_email", sending(), in_either))


def test_p2_a_deferred_message_is_counted_on_the_day_it_arrives() -> None:
    late = NINE_IN_THE_EVENING
    args = sending(now_us=late)
    today = a_contact(1)
    answer = decided("send_email", args, at(late, contacts=(today,)))
    assert answer.allowed, "today's place is taken, but it arrives tomorrow"
    tomorrow = a_contact(-21, status="scheduled")
    answer = decided("send_email", args, at(late, contacts=(tomorrow,)))
    assert denials(answer) == {"daily_channel"}, "tomorrow's place is taken"


def test_p2_a_message_of_today_does_not_take_tomorrows_place() -> None:
    tomorrow = a_contact(-21, status="scheduled")
    assert decided("send_email", sending(), a_picture(contacts=(tomorrow,))).allowed


def test_a_rolling_window_is_that_before_the_arrival() -> None:
    late = NINE_IN_THE_EVENING
    leaves_in_time = late - 7 * DAY_US + HOUR_US
    three = (a_contact(25), a_contact(49), a_contact(0, at=leaves_in_time))
    answer = decided("send_email", sending(now_us=late), at(late, contacts=three))
    assert answer.allowed


def test_service_contacts_are_not_counted_as_marketing() -> None:
    service = tuple(a_contact(h, message_class="service", purpose="service") for h in (1, 2, 3))
    assert decided("send_email", sending(), a_picture(contacts=service)).allowed


@pytest.mark.parametrize(
    ("unit", "hours_ago", "counts"),
    [
        ("week", 10.9, True),
        ("week", 11.1, False),  # Sunday
        ("month", 4 * 24, True),  # 1 January
        ("month", 5 * 24, False),
        ("year", 4 * 24, True),
        ("year", 5 * 24, False),
    ],
)
def test_calendar_windows_are_the_customers_own(unit: str, hours_ago: float, counts: bool) -> None:
    rules = pack(("{calendar: day}, per: channel", f"{{calendar: {unit}}}, per: channel"))
    picture = a_picture(contacts=(a_contact(hours_ago),))
    answer = decided("send_email", sending(), picture, a_setting(pack=rules))
    assert (denials(answer) == {"daily_channel"}) is counts
