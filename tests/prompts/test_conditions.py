"""Conditions compare known facts with values of their own type, and nothing else is ever true."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from prompts.conditions import Condition, Op


def condition(op: str, value: object, fact: str = "a.b") -> Condition:
    return Condition.model_validate({"fact": fact, "op": op, "value": value})


@pytest.mark.parametrize(
    ("op", "value", "fact", "expected"),
    [
        ("is", "gold", "gold", True),
        ("is", True, 1, False),
        ("is_not", "gold", "silver", True),
        ("at_least", 3, 3, True),
        ("at_most", 3, 4, False),
        ("more_than", 3, 3, False),
        ("less_than", 3, 2, True),
        ("at_least", 3, True, False),
        ("at_least", 3, "9", False),
        ("in", ["a", "b"], "b", True),
        ("not_in", ["a", "b"], "c", True),
        ("not_in", ["a", "b"], "b", False),
    ],
)
def test_facts_are_compared(op: str, value: object, fact: object, expected: bool) -> None:
    assert condition(op, value).holds({"a": {"b": fact}}) is expected
    assert condition(op, value).holds({"a.b": fact}) is expected


@given(st.sampled_from(Op))
def test_p6_an_unknown_fact_makes_every_comparison_false(op: Op) -> None:
    value = ["x"] if op in (Op.IN, Op.NOT_IN) else 1
    assert not condition(op, value).holds({})
    assert not condition(op, value).holds({"a": {"b": None}})
    assert not condition(op, value).holds({"a": "b"})


@pytest.mark.parametrize(("op", "value"), [("in", "a"), ("is", ["a"]), ("at_least", "3")])
def test_a_value_that_cannot_be_compared_is_refused(op: str, value: object) -> None:
    with pytest.raises(ValidationError):
        condition(op, value)
