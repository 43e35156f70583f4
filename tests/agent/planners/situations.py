"""Situations for planners: made by the loop's own code from a picture, with no database."""

from __future__ import annotations

from typing import Any

from agent.planning import Situation
from agent.run import Opening, Run, Wake
from agent.situation import situation_of
from agent.steps import add_step, denied_result
from tests.tools.pictures import NOW, a_picture, a_setting
from tools.gate import Proposed, decide
from tools.instants import HOUR_US
from tools.picture import Picture
from tools.tool import Setting


def a_run(
    picture: Picture | None = None,
    *wakes: Wake,
    setting: Setting | None = None,
    memories: tuple[str, ...] = (),
) -> Run:
    """A decision that has perceived this picture."""
    setting = setting or a_setting()
    opening = Opening(
        decision_id="dec_1",
        journey_id="jrn_1",
        customer_id="cus_1",
        goal="recover_cart",
        agent=setting.agent,
        agent_version=1,
        arm="agent",
        mode=setting.mode,
        context={},
        wakes=wakes or (Wake("evt_1", "trigger", {}, NOW),),
        journey_opened_at=NOW - HOUR_US,
        decisions_before=0,
    )
    run = Run.of(opening, epoch=1)
    run.picture, run.setting = picture or a_picture(), setting
    run.memories = [
        {"id": f"mem_{n}", "kind": "complaint", "text": text, "at": NOW - HOUR_US}
        for n, text in enumerate(memories)
    ]
    return run


def decided(run: Run, tool: str, result: dict[str, Any] | None = None, **args: Any) -> Run:
    """One more step of this decision, as the gate decides it."""
    assert run.picture is not None and run.setting is not None
    run.turn += 1
    verdict = decide(run.picture, Proposed(f"call_{run.turn}", tool, args), run.setting)
    found = verdict.tool
    if verdict.allowed and result is None and found is not None and found.answer is not None:
        result = found.answer(run.picture, verdict.args, run.setting)
    if not verdict.allowed:
        result = denied_result(verdict, None)
    add_step(run, verdict, result)
    return run


def a_situation(picture: Picture | None = None, *wakes: Wake, **more: Any) -> Situation:
    """What a planner is told of it."""
    return situation_of(a_run(picture, *wakes, **more))
