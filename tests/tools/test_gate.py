"""The gate in one process: what it decides, what it is bound to, what it never falls over (P1)."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.verdict import Outcome
from tests.tools.pictures import (
    LAMP,
    NOW,
    OFFER,
    a_call,
    a_contact,
    a_picture,
    a_profile,
    a_setting,
    decided,
    denials,
    pack,
    rules_of,
    sending,
)
from tools.cart import CartLine
from tools.gate import Decided, Proposed, call_key, decide, largest_allowed
from tools.instants import DAY_US, HOUR_US
from tools.picture import CHANNELS, PURPOSES, Picture
from tools.proposed import DEEPEST, readable
from tools.registry import TOOLS

OFFERING = {"discount_bp": 1_000, "valid_hours": 72}


def suppressed(*stopped: tuple[str, str]) -> dict[tuple[str, str], bool]:
    return {(c, p): (c, p) in stopped for c in CHANNELS for p in PURPOSES}


# -- what an allow is bound to ---------------------------------------------------------------------


def test_p1_an_ordinary_message_in_bounds_needs_nobody() -> None:
    answer = decided("send_email", sending())
    assert answer.allowed
    assert answer.verdict.call_digest == answer.digest
    assert answer.verdict.obligations == {"require_footer": True}


def test_p1_every_part_of_a_call_changes_what_it_is_bound_to() -> None:
    setting, picture = a_setting(), a_picture()
    base = decided("send_email", sending(), picture, setting)
    newer = pack(("version: 1", "version: 2"))
    others = [
        decided("send_sms", sending("cart_reminder_sms"), picture, setting),
        decided("send_email", sending(hours=47), picture, setting),
        decided("send_email", sending(), replace(picture, customer_id="cus_2"), setting),
        decided("send_email", sending(), picture, replace(setting, pack=newer)),
        decided("send_email", sending(), picture, replace(setting, decision_id="dec_2")),
        # Another file of the same message: other words, which nobody has approved.
        decided("send_email", sending(), replace(picture, profile=a_profile(locale="de")), setting),
    ]
    digests = {base.digest, *(other.digest for other in others)}
    assert len(digests) == len(others) + 1


def test_p1_class_and_words_that_change_in_the_file_need_another_allow() -> None:
    setting = a_setting()
    messages = {name: dict(files) for name, files in setting.library.messages.items()}
    file = messages["cart_reminder"]["en"]
    messages["cart_reminder"]["en"] = replace(file, sha256="0" * 64)
    other = replace(setting, library=replace(setting.library, messages=messages))
    assert (
        decided("send_email", sending(), setting=setting).digest
        != decided("send_email", sending(), setting=other).digest
    )


def test_p3_a_call_is_one_effect_in_its_decision_whatever_is_said_about_it() -> None:
    plain = a_call("send_email", sending())
    keys = {
        call_key(decision_id="dec_1", proposed=p, customer_id="cus_1")
        for p in (
            plain,
            replace(plain, id="call_9", reasoning="another thought", confidence_bp=1),
            replace(plain, overrides={"prefer_email": "they asked for it"}),
        )
    }
    assert len(keys) == 1
    other = call_key(decision_id="dec_2", proposed=plain, customer_id="cus_1")
    assert other not in keys


@given(st.text(max_size=5), st.text(max_size=5))
@settings(max_examples=100, deadline=None)
def test_p1_different_arguments_never_share_a_digest(one: str, other: str) -> None:
    same = one == other
    args = [{"because": text, "outcome": "done"} for text in (one, other)]
    first, second = (decided("finish", a).digest for a in args)
    unreadable = [readable(a_call("finish", a))[1] is not None for a in args]
    assert (first == second) == same or any(unreadable)


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (1, "1"), (1, 1.5), (None, "None"), ([], {}), ("a", ["a"]), (0, False)],
)
def test_p1_values_that_look_alike_are_different_calls(one: Any, other: Any) -> None:
    assert decided("finish", {"x": one}).digest != decided("finish", {"x": other}).digest


# -- whatever a planner writes ---------------------------------------------------------------------


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def looped() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["again"] = value
    return value


def bomb() -> list[Any]:
    value: list[Any] = ["x"]
    for _ in range(DEEPEST - 2):
        value = [value] * 10
    return value


HOSTILE: dict[str, Any] = {
    "not a number": math.nan,
    "no end": -math.inf,
    "a huge number": 10**5_000,
    "half a character": "\ud800",
    "bytes": b"2000",
    "deep": nested(500),
    "a loop": looped(),
    "a bomb": bomb(),
    "long": "x" * 100_000,
    "an object": object(),
    "a set": {1, 2},
    "a name that is no text": {1: 2},
    "half a name": {"\udfff": 1},
}


@pytest.mark.parametrize("what", HOSTILE)
@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_p1_whatever_cannot_be_written_down_is_denied(tool: str, what: str) -> None:
    for args in ({"discount_bp": HOSTILE[what]}, HOSTILE[what]):
        answer = decided(tool, args)
        assert answer.verdict.outcome is Outcome.DENY
        assert list(rules_of(answer)) == ["malformed_call"]
        assert answer.proposed.args == {}
        json.dumps([answer.proposed.args, answer.verdict.as_json()], allow_nan=False)


@pytest.mark.parametrize("part", ["id", "tool", "reasoning", "confidence_bp", "overrides"])
@pytest.mark.parametrize("what", HOSTILE)
def test_p1_no_part_of_a_call_makes_the_gate_fall_over(part: str, what: str) -> None:
    answer = decide(
        a_picture(),
        replace(a_call("get_profile", {}), **{part: HOSTILE[what]}),
        a_setting(),
    )
    p = answer.proposed
    written = json.dumps([p.id, p.tool, p.reasoning, p.confidence_bp, p.overrides])
    assert len(written.encode()) < 20_000
    if part in ("tool", "overrides"):
        assert answer.verdict.outcome is Outcome.DENY
    else:
        assert answer.allowed


@pytest.mark.parametrize(
    ("tool", "args"),
    [
        ("create_offer", {"discount_bp": True, "valid_hours": 72}),
        ("create_offer", {"discount_bp": "1000", "valid_hours": 72}),
        ("create_offer", {"discount_bp": 1000.0, "valid_hours": 72}),
        ("create_offer", {"discount_bp": 0, "valid_hours": 72}),
        ("create_offer", {"discount_bp": 10_001, "valid_hours": 72}),
        ("create_offer", {**OFFERING, "customer_id": "cus_2"}),
        ("create_offer", {**OFFERING, "class": "service"}),
        ("send_email", sending(**{"class": "service"})),
        ("send_email", sending(purpose="service")),
        ("send_email", sending(to="eve@evil.example")),
        ("send_email", sending(slots={"opening": 5})),
        ("send_email", {"message": "cart_reminder", "useful_until": "2026-01-06T10:00:00"}),
        ("send_email", {"message": "cart_reminder", "useful_until": "soon"}),
        ("send_email", sending("no_such_message")),
        ("send_email", sending("cart_reminder_sms")),
        ("send_sms", sending("cart_reminder")),
        ("get_profile", {"customer_id": "cus_2"}),
        ("check_back", {"after_minutes": 10**9, "because": "later"}),
        ("suppress_customer", {"scope": "address", "reason": "they wrote STOP"}),
        ("suppress_customer", {"scope": "all", "channel": "sms", "reason": "they wrote STOP"}),
        ("delete_everything", {}),
        ("", {}),
    ],
)
def test_p1_arguments_that_do_not_fit_are_denied_and_said_to_be(
    tool: str, args: dict[str, Any]
) -> None:
    answer = decided(tool, args, setting=a_setting(autonomy="autonomous"))
    assert denials(answer) == {"malformed_call"}
    assert answer.verdict.fired[0].because


def test_p14_what_is_wrong_is_told_without_the_planners_values() -> None:
    secret = "ada@customer.example"
    said = decided("create_offer", {"discount_bp": secret, "valid_hours": secret})
    assert secret not in said.verdict.fired[0].because
    many = decided("finish", {f"{secret}{k}" * 5: 1 for k in range(500)})
    assert len(many.verdict.fired[0].because) < 2_000


def test_p1_a_tool_that_the_agents_file_does_not_list_is_denied_under_any_pack() -> None:
    setting = a_setting(autonomy="autonomous")
    agent = setting.agent.model_copy(update={"tools": ("get_profile",)})
    never = "never_when: not action.tool_listed"
    careless = pack((never, f"{never} and action.tool_listed"))
    for rules in (pack(), careless):
        for tool, args in (
            ("send_email", sending()),
            ("create_offer", OFFERING),
            ("finish", {"because": "done", "outcome": "done"}),
            ("get_margin", {}),
        ):
            answer = decided(tool, args, setting=replace(setting, agent=agent, pack=rules))
            assert answer.verdict.outcome is Outcome.DENY, tool


def test_a_call_that_was_read_once_reads_the_same_again() -> None:
    once = decided("send_email", sending(slots={"opening": "The lamp waits."}))
    assert decide(a_picture(), once.proposed, a_setting()) == once


# -- whom it is about, and what the file says ------------------------------------------------------


def test_p11_an_offer_of_another_journey_or_of_nobody_is_not_valid() -> None:
    picture = a_picture(offers=(OFFER,))
    args = sending("cart_reminder_offer", offer_id="off_1")
    assert decided("send_email", args, picture).allowed
    elsewhere = replace(picture, offers=(replace(OFFER, journey_id="jrn_2"),))
    assert "offer_not_valid" in denials(decided("send_email", args, elsewhere))
    unknown = sending("cart_reminder_offer", offer_id="off_of_somebody_else")
    assert "offer_not_valid" in denials(decided("send_email", unknown, picture))


@pytest.mark.parametrize("status", ["redeemed", "expired", "void"])
def test_an_offer_that_is_used_or_gone_is_not_valid(status: str) -> None:
    picture = a_picture(offers=(replace(OFFER, status=status),))
    args = sending("cart_reminder_offer", offer_id="off_1")
    assert "offer_not_valid" in denials(decided("send_email", args, picture))


def test_an_offer_must_last_as_long_as_the_message_is_of_use() -> None:
    picture = a_picture(offers=(OFFER,))
    until_it_ends = sending("cart_reminder_offer", offer_id="off_1", hours=72)
    longer = sending("cart_reminder_offer", offer_id="off_1", hours=72.1)
    assert decided("send_email", until_it_ends, picture).allowed
    assert "offer_not_valid" in denials(decided("send_email", longer, picture))


def test_a_message_that_names_a_discount_needs_the_offer() -> None:
    answer = decided("send_email", sending("cart_reminder_offer"))
    assert denials(answer) == {"discount_without_offer"}


def test_p14_class_and_purpose_come_from_the_file() -> None:
    facts = decided("send_email", sending(slots={"opening": "class: service"})).facts
    assert (facts["action.class"], facts["action.purpose"]) == ("marketing", "marketing")


def test_a_message_without_a_file_in_the_persons_language_is_denied() -> None:
    setting = a_setting()
    files = {
        name: {tag: replace(file, default=False) for tag, file in by_locale.items()}
        for name, by_locale in setting.library.messages.items()
    }
    without_default = replace(setting, library=replace(setting.library, messages=files))
    french = a_picture(profile=a_profile(locale="fr-FR"))
    assert decided("send_email", sending(), french, setting).allowed
    answer = decided("send_email", sending(), french, without_default)
    assert denials(answer) == {"malformed_call"}
    assert "language" in answer.verdict.fired[0].because


# -- suppression has a scope -----------------------------------------------------------------------


def test_an_address_that_is_stopped_stops_neither_the_other_channel_nor_an_offer() -> None:
    picture = a_picture(suppressed=suppressed(("sms", "marketing"), ("sms", "service")))
    assert decided("send_email", sending(), picture).allowed
    assert "suppressed" not in denials(decided("create_offer", OFFERING, picture))
    assert "suppressed" in denials(decided("send_sms", sending("cart_reminder_sms"), picture))


def test_somebody_who_asked_us_to_stop_altogether_gets_no_message_and_no_offer() -> None:
    everything = suppressed(*((c, p) for c in CHANNELS for p in PURPOSES))
    picture = a_picture(suppressed=everything)
    for tool, args in (
        ("send_email", sending()),
        ("send_sms", sending("cart_reminder_sms")),
        ("create_offer", OFFERING),
    ):
        assert "suppressed" in denials(decided(tool, args, picture)), tool


def test_an_opt_out_of_marketing_says_nothing_about_service() -> None:
    picture = a_picture(suppressed=suppressed(("email", "marketing"), ("sms", "marketing")))
    assert "suppressed" in denials(decided("create_offer", OFFERING, picture))
    assert not picture.suppressed_for("service")


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


# -- stock, price, currency ------------------------------------------------------------------------


def test_p2_two_lines_of_one_article_need_both_quantities() -> None:
    line = replace(LAMP, quantity=3)
    assert decided("send_email", sending(), a_picture(lines=(line,))).allowed
    answer = decided("send_email", sending(), a_picture(lines=(line, line)))
    assert denials(answer) == {"out_of_stock"}


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"free_stock": None}, "missing:cart.in_stock"),
        ({"quantity": None}, "missing:cart.in_stock"),
    ],
)
def test_p6_an_unknown_stock_or_quantity_closes_the_gate(
    change: dict[str, Any], missing: str
) -> None:
    lines = (replace(LAMP, **change),)
    picture = a_picture(lines=lines, cart_value_minor=None)
    for tool, args in (("send_email", sending()), ("create_offer", OFFERING)):
        assert missing in denials(decided(tool, args, picture)), tool


@pytest.mark.parametrize("change", [{"price_minor": None}, {"cost_minor": None}])
def test_without_price_or_cost_it_is_mentioned_and_never_discounted(
    change: dict[str, Any],
) -> None:
    picture = a_picture(lines=(replace(LAMP, **change),))
    assert decided("send_email", sending(), picture).allowed
    assert "no_price" in denials(decided("create_offer", OFFERING, picture))


def test_p12_another_currency_than_the_packs_is_a_malformed_fact() -> None:
    for currency in ("USD", None):
        picture = a_picture(cart_currency=currency)
        for tool, args in (("send_email", sending()), ("create_offer", OFFERING)):
            assert "missing:cart.currency" in denials(decided(tool, args, picture))


def test_p6_an_unknown_budget_closes_the_gate() -> None:
    answer = decided("create_offer", OFFERING, a_picture(budgets={}))
    assert "missing:budget.discounts.left_minor" in denials(answer)


def test_p2_an_offer_takes_no_more_than_is_left_of_the_budget() -> None:
    answer = decided("create_offer", OFFERING, a_picture(budgets={"discounts": 1_189}))
    assert denials(answer) == {"discounts"}
    assert decided("create_offer", OFFERING, a_picture(budgets={"discounts": 1_190})).allowed


# -- the largest discount that would do ------------------------------------------------------------


def poor_margin() -> CartLine:
    """Net 100.00, cost 71.00: 18.3 % off leave not quite 15 %... 16.47 % off leave 15."""
    return replace(LAMP, cost_minor=7_100)


def test_the_largest_discount_is_found_exactly() -> None:
    setting = a_setting(autonomy="autonomous")
    loyal = replace(a_profile(), orders=1, revenue={"EUR": 90_000})
    picture = a_picture(lines=(poor_margin(),), profile=loyal)
    asked = {"discount_bp": 2_000, "valid_hours": 72}
    answer = decided("create_offer", asked, picture, setting)
    assert {"margin_floor"} <= denials(answer)
    largest = largest_allowed(picture, answer, setting)
    assert largest is not None

    def outcome(discount_bp: int) -> Outcome:
        args = {"discount_bp": discount_bp, "valid_hours": 72}
        return decided("create_offer", args, picture, setting).verdict.outcome

    assert outcome(largest) is not Outcome.DENY
    assert all(outcome(bp) is Outcome.DENY for bp in range(largest + 1, 2_001, 7))


def test_nothing_is_offered_where_no_discount_would_do() -> None:
    picture = a_picture(complaint_open=True)
    answer = decided("create_offer", OFFERING, picture)
    assert largest_allowed(picture, answer, a_setting()) is None


def test_what_was_not_denied_needs_no_smaller_one() -> None:
    picture = a_picture(offers=(replace(OFFER, status="redeemed"),))
    answer = decided("create_offer", OFFERING, picture)
    assert answer.verdict.outcome is Outcome.NEEDS_REASON
    assert largest_allowed(picture, answer, a_setting()) is None


@pytest.mark.parametrize("asked", [True, "2000", None, -5, 10**18, 20_000, [1]])
def test_the_search_takes_whatever_was_asked(asked: Any) -> None:
    picture, setting = a_picture(), a_setting(autonomy="autonomous")
    answer = decided("create_offer", {"discount_bp": asked, "valid_hours": 72}, picture, setting)
    largest = largest_allowed(picture, answer, setting)
    assert largest == (1_000 if type(asked) is int and asked > 10_000 else None)


# -- autonomy --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("autonomy", "outcome"),
    [("assisted", "approval"), ("supervised", "allow"), ("autonomous", "allow")],
)
@pytest.mark.parametrize(
    ("tool", "args"),
    [
        ("send_email", sending()),
        ("create_offer", {"discount_bp": 500, "valid_hours": 72}),
        ("create_ticket", {"queue": "service", "priority": "low", "summary": "Look."}),
        ("suppress_customer", {"scope": "all", "reason": "they asked"}),
    ],
)
def test_p9_how_much_an_agent_does_alone(
    autonomy: str, outcome: str, tool: str, args: dict[str, Any]
) -> None:
    answer = decided(tool, args, setting=a_setting(autonomy=autonomy))
    assert answer.verdict.outcome.value == outcome


@pytest.mark.parametrize("autonomy", ["assisted", "supervised", "autonomous"])
def test_reading_and_ending_need_nobody(autonomy: str) -> None:
    setting = a_setting(autonomy=autonomy)
    assert decided("get_margin", {}, setting=setting).allowed
    assert decided("finish", {"because": "done", "outcome": "done"}, setting=setting).allowed


def test_more_than_ten_percent_is_looked_at_by_an_operator() -> None:
    offer = replace(OFFER, discount_bp=1_500)
    args = sending("cart_reminder_offer", offer_id="off_1")
    answer = decided("send_email", args, a_picture(offers=(offer,)))
    assert answer.verdict.outcome is Outcome.REVIEW


# -- soft rules ------------------------------------------------------------------------------------


def test_a_soft_rule_is_lifted_by_a_reason_and_a_hard_one_by_nothing() -> None:
    args = sending("cart_reminder_sms")
    assert decided("send_sms", args).verdict.outcome is Outcome.NEEDS_REASON
    assert decided("send_sms", args, overrides={"prefer_email": "they prefer texts"}).allowed
    blank = decided("send_sms", args, overrides={"prefer_email": "  "})
    assert blank.verdict.outcome is Outcome.NEEDS_REASON
    hard = decided("send_sms", args, overrides={"no_consent": "they surely agree"})
    assert "override_of_hard" in denials(hard)


# -- whatever is proposed, decided twice it is the same --------------------------------------------

_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(tool=st.sampled_from([*sorted(TOOLS), "rm"]), args=_json, reasons=_json)
@settings(max_examples=300, deadline=None)
def test_p1_the_gate_answers_whatever_json_is_proposed(tool: str, args: Any, reasons: Any) -> None:
    proposed = Proposed("c", tool, args, overrides=reasons)
    one: Callable[[], Decided] = lambda: decide(a_picture(), proposed, a_setting())  # noqa: E731
    assert one().verdict.canonical() == one().verdict.canonical()
    assert one().digest == one().digest


def test_now_is_what_the_tests_say() -> None:
    assert decided("send_email", sending()).facts["now_us"] == NOW
