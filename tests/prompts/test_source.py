"""Reading a file finds all that is wrong with it, each with its place."""

from __future__ import annotations

import pytest

from prompts.agents import parse_agent
from tests.prompts.files import AGENT, swapped, wrong


def test_every_problem_of_a_file_is_found_at_once() -> None:
    text = swapped(AGENT, "autonomy: supervised", "autonomie: supervised")
    text = swapped(text, "expires_after: P7D", "expires_after: seven days")
    text = swapped(text, "purpose: marketing", "purpose: markting")
    lines = wrong(parse_agent, text, "shopping.md")
    assert "shopping.md:4:1: 'markting' is not one of 'marketing' or 'service'" in lines[1]
    assert "did you mean 'marketing'?" in lines[1]
    assert "shopping.md:8:1: unknown key 'autonomie'; did you mean 'autonomy'?" in lines
    assert any("shopping.md:9:1" in line and "P7D" in line for line in lines)
    assert any("the key 'autonomy' is missing" in line for line in lines)
    assert len(lines) == 4


def test_a_key_given_twice_is_refused_with_both_lines() -> None:
    text = swapped(AGENT, "autonomy: supervised", "autonomy: supervised\nautonomy: autonomous")
    assert wrong(parse_agent, text) == ["f.txt:9:1: key 'autonomy' already used on line 8"]


def test_an_unknown_key_inside_a_value_is_placed_there() -> None:
    text = swapped(AGENT, "{event: Cart Abandoned}", "{event: Cart Abandoned, wen: []}")
    assert wrong(parse_agent, text) == ["f.txt:5:36: unknown key 'wen'; did you mean 'when'?"]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("name: x\n", "1:1", "between two lines"),
        ("---\nname: x\n", "1:1", "no closing line"),
        ("---\n- a\n---\n", "2:1", "keys and values"),
        ("---\nname: [a\n---\n", "2:9", "expected"),
        ("---\nname: &a [*a]\n---\nx", "2:7", "may not hold itself"),
        ("---\n? [a, b]\n: c\n---\nx", "2:3", "a key must be one word"),
        ("", "1:1", "between two lines"),
    ],
)
def test_what_is_no_front_matter_is_said_with_its_place(text: str, place: str, words: str) -> None:
    lines = wrong(parse_agent, text)
    assert any(line.startswith(f"f.txt:{place}: ") and words in line for line in lines), lines


def test_no_and_off_are_words_and_numbers_are_not_texts() -> None:
    agent = parse_agent(swapped(AGENT, "success_event: Order Completed", "success_event: no"), "f")
    assert agent.success_event == "no"
    text = swapped(AGENT, "success_event: Order Completed", "success_event: 7")
    assert "'success_event': input should be a valid string" in wrong(parse_agent, text)[0]


def test_a_file_that_is_far_too_long_is_not_read() -> None:
    text = AGENT.replace("Help.", "Help. " * 50_000)
    assert "200000 characters" in wrong(parse_agent, text)[0]


def test_line_ends_and_byte_order_marks_of_other_systems_are_read() -> None:
    text = "\ufeff" + AGENT.replace("\n", "\r\n")
    assert parse_agent(text, "f").instructions == "Help."
