"""The airline's pack: seats held before they are promised, vouchers after a breach, once."""

from __future__ import annotations

from typing import Any

import pytest

from policies.verdict import Outcome, Verdict
from tests.policies.packs import ask, fired, shipped

NOON = 1_772_539_200_000_000
CONTACT: dict[str, Any] = {
    "action.tool_listed": True, "agent.autonomy": "supervised", "action.channel": "sms",
    "action.class": "service", "action.purpose": "service", "action.useful_minutes": 600,
    "action.promises_seat": True, "now_us": NOON, "customer.suppressed": False,
    "customer.consent": "absent", "customer.address_known": True, "booking.seat_held": True,
}  # fmt: skip
MARKETING: dict[str, Any] = {
    **CONTACT, "action.class": "marketing", "action.purpose": "marketing",
    "action.promises_seat": False, "customer.consent": "granted",
    "customer.zones": ("Europe/Berlin",), "customer.jurisdictions": (),
    "customer.open_complaint": False, "cap.weekly.used": 0,
}  # fmt: skip
BOOKING: dict[str, Any] = {
    "action.tool_listed": True, "agent.autonomy": "supervised", "booking.seat_held": True,
    "booking.seats_left": 3, "booking.travellers": 2, "booking.whole": True,
    "booking.minor_alone": False, "booking.assistance": False, "booking.refund_wanted": False,
}  # fmt: skip
OFFER: dict[str, Any] = {
    "action.tool_listed": True, "agent.autonomy": "supervised", "action.cost_minor": 10_000,
    "action.currency": "EUR", "customer.suppressed": False, "customer.open_complaint": False,
    "customer.loyalty": "member", "booking.minor_alone": False, "booking.refund_wanted": False,
    "disruption.minutes_late": 200, "disruption.ours": True, "cap.one_compensation.used": 0,
    "budget.vouchers.left_minor": 1_000_000,
}  # fmt: skip
CALLS = {"contact": CONTACT, "booking": BOOKING, "offer": OFFER}


def said(kind: str, **changes: Any) -> Verdict:
    return ask(shipped("travel"), kind, CALLS[kind], **changes)


@pytest.mark.parametrize("kind", sorted(CALLS))
def test_what_is_in_bounds_needs_nobody(kind: str) -> None:
    assert said(kind).outcome is Outcome.ALLOW
    assert said(kind, agent__autonomy="assisted").outcome is Outcome.APPROVAL


def test_a_marketing_opt_out_does_not_stop_news_about_a_flight() -> None:
    assert said("contact", customer__consent="absent").outcome is Outcome.ALLOW
    assert fired(said("contact", customer__consent="revoked"))["refused_channel"] == "deny"


@pytest.mark.parametrize(
    ("kind", "changes", "rule", "outcome"),
    [
        ("contact", {"booking__seat_held": False}, "seat_not_held", "deny"),
        ("booking", {"booking__travellers": 4}, "no_seats", "deny"),
        ("booking", {"booking__whole": False}, "split_booking", "deny"),
        ("booking", {"booking__minor_alone": True}, "child_alone", "review"),
        ("booking", {"booking__assistance": True}, "needs_assistance", "review"),
        ("booking", {"booking__refund_wanted": True}, "refund_wanted", "review"),
        ("offer", {"disruption__minutes_late": 179}, "service_kept", "deny"),
        ("offer", {"disruption__ours": False}, "not_ours", "deny"),
        ("offer", {"booking__refund_wanted": True}, "refund_first", "deny"),
        ("offer", {"cap__one_compensation__used": 1}, "one_compensation", "deny"),
        ("offer", {"budget__vouchers__left_minor": 9_999}, "vouchers", "approval"),
    ],
)
def test_what_stands_in_the_way(
    kind: str, changes: dict[str, Any], rule: str, outcome: str
) -> None:
    verdict = said(kind, **changes)
    assert (verdict.outcome.value, fired(verdict)[rule]) == (outcome, outcome)


def test_news_about_a_seat_is_never_marketing() -> None:
    verdict = ask(shipped("travel"), "contact", {**MARKETING, "action.promises_seat": True})
    assert fired(verdict)["seat_in_marketing"] == "deny"
    assert ask(shipped("travel"), "contact", MARKETING).outcome is Outcome.ALLOW


def test_whoever_had_messages_about_a_flight_gets_no_marketing_on_top() -> None:
    verdict = ask(shipped("travel"), "contact", {**MARKETING, "cap.weekly.used": 2})
    assert fired(verdict)["weekly"] == "deny"
    (weekly,) = [cap for cap in shipped("travel").caps if cap.id == "weekly"]
    assert weekly.counts["class"] == ("marketing", "service")


@pytest.mark.parametrize(
    ("loyalty", "late", "most"),
    [
        *(("none", 180, 10_000), ("member", 359, 10_000), ("member", 360, 25_000)),
        *(("senator", 180, 20_000), ("frequent", 360, 40_000)),
    ],
)
def test_a_voucher_follows_loyalty_and_delay(loyalty: str, late: int, most: int) -> None:
    at = {"customer__loyalty": loyalty, "disruption__minutes_late": late}
    over = said("offer", **at, action__cost_minor=most + 1)
    assert over.outcome is Outcome.DENY and over.obligations["cap_amount_minor"] == most
    within = said("offer", **at, action__cost_minor=most)
    assert within.outcome is (Outcome.APPROVAL if most >= 25_000 else Outcome.ALLOW)


def test_marketing_to_florida_keeps_the_hours_of_florida() -> None:
    nine_in_the_evening = 1_772_589_600_000_000  # 2026-03-03T21:00-05:00 in New York
    facts = {
        **MARKETING,
        "customer.zones": ("America/New_York",),
        "customer.jurisdictions": ("US", "US-FL"),
        "now_us": nine_in_the_evening - 30 * 60_000_000,
    }
    verdict = ask(shipped("travel"), "contact", facts)
    assert "quiet_hours.US-FL" in fired(verdict)
    assert verdict.obligations["not_before_us"] > facts["now_us"]
