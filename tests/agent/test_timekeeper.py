"""Simulated time: it stops where something is due, in order, and answers when that is done (§5)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.assembly import Parts
from agent.errors import BadRequest
from agent.planning import Proposal, Situation
from store.schema import decisions
from tests.agent.deployment import (
    CART,
    HOUR_US,
    MINUTE_US,
    Deployment,
    ScriptedPlanner,
    deployment,
    does,
    finish,
    sends,
)


class Later(ScriptedPlanner):
    """Looks again after as many minutes as the cart is worth."""

    async def propose(self, situation: Situation) -> Proposal:
        self.seen.append(situation)
        if situation.journey["decisions"] == 0:
            minutes = situation.context["cart"]["value_minor"]
            return does("check_back", after_minutes=minutes, because="later")(situation)
        return finish()(situation)


async def _wait_for(d: Deployment, **minutes: int) -> None:
    for user, after in minutes.items():
        await d.person(user)
        await d.decide(user, cart=CART | {"id": user, "value_minor": after})


async def test_it_stops_at_every_due_instant_in_order(tmp_path: Path) -> None:
    planner = Later()
    async with deployment(tmp_path, parts=Parts(planner=planner)) as d:
        start = d.runs.clock.now_us()
        await _wait_for(d, ada=90, bob=30, cem=60)
        planner.seen.clear()
        await d.advance(hours=2)
        looked = [(s.now_us - start) // MINUTE_US for s in planner.seen]
        assert looked == [30, 60, 90]
        assert [s.context["cart"]["id"] for s in planner.seen] == ["bob", "cem", "ada"]
        assert d.runs.clock.now_us() == start + 2 * HOUR_US


async def test_it_answers_when_the_due_work_is_done_settling_included(tmp_path: Path) -> None:
    planner = ScriptedPlanner(does("check_back", after_minutes=60, because="later"), sends())
    async with deployment(tmp_path, parts=Parts(planner=planner), settle=0.2) as d:
        await d.person()
        await d.decide()
        await d.advance(hours=1)
        assert [row["status"] for row in d.contacts()] == ["sent"]
        d.everything_ended()


async def test_what_one_wake_up_makes_due_is_done_in_the_same_advance(tmp_path: Path) -> None:
    chain = [does("check_back", after_minutes=10, because="again") for _ in range(5)]
    planner = ScriptedPlanner(*chain)
    async with deployment(tmp_path, parts=Parts(planner=planner)) as d:
        await d.person()
        await d.decide()
        await d.advance(hours=1)
        assert len(d.rows(decisions)) == 6


async def test_two_advances_at_once_add_up(tmp_path: Path) -> None:
    planner = Later()
    async with deployment(tmp_path, parts=Parts(planner=planner)) as d:
        start = d.runs.clock.now_us()
        await _wait_for(d, ada=90)
        await asyncio.gather(*[d.advance(hours=1) for _ in range(4)])
        assert d.runs.clock.now_us() == start + 4 * HOUR_US
        assert len(planner.seen) == 2


async def test_two_advances_to_an_instant_end_at_the_later_one(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        start = d.runs.clock.now_us()
        far, near = start + 3 * HOUR_US, start + HOUR_US
        await asyncio.gather(d.runs.advance(to_us=far), d.runs.advance(to_us=near))
        assert d.runs.clock.now_us() == far


async def test_time_does_not_go_back(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        with pytest.raises(BadRequest):
            await d.runs.advance(to_us=d.runs.clock.now_us() - 1)
        with pytest.raises(BadRequest):
            await d.runs.advance(by_us=-1)


async def test_events_that_arrive_while_time_moves_are_decided_too(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        for user in ("ada", "bob", "cem"):
            await d.person(user)
        moving = asyncio.create_task(d.advance(days=1))
        for user in ("ada", "bob", "cem"):
            await d.track("Cart Abandoned", user=user, cart=CART | {"id": user})
        await moving
        await d.runs.idle()
        await d.advance(days=1)
        d.everything_ended()
        assert [row["status"] for row in d.contacts()] == ["sent"] * 3


async def test_p7_due_times_outlive_a_restart(tmp_path: Path) -> None:
    async with deployment(tmp_path, parts=Parts(planner=Later())) as d:
        await _wait_for(d, ada=90)
    planner = Later()
    async with deployment(tmp_path, parts=Parts(planner=planner), stocked=False) as d:
        await d.advance(hours=2)
        assert len(planner.seen) == 1
