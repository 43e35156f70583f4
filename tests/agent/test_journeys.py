"""Journeys that end: what was queued is cancelled, and what was promised is free again."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.assembly import Parts
from store.schema import counters
from tests.agent.deployment import Deployment, ScriptedPlanner, deployment, sends
from tools.channels.channel import SendStatus
from tools.channels.scripted import Scripted


def held(d: Deployment) -> int:
    """How many of the one article are promised."""
    [row] = d.rows(counters, key="stock:SKU-1")
    reserved: int = row["reserved"]
    return reserved


@pytest.mark.parametrize("answer", [SendStatus.SENT, SendStatus.UNKNOWN])
async def test_p2_what_a_message_held_of_the_stock_is_free_once_its_person_has_bought(
    tmp_path: Path, answer: SendStatus
) -> None:
    channel = {"email": Scripted([answer])}
    parts = Parts(planner=ScriptedPlanner(sends(), sends()), channels=channel)
    async with deployment(tmp_path, parts=parts, stocked=False) as d:
        await d.product(stock=1)
        await d.person("ada")
        await d.person("bob")
        await d.decide("ada")
        assert held(d) == 1
        await d.track("Order Completed", order_id="o1", total=120, currency="EUR")
        await d.runs.idle()
        assert held(d) == 0
        await d.decide("bob")
        assert held(d) == 1


async def test_a_journey_that_ends_for_another_reason_keeps_what_was_promised(
    tmp_path: Path,
) -> None:
    parts = Parts(planner=ScriptedPlanner(sends(hours=24 * 20)))
    async with deployment(tmp_path, parts=parts) as d:
        await d.person()
        await d.decide()
        await d.advance(days=8)
        assert held(d) == 1
