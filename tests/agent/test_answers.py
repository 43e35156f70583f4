"""What people answer, and what comes of it (P9)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.assembly import Parts
from agent.errors import Conflict, Forbidden
from agent.planning import Proposal, Situation, Usage
from store.schema import approvals
from tests.agent.deployment import (
    HOUR_US,
    Deployment,
    ScriptedPlanner,
    agent_file,
    deployment,
    does,
    finish,
    sends,
    write,
)

GOAL = "win_back"


@asynccontextmanager
async def asking(
    folder: Path, planner: ScriptedPlanner, **settings: Any
) -> AsyncIterator[Deployment]:
    """A deployment whose agent needs a signature for everything."""
    prompts = write(folder / "prompts", winback=agent_file("winback", GOAL, autonomy="assisted"))
    parts = Parts(planner=planner)
    async with deployment(folder / "data", parts=parts, prompts=prompts, **settings) as d:
        yield d


async def asked(d: Deployment) -> dict[str, Any]:
    await d.person()
    decision = await d.decide(goal=GOAL)
    assert decision["status"] == "awaiting_approval"
    return decision


async def test_p9_an_approved_call_is_claimed_and_sent(tmp_path: Path) -> None:
    async with asking(tmp_path, ScriptedPlanner(sends())) as d:
        waiting = await asked(d)
        assert d.contacts() == []
        await d.answer("approve")
        await d.runs.idle()
        decision = await d.decision(waiting["id"])
        assert decision["status"] == "completed"
        assert len(d.letters()) == 1
        assert [a["status"] for a in decision["approvals"]] == ["pending", "approved"]
        d.everything_ended()


async def test_p9_a_rejected_call_is_not_done_and_says_by_whom(tmp_path: Path) -> None:
    async with asking(tmp_path, ScriptedPlanner(sends())) as d:
        waiting = await asked(d)
        await d.answer("reject", reason="not this week")
        await d.runs.idle()
        decision = await d.decision(waiting["id"])
        assert decision["status"] == "no_action"
        assert decision["outcome"]["reason"] == "rejected by ann: not this week"
        assert d.contacts() == []


async def test_p9_lapse_means_not_done(tmp_path: Path) -> None:
    async with asking(tmp_path, ScriptedPlanner(sends())) as d:
        waiting = await asked(d)
        await d.advance(days=1)
        decision = await d.decision(waiting["id"])
        assert (decision["status"], decision["outcome"]["kind"]) == ("no_action", "lapsed")
        assert d.rows(approvals)[0]["status"] == "lapsed"
        assert d.contacts() == []
        await d.advance(days=1)
        d.everything_ended()


async def test_a_response_goes_back_to_the_planner(tmp_path: Path) -> None:
    planner = ScriptedPlanner(sends(), finish())
    async with asking(tmp_path, planner) as d:
        waiting = await asked(d)
        await d.answer("respond", reason="she is on holiday")
        await d.runs.idle()
        assert (planner.seen[1].steps[-1].result or {}) == {"a_person_says": "she is on holiday"}
        assert (await d.decision(waiting["id"]))["status"] == "no_action"


async def test_p9_an_edit_is_a_new_call_and_its_editor_cannot_sign_it(tmp_path: Path) -> None:
    async with asking(tmp_path, ScriptedPlanner(sends())) as d:
        waiting = await asked(d)
        args = waiting["steps"][-1]["call"]["args"] | {"slots": {"opening": "Your lamp waits."}}
        await d.answer("edit", args=args)
        await d.runs.idle()
        [again] = d.rows(approvals, status="pending")
        assert again["requested_by"] == "ann"
        with pytest.raises(Forbidden):
            await d.answer("approve", by="ann")
        await d.answer("approve", by="bea")
        await d.runs.idle()
        assert (await d.decision(waiting["id"]))["status"] == "completed"
        assert "Your lamp waits." in d.letters()[0].raw.decode()


async def test_p9_of_two_approvers_one_wins_and_it_is_sent_once(tmp_path: Path) -> None:
    async with asking(tmp_path, ScriptedPlanner(sends())) as d:
        await asked(d)
        both = await asyncio.gather(
            d.answer("approve", by="ann"), d.answer("approve", by="bea"), return_exceptions=True
        )
        assert sorted(isinstance(one, Conflict) for one in both) == [False, True]
        await d.runs.idle()
        assert len(d.letters()) == 1


async def test_p9_an_answer_under_another_pack_is_asked_again(tmp_path: Path) -> None:
    async with asking(tmp_path, ScriptedPlanner(sends(), sends())) as d:
        waiting = await asked(d)
        await _other_pack(d)
        await d.answer("approve")
        await d.runs.idle()
        assert d.contacts() == []
        assert (await d.decision(waiting["id"]))["status"] == "awaiting_approval"
        await d.answer("approve")
        await d.runs.idle()
        assert (await d.decision(waiting["id"]))["status"] == "completed"
        assert len(d.letters()) == 1


async def test_p9_no_approval_lifts_a_denial_that_came_meanwhile(tmp_path: Path) -> None:
    async with asking(tmp_path, ScriptedPlanner(sends(), finish())) as d:
        waiting = await asked(d)
        await d.track("Complaint Received", text="the lamp is broken")
        await d.runs.idle()
        if d.rows(approvals, status="pending"):
            await d.answer("approve")
            await d.runs.idle()
        assert (await d.decision(waiting["id"]))["status"] == "no_action"
        assert d.contacts() == []


async def test_something_newer_takes_the_question_off_the_queue(tmp_path: Path) -> None:
    async with asking(tmp_path, ScriptedPlanner(sends(), finish())) as d:
        waiting = await asked(d)
        await d.decide(goal=GOAL)
        old = await d.decision(waiting["id"])
        assert (old["status"], old["outcome"]["kind"]) == ("no_action", "superseded")
        assert d.rows(approvals, status="pending") == []
        d.everything_ended()


async def test_a_question_outlives_a_restart_and_so_does_its_answer(tmp_path: Path) -> None:
    async with asking(tmp_path, ScriptedPlanner(sends())) as d:
        waiting = await asked(d)
    async with asking(tmp_path, ScriptedPlanner(), stocked=False) as d:
        await d.answer("approve")
        await d.runs.idle()
        assert (await d.decision(waiting["id"]))["status"] == "completed"
        assert len(d.letters()) == 1


async def test_an_answer_that_no_lane_has_heard_is_heard_after_a_restart(tmp_path: Path) -> None:
    """The answer is committed; the process stops before its lane has taken it up."""
    async with asking(tmp_path, ScriptedPlanner(sends())) as d:
        waiting = await asked(d)
        await d.runs.dispatcher.stop()
        await d.answer("approve")
    async with asking(tmp_path, ScriptedPlanner(), stocked=False) as d:
        await d.runs.idle()
        assert (await d.decision(waiting["id"]))["status"] == "completed"
        assert len(d.letters()) == 1


async def test_an_offer_waits_for_its_signature_and_then_the_planner_goes_on(
    tmp_path: Path,
) -> None:
    planner = ScriptedPlanner(
        does("create_offer", discount_bp=500, valid_hours=72),
        sends(message="cart_reminder_offer", offer=True),
    )
    async with asking(tmp_path, planner) as d:
        waiting = await asked(d)
        await d.answer("approve")
        await d.runs.idle()
        assert (await d.decision(waiting["id"]))["status"] == "awaiting_approval"
        await d.answer("approve")
        await d.runs.idle()
        decision = await d.decision(waiting["id"])
        assert decision["status"] == "completed"
        assert [e["kind"] for e in decision["effects"]] == ["offer", "contact"]


async def test_an_approved_contact_still_waits_for_the_morning(tmp_path: Path) -> None:
    async with asking(tmp_path, ScriptedPlanner(sends()), clock="2026-03-03T22:00:00Z") as d:
        waiting = await asked(d)
        await d.answer("approve")
        await d.runs.idle()
        assert (await d.decision(waiting["id"]))["status"] == "scheduled"
        await d.advance(hours=10, minutes=15)
        assert (await d.decision(waiting["id"]))["status"] == "completed"
        assert len(d.letters()) == 1


async def _other_pack(d: Deployment) -> None:
    shown = await d.runs.publishing.get("commerce")
    text = shown["text"].replace("version: 1", "version: 2", 1)
    text = text.replace(
        "A person signs everything this agent does", "Somebody signs everything it does"
    )
    await d.runs.publishing.put("commerce", text, author="ann")


async def test_an_approved_exception_keeps_its_reason_and_is_claimed(tmp_path: Path) -> None:
    """Without the reason the gate would ask for it again, and the approval would be for nothing."""
    text = {"message": "cart_reminder_sms"}
    why = {"prefer_email": "they asked for it"}
    planner = ScriptedPlanner(sends("sms", **text, overrides=why))
    async with asking(tmp_path, planner) as d:
        await d.person(channels=("email", "sms"))
        waiting = await d.decide(goal=GOAL)
        assert waiting["status"] == "awaiting_approval"
        await d.answer("approve")
        await d.runs.idle()
        decision = await d.decision(waiting["id"])
        assert decision["status"] == "completed"
        assert decision["steps"][-1]["overrides"] == why
        assert [row["status"] for row in d.contacts()] == ["sent"]


async def test_what_was_approved_is_looked_at_again_when_its_planner_wanted(
    tmp_path: Path,
) -> None:
    def later(s: Situation) -> Proposal:
        return replace(sends()(s), look_again_at=s.now_us + 3 * HOUR_US)

    planner = ScriptedPlanner(later)
    async with asking(tmp_path, planner) as d:
        await asked(d)
        await d.answer("approve")
        await d.runs.idle()
        assert len(d.letters()) == 1
        await d.advance(hours=3)
        assert len(d.statuses()) == 2
        assert planner.seen[-1].wakes == ["check_back"]


async def test_what_planning_has_cost_is_not_forgotten_over_a_question(tmp_path: Path) -> None:
    cost = Usage(2, 300, 40, 5)

    def dear(s: Situation) -> Proposal:
        return replace(sends()(s), usage=cost)

    planner = ScriptedPlanner(dear, finish())
    async with asking(tmp_path, planner) as d:
        await asked(d)
        await d.answer("respond", reason="not today")
        await d.runs.idle()
        assert [s.spent for s in planner.seen] == [Usage(), cost]
