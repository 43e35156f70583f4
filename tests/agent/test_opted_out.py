"""A refusal because somebody has stopped us with the provider stops us here too."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.assembly import Parts
from store.schema import suppressions
from tests.agent.deployment import Deployment, ScriptedPlanner, deployment, sends
from tools.channels.channel import Letter, SendResult, SendStatus, StillOurs


class Stopped:
    """A provider that takes nothing for this address."""

    name, kinds, deduplicates = "stopped", ("email",), False

    def __init__(self, *, opted_out: bool) -> None:
        self.opted_out = opted_out
        self.tried = 0

    async def send(self, letter: Letter, *, still_ours: StillOurs) -> SendResult:
        self.tried += 1
        return SendResult(SendStatus.REFUSED, None, "the provider said no", self.opted_out)


def closed(d: Deployment) -> list[tuple[str, str, str]]:
    return [(row["scope"], row["channel"], row["by"]) for row in d.rows(suppressions)]


@pytest.mark.parametrize("opted_out", [True, False])
async def test_p3_a_stop_that_the_provider_has_closes_the_address_with_the_refusal(
    tmp_path: Path, opted_out: bool
) -> None:
    channel = Stopped(opted_out=opted_out)
    parts = Parts(planner=ScriptedPlanner(sends(), sends()), channels={"email": channel})
    async with deployment(tmp_path, parts=parts) as d:
        await d.person()
        assert (await d.decide())["status"] == "failed"
        assert closed(d) == ([("address", "email", "customer")] if opted_out else [])
        await d.advance(days=2)
        await d.trigger()
        await d.runs.idle()
        assert channel.tried == (1 if opted_out else 2)
        assert len(closed(d)) == (1 if opted_out else 0)
        d.everything_ended()
