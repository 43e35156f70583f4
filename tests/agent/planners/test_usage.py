"""What planning costs: in whole minor units, and nobody slips past by counting nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.planners.usage import Prices, counted, estimated
from agent.planning import Usage

TOKENS = st.integers(0, 50_000)


def test_p12_a_million_tokens_cost_their_price() -> None:
    prices = Prices(prompt_minor=25, completion_minor=200)
    assert prices.cost_minor(Usage(1, 1_000_000, 0)) == 25
    assert prices.cost_minor(Usage(1, 0, 1_000_000)) == 200
    assert prices.cost_minor(Usage(1, 20_000, 0)) == 1, "half a unit is rounded up"
    assert prices.cost_minor(Usage(1, 19_999, 0)) == 0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(TOKENS, TOKENS), max_size=12), st.integers(0, 500), st.integers(0, 5_000))
def test_p12_many_small_turns_add_up_to_what_they_cost_together(
    turns: list[tuple[int, int]], prompt_minor: int, completion_minor: int
) -> None:
    prices = Prices(prompt_minor, completion_minor)
    spent = Usage()
    for prompt_tokens, completion_tokens in turns:
        turn = prices.charged(Usage(1, prompt_tokens, completion_tokens), before=spent)
        assert turn.cost_minor >= 0
        spent += turn
    assert spent.cost_minor == prices.cost_minor(spent)


@pytest.mark.parametrize("told", [None, {}, [], {"prompt_tokens": -1}, {"prompt_tokens": "many"}])
def test_an_endpoint_that_counts_nothing_is_counted_for(told: Any) -> None:
    assert counted({"usage": told}, prompt_estimate=700, said="x" * 300) == (700, 101)


def test_the_endpoints_own_count_stands() -> None:
    answer = {"usage": {"prompt_tokens": 12, "completion_tokens": 3}}
    assert counted(answer, prompt_estimate=700, said="") == (12, 3)
    for nonsense in (True, 10**12, 1.5):
        answer = {"usage": {"prompt_tokens": nonsense, "completion_tokens": 3}}
        assert counted(answer, prompt_estimate=700, said="") == (700, 3)


def test_an_estimate_is_never_nothing() -> None:
    assert estimated("") == 1 and estimated({"a": "ü" * 300}) > 200
