"""The gate in one process: what it decides and what an allow is bound to (P1)."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.verdict import Outcome
from tests.tools.pictures import (
    LAMP,
    OFFER,
    a_call,
    a_picture,
    a_profile,
    a_setting,
    decided,
    denials,
    pack,
    sending,
)
from tools.cart import CartLine
from tools.gate import call_key, decide, largest_allowed
from tools.proposed import readable

OFFERING = {"discount_bp": 1_000, "valid_hours": 72}


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


# -- what is refused before a rule is asked --------------------------------------------------------


def test_p1_a_tool_that_nobody_declared_or_that_the_agent_does_not_list_is_denied() -> None:
    unknown = decided("transfer_money", {"amount": 1})
    assert (unknown.kind.value, unknown.tool, unknown.verdict.outcome) == (
        "control", None, Outcome.DENY,
    )  # fmt: skip
    [fired] = unknown.verdict.fired
    assert (fired.rule, fired.because) == ("malformed_call", "there is no tool of this name")
    setting = a_setting()
    others = [tool for tool in setting.agent.tools if tool != "send_email"]
    narrower = replace(setting, agent=setting.agent.model_copy(update={"tools": others}))
    unlisted = decided("send_email", sending(), setting=narrower)
    assert unlisted.facts["action.tool_listed"] is False
    assert unlisted.verdict.outcome is Outcome.DENY
    assert "tool_not_listed" in denials(unlisted)
    assert decided("send_email", sending()).facts["action.tool_listed"] is True


def test_p8_a_refusal_that_no_rule_was_asked_for_names_its_pack_and_engine_all_the_same() -> None:
    refused = decided("transfer_money", {})
    told, ordinary = refused.verdict, decided("send_email", sending()).verdict
    assert (told.pack, told.version, told.sha256, told.engine) == (
        ordinary.pack, ordinary.version, ordinary.sha256, ordinary.engine,
    )  # fmt: skip
    assert told.call_digest == refused.digest
    assert told.facts_digest == sha256(b"").hexdigest()
    assert told.as_json()["fired"] == [
        {
            "rule": "malformed_call",
            "kind": "missing",
            "outcome": "deny",
            "because": "there is no tool of this name",
            "facts": {},
        }
    ]


def test_p1_calls_of_two_tools_with_the_same_arguments_are_two_calls() -> None:
    setting, picture = a_setting(), a_picture()
    one, other = (decided(t, sending(), picture, setting) for t in ("send_email", "send_sms"))
    assert one.digest != other.digest
    unknown = {decided(name, {}, picture, setting).digest for name in ("one", "other")}
    assert len(unknown) == 2


def test_p3_two_calls_of_one_decision_are_two_effects() -> None:
    calls = [
        a_call("send_email", sending()),
        a_call("send_email", sending(hours=47)),
        a_call("send_sms", sending()),
    ]
    keys = {call_key(decision_id="dec_1", proposed=p, customer_id="cus_1") for p in calls}
    keys.add(call_key(decision_id="dec_1", proposed=calls[0], customer_id="cus_2"))
    assert len(keys) == 4


def test_what_is_wrong_with_arguments_is_told_by_place_and_never_by_value() -> None:
    [one] = decided("send_email", {**sending(), "useful_until": "Ada's secret"}).verdict.fired
    assert one.because.startswith("useful_until: ")
    assert "secret" not in one.because and "; " not in one.because
    many = {f"extra_{n}": "Ada's secret" for n in range(12)}
    [fired] = decided("send_email", {**sending(), **many}).verdict.fired
    said = fired.because.split("; ")
    assert said[-1] == "and 2 more"
    assert [part.partition(":")[0] for part in said[:-1]] == [f"extra_{n}" for n in range(10)]
    ten = {f"extra_{n}": 1 for n in range(10)}
    [fired] = decided("send_email", {**sending(), **ten}).verdict.fired
    assert "more" not in fired.because
    long = {"x" * 200: 1}
    [fired] = decided("send_email", {**sending(), **long}).verdict.fired
    assert fired.because.startswith("x" * 60 + ": ")


def test_p6_a_planner_that_says_nothing_of_its_confidence_has_none() -> None:
    wary = pack(
        ("  customer.suppressed: {bool", "  action.confidence_bp: {int: [0, 10000]}\n"
                                         "  customer.suppressed: {bool"),
        ("soft:\n", "  - {id: unsure, on: [contact], never_when: action.confidence_bp < 5000, "
                    "because: B}\nsoft:\n"),
    )  # fmt: skip
    setting = a_setting(pack=wary)
    for confidence, denied in ((None, True), (0, True), (4_999, True), (5_000, False)):
        call = replace(a_call("send_email", sending()), confidence_bp=confidence)
        answer = decide(a_picture(), call, setting)
        assert answer.facts["action.confidence_bp"] == (confidence or 0)
        assert ("unsure" in denials(answer)) is denied


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 500, 999, 1_000])
@pytest.mark.parametrize("asked", [1_001, 1_002, 5_000, 9_999, 10_000])
def test_the_largest_discount_is_found_to_the_basis_point(limit: int, asked: int) -> None:
    setting = a_setting(
        pack=pack(("max_discount_bp: {value: 2000,", f"max_discount_bp: {{value: {limit},"))
    )
    picture = a_picture()
    denied = decided("create_offer", {**OFFERING, "discount_bp": asked}, picture, setting)
    assert denied.verdict.outcome is Outcome.DENY
    assert largest_allowed(picture, denied, setting) == limit
