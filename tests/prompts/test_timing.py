"""An agent file on time: `detects` and `best_hour`, and what is refused, at its place."""

from __future__ import annotations

import pytest

from prompts.agents import parse_agent
from prompts.library import SHIPPED, Library, texts_of
from prompts.problems import PromptError

AGENT = """---
name: own
goals: [own_goal]
purpose: marketing
tools: [finish]
autonomy: supervised
expires_after: P7D
success_event: Bought
{more}
---
Do it.
"""
DETECTS = "detects: [{{event: Left, after: {after}, of: [{of}], unless: [{unless}]}}]"


def problems(more: str) -> str:
    with pytest.raises(PromptError) as refused:
        parse_agent(AGENT.format(more=more), "own.md")
    return str(refused.value)


def test_the_shipped_shopping_agent_notices_a_cart_after_an_hour() -> None:
    [detect] = Library.read().agents["shopping"].detects
    assert (detect.event, detect.after_us) == ("Cart Abandoned", 3_600_000_000)
    assert "Order Completed" in detect.unless


@pytest.mark.parametrize(
    ("after", "of", "unless", "said"),
    [
        ("PT1H", "A, B", "B", "'B' stands in of: and in unless:"),
        ("PT1H", "Left", "B", "'Left' cannot be detected by itself"),
        ("P31D", "A", "B", "after: is at most P30D"),
        ("P1M", "A", "B", "is not a duration"),
        ("PT1H", "", "B", "at least 1 item"),
        ("PT1H", "A", "", "at least 1 item"),
    ],
)
def test_what_could_never_be_noticed_is_refused(
    after: str, of: str, unless: str, said: str
) -> None:
    told = problems(DETECTS.format(after=after, of=of, unless=unless))
    assert said in told and told.startswith("own.md:9:")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("best_hour: {within: P2D}", "within: is at most P1D"),
        ("best_hour: {within: PT2H, at_least: 0}", "greater than or equal to 1"),
        ("best_hour: {within: PT2H, atleast: 3}", "unknown key 'atleast'"),
        ("best_hour: {at_least: 3}", "the key 'within' is missing"),
    ],
)
def test_an_hour_that_cannot_be_is_refused(more: str, said: str) -> None:
    assert said in problems(more)


def test_five_answers_are_needed_unless_the_file_says_otherwise() -> None:
    best = parse_agent(AGENT.format(more="best_hour: {within: PT2H}"), "own.md").best_hour
    assert best is not None and (best.within_us, best.at_least) == (7_200_000_000, 5)


def test_an_event_is_noticed_by_one_agent() -> None:
    own = AGENT.format(more="detects: [{event: Cart Abandoned, after: PT1H, of: [A], unless: [B]}]")
    with pytest.raises(PromptError, match="'Cart Abandoned' is detected by 'own' already"):
        Library.build({**texts_of(SHIPPED), "own.md": own})
