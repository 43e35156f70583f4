"""On one page: what we sent, what we did not send and why, what comes next and when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.assembly import Parts
from agent.messages import Suppress
from tests.agent.deployment import Deployment, ScriptedPlanner, deployment, finish, sends
from tests.agent.stage import goods, person, recover
from tools.channels.channel import SendStatus
from tools.channels.scripted import Scripted


async def answers(d: Deployment, user: str = "ada") -> dict[str, Any]:
    await d.runs.idle()
    return await d.runs.people.look(await d.runs.people.find(user))


async def test_somebody_we_never_heard_more_of_has_three_empty_answers(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        seen = await answers(d)
        assert (seen["sent"], seen["not_sent"], seen["next"]) == ([], [], [])


async def test_what_was_sent_stands_there_with_when_and_by_what(tmp_path: Path) -> None:
    async with deployment(tmp_path, parts=Parts(planner=ScriptedPlanner(sends()))) as d:
        await d.person()
        decision = await d.decide()
        (sent,) = (await answers(d))["sent"]
        assert (sent["channel"], sent["message"]) == ("email", "cart_reminder")
        assert sent["decision_id"] == decision["id"]
        assert (sent["known"], sent["reached_people"]) == (True, False)


async def test_what_nobody_knows_is_said_so(tmp_path: Path) -> None:
    lost = Parts(
        planner=ScriptedPlanner(sends()), channels={"email": Scripted([SendStatus.UNKNOWN])}
    )
    async with deployment(tmp_path, parts=lost) as d:
        await d.person()
        await d.decide()
        (sent,) = (await answers(d))["sent"]
        assert sent["known"] is False


async def test_what_waits_says_until_when_and_an_opt_out_moves_it_to_what_was_not_sent(
    tmp_path: Path,
) -> None:
    planner = ScriptedPlanner(sends())
    async with deployment(
        tmp_path, parts=Parts(planner=planner), clock="2026-03-03T22:00:00Z"
    ) as d:
        await d.person()
        await d.decide()
        (coming,) = (await answers(d))["next"]
        assert coming["waits_for"] == "its hour"
        assert coming["at"] > d.runs.clock.now_us() and coming["until"] > coming["at"]
        await d.runs.people.suppress("ada", Suppress(scope="all", reason="asked"), by="ann")
        seen = await answers(d)
        assert (seen["sent"], seen["next"]) == ([], [])
        assert seen["not_sent"][0]["channel"] == "email"
        assert "stop" in seen["not_sent"][0]["reason"]


async def test_a_decision_that_came_to_nothing_says_why_as_deeply(tmp_path: Path) -> None:
    async with deployment(tmp_path, parts=Parts(planner=ScriptedPlanner(finish()))) as d:
        await d.person()
        decision = await d.decide()
        (nothing,) = (await answers(d))["not_sent"]
        assert nothing["decision_id"] == decision["id"]
        assert nothing["reason"] == "there is no more to do"
        assert nothing["kind"] is None


async def test_an_open_question_is_what_comes_next(tmp_path: Path) -> None:
    async with deployment(tmp_path, stocked=False) as d:
        await goods(d.runs)
        await person(d.runs, "ada", orders=9, codes=8, ordered="2025-10-01")
        decision = await recover(d.runs, "ada")
        (coming,) = (await answers(d))["next"]
        assert (coming["waits_for"], coming["decision_id"]) == ("an answer", decision["id"])
