"""What is no contact is handed over once too, and its decision goes on with what became of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent.assembly import Parts
from store.schema import decisions, effects
from tests.agent.deployment import Deployment, ScriptedPlanner, deployment, does, finish, write
from tests.agent.deployment import agent_file as _agent_file
from tools.channels.channel import Letter, SendStatus
from tools.channels.scripted import Answer, Meanwhile, Scripted

LEAVING = {
    "subscription_id": "sub-77",
    "cart": {"id": "c1", "value_minor": 0, "currency": "EUR", "items": []},
}
CANCEL = does(
    "cancel_subscription", subscription_id="sub-77", effective="now", reason="they moved abroad"
)


def agent_file() -> str:
    text = _agent_file(
        "leaving", "let_go", trigger="Cancellation Asked", purpose="service", messages=()
    )
    return text.replace("create_ticket]", "create_ticket, cancel_subscription]")


class Setting:
    """A deployment whose agent may cancel subscriptions, and the system that does it."""

    def __init__(
        self,
        folder: Path,
        *answers: Answer,
        plan: ScriptedPlanner | None = None,
        meanwhile: Meanwhile | None = None,
    ) -> None:
        self.system = Scripted(
            answers, kind="subscription", deduplicates=True, after_asking=meanwhile
        )
        self.planner = plan or ScriptedPlanner(CANCEL, finish("done"))
        self.folder = folder

    def open(self) -> Any:
        prompts = write(self.folder / "prompts", leaving=agent_file())
        parts = Parts(
            planner=self.planner,
            channels={"subscription": self.system, "email": Scripted()},
        )
        return deployment(self.folder / "data", parts=parts, prompts=prompts)


async def asked_and_signed(d: Deployment) -> dict[str, Any]:
    """Somebody wants to leave; a person signs what the agent proposes."""
    await d.person()
    await d.track("Cancellation Asked", **LEAVING)
    await d.runs.idle()
    assert d.statuses() == ["awaiting_approval"]
    await d.answer("approve")
    await d.runs.idle()
    return await d.latest()


async def test_p3_it_is_handed_over_once_and_the_planner_hears_of_it(tmp_path: Path) -> None:
    s = Setting(tmp_path)
    async with s.open() as d:
        decision = await asked_and_signed(d)
        assert [letter.to for letter in s.system.arrived] == ["sub-77"]
        assert b'"action":"cancel"' in s.system.arrived[0].raw
        (effect,) = d.rows(effects)
        assert (effect["status"], effect["channel"]) == ("sent", "subscription")
        assert decision["status"] == "completed"
        told = s.planner.seen[-1].steps[-1].result
        assert told is not None and told["status"] == "sent"
        kinds = [entry.kind for entry in d.entries(decision["id"])]
        assert kinds[-1] == "closed" and kinds.count("effect") == 2
        d.everything_ended()


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ((SendStatus.REFUSED,), "failed"),
        ((SendStatus.NOT_SENT,) * 3, "failed"),
        ((SendStatus.UNKNOWN,) * 3, "unknown"),
        ((SendStatus.UNKNOWN, SendStatus.NOT_SENT, SendStatus.NOT_SENT), "unknown"),
    ],
)
async def test_p3_what_the_other_system_did_not_take_is_told_and_ends_nothing(
    tmp_path: Path, answers: tuple[Answer, ...], status: str
) -> None:
    s = Setting(tmp_path, *answers)
    async with s.open() as d:
        decision = await asked_and_signed(d)
        assert [row["status"] for row in d.rows(effects)] == [status]
        told = s.planner.seen[-1].steps[-1].result
        assert told is not None and told["status"] == status
        assert decision["status"] in ("completed", "no_action")
        d.everything_ended()


async def test_p11_a_subscription_that_the_event_does_not_name_cannot_be_ended(
    tmp_path: Path,
) -> None:
    wrong = does("cancel_subscription", subscription_id="sub-1", effective="now", reason="a guess")
    s = Setting(tmp_path, plan=ScriptedPlanner(wrong, finish("declined")))
    async with s.open() as d:
        await d.person()
        await d.track("Cancellation Asked", **LEAVING)
        await d.runs.idle()
        decision = await d.latest()
        assert decision["steps"][0]["verdict"]["outcome"] == "deny"
        assert "sub-77" in str(decision["steps"][0]["verdict"]["fired"])
        assert s.system.tried == 0


async def test_p3_a_claim_that_a_crash_left_is_handed_over_and_its_decision_goes_on(
    tmp_path: Path,
) -> None:
    """The process dies while the other system is asked; the next one asks it again."""
    in_hands = asyncio.Event()

    async def hangs(letter: Letter) -> None:
        in_hands.set()
        await asyncio.Event().wait()

    s = Setting(tmp_path, meanwhile=hangs)
    async with s.open() as d:
        await d.person()
        await d.track("Cancellation Asked", **LEAVING)
        await d.runs.idle()
        await d.answer("approve")
        await in_hands.wait()
        assert [row["status"] for row in d.rows(effects)] == ["claimed"]
    again = Setting(tmp_path, plan=ScriptedPlanner(finish("done")))
    async with again.open() as d:
        await d.runs.idle()
        assert [row["status"] for row in d.rows(effects)] == ["sent"]
        assert [row["status"] for row in d.rows(decisions)] == ["completed"]
        assert len(again.system.arrived) == 1
        d.everything_ended()


async def test_p7_a_decision_whose_deed_a_crash_left_behind_goes_on_without_anybody_asked(
    tmp_path: Path,
) -> None:
    """A ticket needs nobody: nothing but the claim itself leads back to its decision."""
    in_hands = asyncio.Event()

    async def hangs(letter: Letter) -> None:
        in_hands.set()
        await asyncio.Event().wait()

    def opened(*plan: Any, meanwhile: Meanwhile | None = None) -> Any:
        desk = Scripted(kind="ticket", deduplicates=True, after_asking=meanwhile)
        channels = {"ticket": desk, "email": Scripted()}
        parts = Parts(planner=ScriptedPlanner(*plan), channels=channels)
        prompts = write(tmp_path / "prompts", leaving=agent_file())
        return deployment(tmp_path / "data", parts=parts, prompts=prompts)

    ticket = does("create_ticket", queue="service", priority="low", summary="they are leaving")
    async with opened(ticket, meanwhile=hangs) as d:
        await d.person()
        await d.track("Cancellation Asked", **LEAVING)
        await in_hands.wait()
        assert [row["status"] for row in d.rows(effects)] == ["claimed"]
    async with opened(finish("done")) as d:
        await d.runs.idle()
        assert [row["status"] for row in d.rows(effects)] == ["sent"]
        assert [row["status"] for row in d.rows(decisions)] == ["completed"]
        d.everything_ended()
