"""The state machine: few steps, nothing that grows, and an end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.graph import MOST_STEPS, State, build
from tests.agent.deployment import ScriptedPlanner, deployment, does, sends


class Counting:
    """A machine that counts the supersteps that the real one takes."""

    def __init__(self) -> None:
        self.machine: Any = build()
        self.steps: list[list[str]] = []

    async def ainvoke(self, state: State, config: Any, *, context: Any) -> Any:
        async for mode, chunk in self.machine.astream(
            state, config, context=context, stream_mode=["updates", "values"]
        ):
            if mode == "updates":
                self.steps.append(list(chunk))
            else:
                last = chunk
                assert set(last) == {"decision_id", "step"}
        return last


async def _steps(folder: Path, *answers: Any) -> list[str]:
    counting = Counting()
    async with deployment(folder) as d:
        if answers:
            d.runs.env.planners = {"agent": ScriptedPlanner(*answers)}
        d.runs.dispatcher._machine = counting  # type: ignore[assignment]
        await d.person()
        assert (await d.decide())["status"] == "completed"
    return [name for step in counting.steps for name in step]


async def test_a_plain_cart_takes_three_steps(tmp_path: Path) -> None:
    assert await _steps(tmp_path) == ["plan", "plan", "claim"]


async def test_a_cart_with_an_offer_takes_one_more(tmp_path: Path) -> None:
    offer = does("create_offer", discount_bp=1_000, valid_hours=72)
    message = sends(message="cart_reminder_offer", offer=True)
    assert await _steps(tmp_path, does("get_profile"), offer, message) == [
        "plan",
        "plan",
        "plan",
        "claim",
    ]


def test_the_state_is_two_short_words_and_the_steps_are_bounded() -> None:
    assert set(State.__annotations__) == {"decision_id", "step"}
    assert MOST_STEPS < 20
