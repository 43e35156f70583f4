"""Whatever a planner writes is read, or denied; nothing makes the gate fall over (P1)."""

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
    NOW,
    a_call,
    a_picture,
    a_setting,
    decided,
    denials,
    pack,
    rules_of,
    sending,
)
from tools.gate import Decided, Proposed, decide
from tools.proposed import DEEPEST
from tools.registry import TOOLS

OFFERING = {"discount_bp": 1_000, "valid_hours": 72}


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
