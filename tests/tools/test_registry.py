"""Every tool there is: named once, described, and strict about its arguments."""

from __future__ import annotations

import pytest

from tests.tools.pictures import library
from tools.registry import TOOLS
from tools.tool import ActionKind, Cost, Risk, Tool

NAMES = {
    "get_profile", "get_inventory", "get_margin", "get_offer_history", "recall_memory",
    "create_offer", "send_email", "send_sms", "suppress_customer", "create_ticket", "escalate",
    "check_back", "finish", "cancel_subscription", "issue_voucher",
}  # fmt: skip


def test_these_are_the_tools() -> None:
    assert set(TOOLS) == NAMES
    assert all(name == tool.name for name, tool in TOOLS.items())


def test_the_shipped_agents_use_tools_that_are_there() -> None:
    for agent in library().agents.values():
        assert set(agent.tools) <= NAMES


@pytest.mark.parametrize("tool", TOOLS.values(), ids=list(TOOLS))
def test_p11_no_tool_takes_a_person_or_anything_it_does_not_declare(tool: Tool) -> None:
    assert tool.schema["additionalProperties"] is False
    assert not {"customer_id", "to", "class", "purpose", "journey_id"} & set(
        tool.schema.get("properties", {})
    )
    assert tool.description.endswith(".") or "." in tool.description


@pytest.mark.parametrize("tool", TOOLS.values(), ids=list(TOOLS))
def test_a_tool_either_answers_or_prepares_an_effect(tool: Tool) -> None:
    ways = [tool.answer is not None, tool.prepare is not None, tool.recalls]
    assert ways.count(True) == 1
    assert tool.is_effect == (tool.kind not in (ActionKind.READ, ActionKind.CONTROL))


@pytest.mark.parametrize("tool", TOOLS.values(), ids=list(TOOLS))
def test_every_effect_declares_what_it_risks_and_a_read_risks_nothing(tool: Tool) -> None:
    assert (tool.risk is not Risk.NONE) is tool.is_effect
    if not tool.is_effect:
        assert tool.cost is Cost.NOTHING
