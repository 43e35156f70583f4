"""A contact that waits for the hour that suits its person: claimed, looked at, released, told."""

from __future__ import annotations

from pathlib import Path

from agent.assembly import Parts
from tests.agent.deployment import (
    MINUTE_US,
    Deployment,
    ScriptedPlanner,
    agent_file,
    deployment,
    finish,
    sends,
    write,
)

BEST = "best_hour: {within: PT12H, at_least: 5}\n"


async def answers(d: Deployment, *, at: int, times: int) -> None:
    """So many openings at an hour of the days before, in UTC."""
    for n in range(times):
        await d.say(
            {
                "type": "track",
                "event": "Email Opened",
                "userId": "ada",
                "timestamp": f"2026-02-{10 + n:02d}T{at:02d}:30:00Z",
                "properties": {},
            }
        )
    await d.runs.idle()


async def test_it_is_claimed_looked_at_and_released_for_the_same_hour(tmp_path: Path) -> None:
    prompts = write(
        tmp_path / "prompts", shopping=agent_file("shopping", "recover_cart", extra=BEST)
    )
    settings = {"prompts": prompts}
    planner = ScriptedPlanner(sends(), finish())
    data = tmp_path / "data"
    async with deployment(data, parts=Parts(planner=planner), **settings) as d:
        await d.person()
        await answers(d, at=18, times=6)
        decision = await d.decide()
        [contact] = d.contacts()
        assert (decision["status"], contact["status"]) == ("scheduled", "scheduled")
        six = d.runs.clock.now_us() + 6 * 60 * MINUTE_US
        assert six <= contact["not_before"] < six + 15 * MINUTE_US
        told = await d.runs.decisions.explain(decision["id"])
        [line] = [line for line in told["why"] if line.startswith("It waits until")]
        assert "most often between 18:00 and 19:00 (6 of 6 answers)" in line
        # A fact changes: it is looked at again, and keeps its moment.
        await d.say({"type": "identify", "userId": "ada", "traits": {"plan": "gold"}})
        await d.advance(hours=2)
        assert d.contacts()[0]["not_before"] == contact["not_before"]
        # Its hour is another one by now; that does not hold it once more.
        await answers(d, at=20, times=9)
    async with deployment(data, stocked=False, **settings) as d:
        await d.advance(hours=4, minutes=15)
        [sent] = d.contacts()
        assert (sent["status"], sent["settled_at"]) == ("sent", contact["not_before"])
        told = await d.runs.decisions.explain(decision["id"])
        assert any("It waited until" in line and "6 of 6" in line for line in told["why"])
        assert (await d.runs.decisions.replay(decision["id"]))["same"]

        d.everything_ended()


async def test_under_enough_answers_it_goes_out_at_once(tmp_path: Path) -> None:
    prompts = write(
        tmp_path / "prompts", shopping=agent_file("shopping", "recover_cart", extra=BEST)
    )
    parts = Parts(planner=ScriptedPlanner(sends()))
    async with deployment(tmp_path / "data", parts=parts, prompts=prompts) as d:
        await d.person()
        await answers(d, at=18, times=4)
        assert (await d.decide())["status"] == "completed"
