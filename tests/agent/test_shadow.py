"""Shadow: each recorded call once, on the facts of then; what cannot be told is never the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.shadow import Recorded, shadow
from agent.shadow_changes import Change, behind, change_of
from policies.pack import Pack
from tests.agent.looks import CONTACT, HOUR, NOON, OFFER, PACK, draft, look

SAME = draft()
NO_SUNDAY = ("facts:\n", "facts:\n  customer.is_vip: {bool, for: [contact]}\n")
VIP_RULE = (
    "soft:\n",
    "  - {id: leave_vips, never_when: customer.is_vip, because: We leave them alone}\n\nsoft:\n",
)
WEEKLY = "max: 3, window: {rolling: P7D}"


def one(recorded: Recorded, pack: Pack) -> tuple[Change | None, list[tuple[str, str]]]:
    found = shadow([recorded], pack).otherwise
    if not found:
        return None, []
    return change_of(found[0]), [(side, spoke.rule) for side, spoke in behind(found[0])]


facts = st.fixed_dictionaries(
    {},
    optional={
        "action.discount_bp": st.integers(0, 3_000),
        "action.channel": st.sampled_from(["email", "sms"]),
        "action.class": st.sampled_from(["marketing", "service"]),
        "customer.consent": st.sampled_from(["granted", "revoked", "absent"]),
        "customer.open_complaint": st.booleans(),
        "customer.minutes_since_purchase": st.integers(0, 3_000),
        "margin.after_discount_bp": st.integers(0, 9_000),
        "action.cost_minor": st.integers(0, 9_000),
        "cap.weekly.used": st.integers(0, 5),
        "now_us": st.integers(NOON, NOON + 24 * HOUR),
    },
)


@settings(deadline=None)
@given(kind=st.sampled_from(["contact", "offer"]), some=facts, gone=st.sampled_from(
    [None, "cart.in_stock", "customer.suppressed"]))  # fmt: skip
def test_the_same_rules_change_nothing(kind: str, some: dict[str, Any], gone: str | None) -> None:
    given_ = {name.replace(".", "__"): value for name, value in some.items()}
    recorded = look(kind, without=(gone,) if gone else (), **given_)
    told = shadow([recorded], SAME)
    assert (told.calls, told.otherwise) == (1, ())


@settings(deadline=None)
@given(kind=st.sampled_from(["contact", "offer"]), some=facts)
def test_the_short_answer_is_the_full_one(kind: str, some: dict[str, Any]) -> None:
    base = CONTACT if kind == "contact" else OFFER
    full = PACK.decide(kind, {**base, **some}, call_digest="")
    short = PACK.outlook(kind)
    assert short is not None
    assert short({**base, **some}, "", {}) == (full.outcome, full.obligations)


def test_the_short_answer_is_none_where_only_the_full_one_can_tell() -> None:
    short = PACK.outlook("contact")
    assert short is not None and short({}, "", {}) is None
    assert PACK.outlook("dance") is None


@pytest.mark.parametrize(
    ("recorded", "pack", "change", "rules"),
    [
        (look(cap__weekly__used=2), draft((WEEKLY, WEEKLY.replace("3", "2"))),
         Change.REFUSED, [("draft", "weekly")]),
        (look(cap__weekly__used=3), draft((WEEKLY, WEEKLY.replace("3", "4"))),
         Change.ALLOWED, [("then", "weekly")]),
        (look("offer"), draft(("free_discount_bp: {value: 1000", "free_discount_bp: {value: 500")),
         Change.ASKS, [("draft", "offer_autonomy.generous")]),
        (look("offer", action__discount_bp=1_500), draft(("free_discount_bp: {value: 1000",
         "free_discount_bp: {value: 1500")),
         Change.ASKS_NOBODY, [("then", "offer_autonomy.generous")]),
        (look("offer", action__discount_bp=1_500, action__cost_minor=4_000),
         draft(("large_offer_minor: {value: 5000", "large_offer_minor: {value: 3000")),
         Change.ASKS_OTHER, [("draft", "offer_autonomy.large")]),
        (look("offer", customer__days_since_last_code=70),
         draft(("code_rest_days: {value: 60", "code_rest_days: {value: 90")),
         Change.WANTS_REASON, [("draft", "code_lately")]),
        (look("offer", customer__days_since_last_code=70),
         draft(("    because: A person who had a code", "    because: Whoever had a code")),
         None, []),
        (look(), draft(('from: "21:00"', 'from: "12:00"')), Change.LATER,
         [("draft", "quiet_hours")]),
        (look(now_us=NOON + 10 * HOUR), draft(('from: "21:00"', 'from: "23:00"')),
         Change.EARLIER, [("then", "quiet_hours")]),
        (look(), draft(("then: {require_footer: true}",
         "then: {require_footer: true, cap_discount_bp: 500}")), Change.DISCOUNT,
         [("draft", "contact_autonomy.in_bounds"), ("draft", "footer")]),
    ],
    ids=lambda value: value.value if isinstance(value, Change) else "",
)  # fmt: skip
def test_each_kind_of_change_is_told_with_the_rules_behind_it(
    recorded: Recorded, pack: Pack, change: Change | None, rules: list[tuple[str, str]]
) -> None:
    found, behind_ = one(recorded, pack)
    assert found is change
    if change is Change.DISCOUNT:
        assert ("draft", "footer") in behind_
    else:
        assert behind_ == rules


def test_a_fact_that_nobody_wrote_down_is_named_and_not_called_the_same() -> None:
    pack = draft(NO_SUNDAY, VIP_RULE)
    [again] = shadow([look()], pack).otherwise
    assert (again.answer, again.unknown) == (None, ("customer.is_vip",))
    assert (change_of(again), behind(again)) == (None, [])


def test_what_is_denied_whatever_that_fact_was_is_denied() -> None:
    pack = draft(NO_SUNDAY, VIP_RULE)
    assert shadow([look(customer__suppressed=True)], pack).otherwise == ()


def test_a_fact_that_was_missing_then_too_is_no_unknown() -> None:
    assert shadow([look(without=("cart.in_stock",))], SAME).otherwise == ()


def test_a_call_that_no_pack_was_asked_about_stays_as_it_was() -> None:
    loose = draft((WEEKLY, WEEKLY.replace("3", "9")))
    stopped = look(stopped=True, cap__weekly__used=3)
    unlisted = look(action__tool_listed=False)
    assert shadow([stopped, unlisted], loose).otherwise == ()
    without = draft(("never_when: not action.tool_listed", "never_when: customer.suppressed"))
    assert shadow([unlisted], without).otherwise == ()


def test_a_call_that_came_again_with_a_reason_counts_once_by_its_last_verdict() -> None:
    first = look("offer", decision="dec_1", customer__days_since_last_code=3)
    again = look("offer", decision="dec_1", customer__days_since_last_code=3,
                 overrides={"code_lately": "they asked for it"})  # fmt: skip
    assert [first.outcome, again.outcome] == ["needs_reason", "allow"]
    told = shadow([first, again], SAME)
    assert (told.calls, told.otherwise) == (1, ())
    sooner = draft(("code_rest_days: {value: 60", "code_rest_days: {value: 2"))
    assert shadow([first, again], sooner).otherwise == ()


def test_an_effect_that_the_draft_refuses_when_it_is_claimed_is_refused() -> None:
    claim = look(decision="dec_1", effect="eff_1", now_us=NOON + 10 * HOUR,
                 customer__minutes_since_purchase=1_700)  # fmt: skip
    released = look(decision="dec_1", effect="eff_1", now_us=NOON + 21 * HOUR,
                    customer__minutes_since_purchase=2_360)  # fmt: skip
    longer = draft(("purchase_rest_minutes: {value: 1440", "purchase_rest_minutes: {value: 2000"))
    [found] = shadow([claim, released], longer).otherwise
    assert change_of(found) is Change.REFUSED
    assert [spoke.rule for _, spoke in behind(found)] == ["just_bought"]


def test_a_message_that_would_have_left_at_night_is_told_though_it_left_in_the_morning() -> None:
    claim = look(decision="dec_1", effect="eff_1", now_us=NOON + 10 * HOUR)
    released = look(decision="dec_1", effect="eff_1", now_us=NOON + 20 * HOUR)
    later = draft(('from: "21:00"', 'from: "23:00"'))
    [found] = shadow([claim, released], later).otherwise
    assert change_of(found) is Change.EARLIER


def test_a_message_that_was_cancelled_in_the_morning_would_have_left_at_night() -> None:
    claim = look(decision="dec_1", effect="eff_1", now_us=NOON + 10 * HOUR)
    cancelled = look(decision="dec_1", effect="eff_1", now_us=NOON + 20 * HOUR,
                     customer__minutes_since_purchase=5)  # fmt: skip
    later = draft(('from: "21:00"', 'from: "23:00"'))
    [found] = shadow([claim, cancelled], later).otherwise
    assert change_of(found) is Change.ALLOWED
    assert [spoke.rule for _, spoke in behind(found)] == ["just_bought"]
