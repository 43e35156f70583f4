"""Caps, budgets and quiet hours are data; one that has no bound is told when the pack is loaded."""

from __future__ import annotations

import pytest

from policies.pack import load_pack
from policies.verdict import FiredKind, Outcome
from policies.windows import Window
from tests.policies.packs import CONTACT, NOON, OFFER, ask, fired, refuses, small, swapped

ROLLING = "window: {rolling: P7D}"
MONTH = "window: {calendar: month}"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (ROLLING, "window: ^{}", "window: is {rolling: P7D}, {calendar: day} or {ever: true}"),
        (ROLLING, "window: ^{rolling: P7D, calendar: day}",
         "window: is {rolling: P7D}, {calendar: day} or {ever: true}"),
        (ROLLING, "window: ^always", "window: must be a mapping of keys and values"),
        (ROLLING, "window: {rolling: ^P0D}", "'P0D' is not a duration such as P7D or PT24H"),
        (ROLLING, "window: {rolling: ^P}", "'P' is not a duration such as P7D or PT24H"),
        (ROLLING, "window: {rolling: ^P1M}", "'P1M' is not a duration such as P7D or PT24H"),
        (ROLLING, "window: {rolling: ^forever}",
         "'forever' is not a duration such as P7D or PT24H"),
        (ROLLING, "window: {rolling: ^7}", "rolling: must be text"),
        (ROLLING, "window: {rolling: ^P9999W}", "a window is at most 3660 days long"),
        (ROLLING, "window: {calendar: ^days}",
         "calendar: is one of day, week, month, year, not 'days'; did you mean 'day'?"),
        (ROLLING, "window: {rolling: P7D, ^calender: day}",
         "unknown key 'calender' in window:; did you mean 'calendar'?"),
        ("max: 3", "max: ^-1", "max: is 0 to 999999"),
        ("max: 3", "max: ^three", "max: must be a whole number"),
        ("max: 3", "max: ^true", "max: must be a whole number"),
        ("per: person", "per: ^household",
         "per: is one of person, channel, purpose, goal, journey, not 'household'"),
        (MONTH, "window: ^{calendar: day}", "a budget is counted by {calendar: month}"),
        (MONTH, "window: ^{rolling: P30D}", "a budget is counted by {calendar: month}"),
        ("limit_minor: 5000", "limit_minor: ^-1", "limit_minor: is 0 to 1000000000000000"),
        ("limit_minor: 5000", "limit_minor: ^50.00", "limit_minor: must be a whole number"),
        ("charges: action.cost_minor", "charges: ^action.cost",
         "unknown fact 'action.cost'; did you mean 'action.cost_minor'?"),
        ("charges: action.cost_minor", "charges: ^customer.orders",
         "'customer.orders' must be a number declared for offer"),
        ('to: "08:00"', 'to: "^21:00"',
         "from: and to: are the same time: that would be no hour or all"),
        ('to: "08:00"', "to: ^8", "to: must be text"),
        ('to: "08:00"', 'to: "^8:00"', "'8:00' is not a local time such as \"08:00\""),
    ],
)  # fmt: skip
def test_a_wrong_limit_is_told(old: str, new: str, says: str) -> None:
    refuses(old, new, says)


def test_a_learned_value_is_no_charge() -> None:
    text = "learned.score: {int: [0, 100], for: [contact, offer]}"
    changed = swapped("learned.score: {int: [0, 100], for: [contact]}", text)
    changed = swapped("charges: action.cost_minor", "charges: learned.score", changed)
    with pytest.raises(Exception, match="'learned.score' is learned; only soft rules may read it"):
        load_pack(changed, file="p.yaml")


def test_windows_are_exact() -> None:
    assert small().caps[0].window == Window("rolling", duration_us=7 * 86_400_000_000)
    text = swapped(ROLLING, "window: {rolling: P1W2DT3H4M}")
    minutes = 9 * 1440 + 184
    assert load_pack(text, file="p").caps[0].window.duration_us == minutes * 60_000_000


def test_a_cap_counts_whom_it_holds_unless_it_says_otherwise() -> None:
    cap = small().caps[0]
    assert cap.counts == cap.obeys == {"class": ("marketing",)}
    text = swapped("    per: person\n", "    per: person\n    counts: {}\n")
    cap = load_pack(text, file="p").caps[0]
    assert (dict(cap.counts), cap.obeys) == ({}, {"class": ("marketing",)})


def test_p2_the_contact_after_the_last_allowed_one_is_denied() -> None:
    assert ask(small(), "contact", CONTACT, cap__weekly__used=2).outcome is Outcome.ALLOW
    full = ask(small(), "contact", CONTACT, cap__weekly__used=3)
    assert full.outcome is Outcome.DENY
    assert full.fired[0].kind is FiredKind.CAP
    assert full.fired[0].facts == {"action.class": "marketing", "cap.weekly.used": 3}


def test_a_cap_of_none_lets_nobody_through() -> None:
    none = load_pack(swapped("max: 3", "max: 0"), file="p")
    assert fired(ask(none, "contact", CONTACT))["weekly"] == "deny"


def test_p2_a_budget_can_be_spent_to_the_last_cent_and_no_further() -> None:
    exact = ask(small(), "offer", OFFER, budget__money__left_minor=400)
    assert exact.outcome is Outcome.ALLOW
    over = ask(small(), "offer", OFFER, budget__money__left_minor=399)
    assert over.outcome is Outcome.DENY and fired(over)["money"] == "deny"
    assert ask(small(), "offer", OFFER, budget__money__left_minor=-1).outcome is Outcome.DENY


def test_p6_an_unknown_count_or_budget_is_a_denial() -> None:
    assert ask(small(), "contact", CONTACT, cap__weekly__used=None).missing == ("cap.weekly.used",)
    assert ask(small(), "contact", CONTACT, cap__weekly__used=-1).outcome is Outcome.DENY
    assert ask(small(), "offer", OFFER, budget__money__left_minor=None).outcome is Outcome.DENY


def test_quiet_hours_for_everybody_have_an_empty_scope() -> None:
    text = swapped('  to: "08:00"\n  obeys: {class: [marketing]}', '  to: "08:00"\n  obeys: {}')
    pack = load_pack(text, file="p")
    night = {**CONTACT, "action.class": "service", "now_us": NOON + 11 * 3_600_000_000}
    assert "quiet_hours" in fired(ask(pack, "contact", night))
    assert "quiet_hours" not in fired(ask(small(), "contact", night))
