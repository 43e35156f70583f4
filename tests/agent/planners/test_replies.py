"""Reading answers: what can be proposed is proposed, everything else is said as what it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.planners.replies import Reply, Unusable, read, said_by
from agent.planning import Situation
from agent.situation import situation_of
from tests.agent.planners.answers import EMAIL, FINISH, answer, called, said
from tests.agent.planners.situations import a_run, a_situation, decided
from tests.tools.pictures import a_setting
from tools.registry import TOOLS
from tools.tool import ActionKind

S = a_situation()


def wrong(body: Any, s: Situation = S) -> str:
    with pytest.raises(Unusable) as caught:
        read(body, s)
    return str(caught.value)


# -- what can be proposed --------------------------------------------------------------------------


def test_what_is_about_the_call_never_reaches_the_tool() -> None:
    about = {"reasoning": "a friendly\n reminder", "confidence": 85, "overrides": {"r": "true"}}
    reply = read(called(("send_email", EMAIL | about), text="Write once"), S)
    (call,) = reply.calls
    assert call.args == EMAIL and reply.plan == "Write once"
    assert call.reasoning == "a friendly reminder"
    assert call.confidence_bp == 8_500 and call.overrides == {"r": "true"}


def test_reads_may_stand_together() -> None:
    reply = read(called(("get_profile", {}), ("get_margin", {"discount_bp": 500})), S)
    assert [call.tool for call in reply.calls] == ["get_profile", "get_margin"]
    assert reply.left_out == ()


@pytest.mark.parametrize(
    ("tools", "kept"),
    [
        (["send_email", "finish"], ["send_email"]),
        (["get_profile", "send_email"], ["get_profile"]),
        (["finish", "get_profile"], ["finish"]),
        (["get_profile", "get_profile"], ["get_profile"]),
        (["get_profile", "check_back", "get_margin"], ["get_profile", "get_margin"]),
    ],
)
def test_what_is_not_a_read_goes_alone(tools: list[str], kept: list[str]) -> None:
    args: dict[str, dict[str, Any]] = {"send_email": EMAIL, "finish": FINISH}
    args["check_back"] = {"after_minutes": 5, "because": "later"}
    reply = read(called(*[(tool, args.get(tool, {})) for tool in tools]), S)
    assert [call.tool for call in reply.calls] == kept
    left = set(tools) - set(kept)
    assert all(any(said.startswith(tool) for said in reply.left_out) for tool in left)


def test_calls_are_numbered_by_us_and_not_by_the_model() -> None:
    s = situation_of(decided(a_run(), "get_profile"))
    reply = read(called(("get_margin", {}), ("get_inventory", {})), s)
    assert [call.id for call in reply.calls] == ["call_2", "call_3"]


WRITTEN = {"tool": "finish", "reasoning": "done", "confidence": 70, "arguments": FINISH}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"plan": "Come to an end", "calls": [WRITTEN]}),
        json.dumps([WRITTEN]),
        json.dumps(WRITTEN),
        json.dumps({"name": "finish", "arguments": json.dumps(FINISH)}),
        json.dumps({"tool": "finish", "args": FINISH | {"confidence": 70}}),
        f"Here:\n```json\n{json.dumps(WRITTEN)}\n```\nThat is it.",
        f"```\n{json.dumps([WRITTEN])}\n```",
        f"<tool_call>{json.dumps({'name': 'finish', 'parameters': FINISH})}</tool_call>",
    ],
)
def test_a_call_in_words_is_a_call(text: str) -> None:
    (call,) = read(said(text), S).calls
    assert call.tool == "finish" and call.args == FINISH


def test_an_older_function_call_is_a_call() -> None:
    body = answer({"function_call": {"name": "finish", "arguments": json.dumps(FINISH)}})
    assert read(body, S).calls[0].args == FINISH


@pytest.mark.parametrize("arguments", ["", "  ", "{}", "null", None, {}])
def test_a_tool_without_arguments_needs_none(arguments: Any) -> None:
    body = called(("get_profile", "{}"))
    body["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] = arguments
    assert read(body, S).calls[0].args == {}


@pytest.mark.parametrize(
    ("said_confidence", "bp"),
    [
        (0, 0), (1, 100), (80, 8_000), (100, 10_000), (0.8, 8_000), (99.5, 9_950), (1.0, 10_000),
        (101, None), (-1, None), ("80", None), (True, None), (None, None), ([], None),
    ],
)  # fmt: skip
def test_a_confidence_that_is_none_is_unknown(said_confidence: Any, bp: int | None) -> None:
    reply = read(called(("finish", FINISH | {"confidence": said_confidence})), S)
    assert reply.calls[0].confidence_bp == bp


# -- what cannot, and exactly why ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, "holds no choice"),
        ({"choices": []}, "holds no choice"),
        ({"choices": [None]}, "holds no choice"),
        ({"choices": [{"message": None}]}, "holds no message"),
        (answer(), "there is no call"),
        (said(""), "there is no call"),
        (said("I would wait."), "there is no call"),
        (said("{}"), "there is no call"),
        (said('{"calls": []}'), "there is no call"),
        (said("[]"), "there is no call"),
        (said("{not json"), "no JSON that could be read"),
        (said("[" * 50_000), "no JSON that could be read"),
        (said('{"tool": "finish", "arguments": [1]}'), "are no JSON object"),
        (said("[1]"), "each call is an object"),
        (answer({"content": "x", "refusal": "no"}), "is a refusal"),
        (answer({"content": "x"}, ended="content_filter"), "is a refusal"),
        (answer({"content": json.dumps(WRITTEN)}, ended="length"), "was cut off"),
        (answer({"tool_calls": [None]}), "is no function call"),
        (answer({"tool_calls": [{"function": None}]}), "is no function call"),
        (called(("finish", "{")), "no JSON that could be read"),
        (called(("finish", '{"because": NaN}')), "no JSON that could be read"),
        (called(("finish", "[]")), "are no JSON object"),
        (called(("send_pigeon", {})), "there is no tool `send_pigeon`; the tools are: get_"),
        (called(("drop tables; --", {})), "there is no tool of that name"),
        (called(("finish", {"outcome": "done"})), "finish: because: Field required"),
        (called(("finish", FINISH | {"to": "x"})), "finish: to: Extra inputs are not permitted"),
        (called(("create_offer", {"discount_bp": "9", "valid_hours": 1})), "discount_bp: Input"),
        (called(("create_offer", {"discount_bp": 9.5, "valid_hours": 1})), "discount_bp: Input"),
        (called(("create_offer", {"discount_bp": 0, "valid_hours": 1})), "greater than or equal"),
        (called(("send_email", EMAIL | {"useful_until": "soon"})), "useful_until: Input"),
        (called(("send_email", EMAIL | {"useful_until": "2026-01-07T10:00:00"})), "timezone"),
        (called(("finish", FINISH | {"overrides": ["x"]})), "one reason in words"),
        (called(("finish", FINISH | {"overrides": {"x": 1}})), "one reason in words"),
        (called(("send_email", EMAIL | {"slots": {"opening": "\ud800"}})), "half of a character"),
        (called(("send_email", EMAIL | {"slots": {"a": "x" * 30_000}})), "it is too long"),
    ],
)
def test_each_wrong_answer_is_said_as_what_it_is(body: Any, why: str) -> None:
    assert why in wrong(body)


def test_an_unlisted_tool_is_no_tool_for_this_agent() -> None:
    agent = a_setting().agent.model_copy(update={"tools": ("get_profile", "finish")})
    s = a_situation(setting=a_setting(agent=agent))
    assert "the tools are: get_profile, finish" in wrong(called(("send_email", EMAIL)), s)


def test_what_is_wrong_repeats_no_value() -> None:
    secret = "ada@example.com"
    for body in (
        called(("finish", FINISH | {"outcome": secret})),
        called(("finish", FINISH | {secret: "x"})),
        called(("send_email", EMAIL | {"useful_until": secret})),
        called((secret, {})),
        called(("create_offer", {"discount_bp": secret, "valid_hours": 1})),
    ):
        assert "ada" not in wrong(body)


def test_what_a_model_said_can_be_shown_to_it() -> None:
    assert said_by(said("I would wait.")) == "I would wait."
    assert "send_pigeon" in said_by(called(("send_pigeon", {}), text="Hm"))
    assert said_by({}) == ""


# -- whatever comes --------------------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "tool_calls", "function", "name", "arguments"]
                + ["tool", "calls", "plan", "overrides", "confidence", "reasoning", "refusal"]
            )
            | st.text(max_size=8),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)
_CALL = st.fixed_dictionaries(
    {"name": st.sampled_from(sorted(TOOLS)) | st.text(max_size=9)},
    optional={"arguments": _JSON | _JSON.map(lambda v: json.dumps(v))},
)
_ANSWERS = (
    st.dictionaries(st.just("choices"), _JSON)
    | _JSON.map(lambda m: {"choices": [{"message": m}]})
    | st.lists(_CALL, max_size=4).map(
        lambda calls: answer({"tool_calls": [{"function": call} for call in calls]})
    )
    | st.lists(_CALL, max_size=3).map(lambda calls: said(json.dumps({"calls": calls})))
    | st.text(max_size=60).map(said)
)


@settings(max_examples=600, deadline=None)
@given(_ANSWERS)
def test_whatever_comes_is_a_reply_that_fits_or_an_error_in_words(body: dict[str, Any]) -> None:
    try:
        reply: Reply = read(body, S)
    except Unusable as unusable:
        assert str(unusable) and len(str(unusable)) < 2_000
        said_by(body)
        return
    assert reply.calls
    kinds = [TOOLS[call.tool].kind for call in reply.calls]
    assert len(kinds) == 1 or set(kinds) == {ActionKind.READ}
    for call in reply.calls:
        assert call.tool in S.agent.tools
        TOOLS[call.tool].args.model_validate(call.args)
