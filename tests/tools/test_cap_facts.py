"""Caps and quiet hours: counted for the moment and the day a message arrives (P2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.policies.packs import SERVICE
from tests.tools.pictures import (
    NOW,
    a_contact,
    a_picture,
    a_profile,
    a_setting,
    decided,
    denials,
    pack,
    sending,
)
from tools.instants import DAY_US, HOUR_US
from tools.picture import PastOffer, Picture
from tools.tool import Setting

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


# -- who stands in one count -----------------------------------------------------------------------

DAILY = "{calendar: day}, per: channel, obeys: {class: [marketing]}"
GOALS = (
    "  now_us:",
    "  action.goal: {enum: [recover_cart, win_back], for: [contact, offer]}\n  now_us:",
)
OF_OFFERS = (
    "quiet_hours: {from",
    "  - {id: one_a_case, on: [offer], max: 1, window: {ever: true}, per: journey, obeys: {},"
    " because: One offer a case}\n\nquiet_hours: {from",
)


def daily(window: str) -> Setting:
    """The pack's daily cap, counted in another way."""
    return a_setting(pack=pack(GOALS, (DAILY, window)))


def full(picture: Picture, setting: Setting, message: str = "cart_reminder") -> bool:
    return "daily_channel" in denials(decided("send_email", sending(message), picture, setting))


TODAY = a_contact(2, channel="sms", goal="win_back", matter="cart-7")
MARKETING = "obeys: {class: [marketing]}"


@pytest.mark.parametrize(
    ("per", "contact", "counts"),
    [
        ("person", {}, True),
        ("channel", {}, False),
        ("channel", {"channel": "email"}, True),
        ("purpose", {}, True),
        ("purpose", {"purpose": "service"}, False),
        ("goal", {}, False),
        ("goal", {"goal": "recover_cart"}, True),
        ("goal", {"goal": None}, True),
        ("journey", {}, False),
        ("journey", {"matter": "cart-1"}, True),
        ("journey", {"matter": None}, True),
        ("journey", {"journey_id": "jrn_1"}, True),
    ],
)
def test_what_stands_in_one_count(per: str, contact: dict[str, Any], counts: bool) -> None:
    """What is not known of a contact cannot leave it out."""
    picture = a_picture(contacts=(replace(TODAY, **contact),), matters={"jrn_1": "cart-1"})
    assert full(picture, daily(f"{{calendar: day}}, per: {per}, {MARKETING}")) is counts


def test_a_matter_that_is_not_known_counts_everything() -> None:
    picture = a_picture(contacts=(TODAY,))
    assert full(picture, daily(f"{{calendar: day}}, per: journey, {MARKETING}"))


def test_another_wording_is_no_way_around_a_cap_on_a_goal() -> None:
    """The cap's key is what is pursued; the message, the channel and the discount are not in it."""
    window = daily(f"{{rolling: P3650D}}, per: goal, {MARKETING}")
    earlier = replace(TODAY, goal="recover_cart", at=NOW - 400 * DAY_US)
    picture = a_picture(contacts=(earlier,))
    for message in ("cart_reminder", "cart_reminder_offer"):
        assert full(picture, window, message)
    by_text = decided("send_sms", sending("cart_reminder_sms"), picture, window)
    assert "daily_channel" in denials(by_text)
    assert not full(picture, replace(window, goal="win_back"))


def test_a_window_without_an_end_counts_whatever_there_was_in_the_matter() -> None:
    setting = daily(f"{{ever: true}}, per: journey, {MARKETING}")
    long_ago = replace(TODAY, at=NOW - 4_000 * DAY_US, matter="cart-1")
    picture = a_picture(contacts=(long_ago,), matters={"jrn_1": "cart-1"})
    assert full(picture, setting)
    assert not full(replace(picture, matters={"jrn_1": "cart-2"}), setting)


def test_service_counts_and_is_exempt() -> None:
    """A cap that obeys one thing and counts another."""
    both = f"{{calendar: day}}, per: channel, counts: {{}}, {MARKETING}"
    service = a_contact(1, message_class="service", purpose="service")
    picture = a_picture(contacts=(service,))
    assert full(picture, daily(both))
    assert not full(picture, a_setting())
    marketing = a_picture(contacts=tuple(a_contact(h) for h in (1, 2, 3, 4)))
    rules = daily(both).pack
    for used in (0, 4):
        facts = {**SERVICE, "action.goal": "win_back", "cap.daily_channel.used": used}
        answer = rules.decide("contact", facts, call_digest="")
        assert answer.outcome.value == "allow", answer.fired
    assert full(marketing, daily(both))


def test_a_cap_may_hold_one_goal() -> None:
    of_winning = "{calendar: day}, per: person, counts: {}, obeys: {goal: [win_back]}"
    picture = a_picture(contacts=(a_contact(1),))
    assert not full(picture, daily(of_winning))
    assert full(picture, replace(daily(of_winning), goal="win_back"))


def test_p6_a_goal_that_the_pack_does_not_know_is_refused() -> None:
    setting = replace(daily(DAILY), goal="sell_more")
    assert "missing:action.goal" in denials(decided("send_email", sending(), setting=setting))


# -- offers ----------------------------------------------------------------------------------------

OFFERING = {"discount_bp": 500, "valid_hours": 24}


def offered(*given: PastOffer, window: str = "{ever: true}, per: journey") -> set[str]:
    rules = pack(OF_OFFERS, ("{ever: true}, per: journey", window))
    picture = a_picture(given=given, matters={"jrn_1": "flight-1"})
    picture = replace(picture, profile=a_profile(segment="gold"))
    return denials(decided("create_offer", OFFERING, picture, a_setting(pack=rules)))


GIVEN = PastOffer("off_1", NOW - 500 * DAY_US, "jrn_0", "marketing", "win_back", "flight-1")


def test_p2_one_compensation_a_disruption() -> None:
    """The same flight, whichever journey and goal it was given in, and however long ago."""
    assert "one_a_case" not in offered()
    assert "one_a_case" in offered(GIVEN)
    assert "one_a_case" in offered(replace(GIVEN, matter="flight-2", journey_id="jrn_1"))
    assert "one_a_case" in offered(replace(GIVEN, matter=None))
    assert "one_a_case" not in offered(replace(GIVEN, matter="flight-2"))


@pytest.mark.parametrize(
    ("window", "change", "counts"),
    [
        ("{rolling: P30D}, per: person", {}, False),
        ("{rolling: P30D}, per: person", {"at": NOW - 29 * DAY_US}, True),
        ("{calendar: year}, per: person", {"at": NOW - 4 * DAY_US}, True),  # 1 January
        ("{calendar: year}, per: person", {"at": NOW - 5 * DAY_US}, False),
        ("{rolling: P3000D}, per: goal", {}, False),
        ("{rolling: P3000D}, per: goal", {"goal": "recover_cart"}, True),
        ("{rolling: P3000D}, per: purpose", {}, True),
        ("{rolling: P3000D}, per: purpose", {"purpose": "service"}, False),
        ("{rolling: P3000D}, per: purpose", {"purpose": None}, True),
    ],
)
def test_offers_are_counted_as_contacts_are(
    window: str, change: dict[str, Any], counts: bool
) -> None:
    assert ("one_a_case" in offered(replace(GIVEN, **change), window=window)) is counts


def test_p6_offers_that_nobody_counted_are_not_none() -> None:
    setting = a_setting(pack=pack(OF_OFFERS))
    answer = decided("create_offer", OFFERING, a_picture(given=None), setting)
    assert "missing:cap.one_a_case.used" in denials(answer)
