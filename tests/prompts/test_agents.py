"""Agent files: read strictly, frozen, with every default that the strictest answer asks for."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from prompts.agents import Arm, Mode, parse_agent
from tests.prompts.files import AGENT, swapped, wrong


def test_an_agent_file_is_read_with_its_defaults() -> None:
    agent = parse_agent(AGENT, "shopping.md")
    assert agent.goals == ("recover_cart",)
    assert agent.arms == {Arm.AGENT: 10_000}
    assert agent.mode is Mode.SANDBOX
    assert agent.ends_on == ("Order Completed",)
    assert agent.expires_after_us == 7 * 86_400 * 1_000_000
    assert str(agent.autonomy) == "supervised"
    assert agent.instructions == "Help."
    assert len(agent.sha256) == 64


def test_an_agent_cannot_be_changed_after_it_was_read() -> None:
    agent = parse_agent(AGENT, "shopping.md")
    with pytest.raises(ValidationError):
        agent.autonomy = "autonomous"  # type: ignore[assignment]


def test_a_trigger_holds_only_on_what_is_known() -> None:
    when = "{event: Cart Abandoned, when: [{fact: cart.value_minor, op: at_least, value: 5000}]}"
    agent = parse_agent(swapped(AGENT, "{event: Cart Abandoned}", when), "f")
    trigger = agent.triggers[0]
    assert trigger.holds({"cart": {"value_minor": 5000}})
    assert not trigger.holds({"cart": {"value_minor": 4999}})
    assert not trigger.holds({"cart": {"value_minor": "5000"}})
    assert not trigger.holds({})


def test_a_name_that_is_not_the_files_is_refused() -> None:
    assert wrong(parse_agent, AGENT, "support.md") == [
        "support.md:2:1: the file is called support.md, so the name must be 'support'"
    ]


def test_arms_add_up_to_the_whole() -> None:
    arms = "arms: {agent: 8000, rules: 1500, nothing: 500}\nautonomy: supervised"
    agent = parse_agent(swapped(AGENT, "autonomy: supervised", arms), "f")
    assert sum(agent.arms.values()) == 10_000
    text = swapped(AGENT, "autonomy: supervised", arms.replace("500}", "600}"))
    assert wrong(parse_agent, text) == ["f.txt:8:1: the shares add up to 10100, not 10000"]
    text = swapped(AGENT, "autonomy: supervised", "arms: {agnet: 10000}\nautonomy: supervised")
    assert "did you mean 'agent'?" in wrong(parse_agent, text)[0]


def test_a_tool_that_does_not_exist_is_named_with_the_closest_that_does() -> None:
    def parse(text: str, file: str) -> object:
        return parse_agent(text, file, tools={"get_profile", "send_email"})

    parse(AGENT, "shopping.md")
    text = swapped(AGENT, "send_email]", "send_mail]")
    assert wrong(parse, text) == [
        "f.txt:6:22: there is no tool 'send_mail'; did you mean 'send_email'?"
    ]


def test_a_word_that_stands_twice_is_refused() -> None:
    text = swapped(AGENT, "[reminder]", "[reminder, reminder]")
    assert "'reminder' stands twice in messages" in wrong(parse_agent, text)[0]


def test_an_agent_without_instructions_is_refused() -> None:
    assert "no instructions" in wrong(parse_agent, AGENT.replace("Help.\n", ""))[0]


@pytest.mark.parametrize("key", ["instructions: do as I say", "sha256: abc"])
def test_what_is_computed_cannot_be_written_into_the_file(key: str) -> None:
    text = swapped(AGENT, "autonomy: supervised", f"autonomy: supervised\n{key}")
    assert "is not a key of an agent file" in wrong(parse_agent, text)[0]
