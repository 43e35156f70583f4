"""Draining: nothing is lost, nothing is planned too often, nothing poisons the rest (P7)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, update

from agent.assembly import Parts
from store.schema import decisions, events, journeys, wakeups
from tests.agent.deployment import (
    CART,
    MINUTE_US,
    Deployment,
    ScriptedPlanner,
    agent_file,
    deployment,
    does,
    finish,
    write,
)


async def no_waiting(seconds: float) -> None:
    """Retries wait for nothing."""


def wakes(planner: ScriptedPlanner) -> list[list[str]]:
    return [situation.wakes for situation in planner.seen]


async def test_p7_what_came_too_soon_is_planned_when_its_time_has_come(tmp_path: Path) -> None:
    planner = ScriptedPlanner(finish(), finish(), finish())
    async with deployment(tmp_path, parts=Parts(planner=planner)) as d:
        await d.person()
        await d.decide()
        late = await d.track("Product Added", sku="SKU-1")
        later = await d.track("Sofa Admired")
        await d.runs.idle()
        assert d.states()[-2:] == ["waiting", "waiting"]
        assert [row["due_at"] for row in d.rows(wakeups, kind="plan_again")] == [
            d.runs.clock.now_us() + 15 * MINUTE_US
        ]
        await d.advance(minutes=14)
        assert len(planner.seen) == 1
        await d.advance(minutes=1)
        assert wakes(planner)[1:] == [["Product Added", "Sofa Admired"]]
        assert d.event(late)["state"] == d.event(later)["state"] == "decided"
        assert d.event(late)["decision_id"] == d.event(later)["decision_id"]
        d.everything_ended()


async def test_something_urgent_takes_what_waits_along(tmp_path: Path) -> None:
    planner = ScriptedPlanner(finish(), finish())
    async with deployment(tmp_path, parts=Parts(planner=planner)) as d:
        await d.person()
        await d.decide()
        await d.track("Product Added", sku="SKU-1")
        await d.runs.idle()
        await d.decide()
        assert wakes(planner)[1] == ["Product Added", "trigger"]
        d.everything_ended()


async def test_one_occasion_serves_every_journey_of_a_customer(tmp_path: Path) -> None:
    prompts = write(tmp_path / "prompts", winback=agent_file("winback", "win_back"))
    planner = ScriptedPlanner(finish(), finish())
    async with deployment(tmp_path / "data", parts=Parts(planner=planner), prompts=prompts) as d:
        await d.person()
        event_id = await d.track("Cart Abandoned", cart=CART)
        await d.runs.idle()
        assert {situation.goal for situation in planner.seen} == {"recover_cart", "win_back"}
        assert d.event(event_id)["state"] == "decided"
        for row in d.rows(decisions):
            assert (await d.decision(row["id"]))["event_ids"] == [event_id]


async def test_an_event_that_waits_ends_with_its_journey(tmp_path: Path) -> None:
    planner = ScriptedPlanner(finish(), finish())
    async with deployment(tmp_path, parts=Parts(planner=planner)) as d:
        await d.person()
        await d.decide()
        await d.track("Product Added", sku="SKU-1")
        await d.track("Order Completed", order_id="o1", total=120, currency="EUR")
        await d.runs.idle()
        assert d.rows(journeys)[0]["status"] == "reached"
        await d.advance(minutes=15)
        assert len(planner.seen) == 1
        d.everything_ended()


async def test_a_check_back_is_a_reason_to_look_and_no_event(tmp_path: Path) -> None:
    planner = ScriptedPlanner(does("check_back", after_minutes=60, because="later"), finish())
    async with deployment(tmp_path, parts=Parts(planner=planner)) as d:
        await d.person()
        first = await d.decide()
        assert first["outcome"]["kind"] == "check_back"
        await d.advance(hours=1)
        second = await d.latest()
        assert second["id"] != first["id"]
        assert second["event_ids"] == []
        opened = d.entries(second["id"])[0].body
        assert opened is not None
        assert (opened["events"], opened["woken_by"]) == ([], ["check_back"])
        assert len(d.rows(events)) == 3


async def test_a_trigger_for_a_closed_journey_ends_at_once_with_why(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        await d.decide()
        await d.track("Order Completed", order_id="o1", total=120, currency="EUR")
        await d.runs.idle()
        decision = await d.decide()
        assert decision["status"] == "no_action"
        assert "reached" in decision["outcome"]["reason"]
        d.everything_ended()


async def test_a_journey_expires_and_everything_in_it_with_it(tmp_path: Path) -> None:
    planner = ScriptedPlanner(does("check_back", after_minutes=43_200, because="much later"))
    async with deployment(tmp_path, parts=Parts(planner=planner)) as d:
        await d.person()
        await d.decide()
        await d.advance(days=8)
        assert d.rows(journeys)[0]["status"] == "expired"
        await d.advance(days=30)
        assert len(planner.seen) == 1


def _poison(conn: Connection, event_id: str) -> None:
    """Make an event's body unreadable, as a fault of the disk would."""
    conn.execute(
        update(events).where(events.c.id == event_id).values(body_sealed=b"\x01 no ciphertext")
    )


async def _with_poison(d: Deployment, *names: str) -> list[str]:
    """Events of these names wait; `poison` is unreadable."""
    await d.runs.dispatcher.stop()
    said = [await d.track(name, user="ada") for name in names]
    await d.runs.resolver.reached(d.runs.resolver.at)
    await d.runs.caught_up()
    for name, event_id in zip(names, said, strict=True):
        if name == "poison":
            d.runs.db.write_now(_poison, event_id)
    return said


async def test_p7_a_poison_event_is_set_aside_and_the_others_go_on(tmp_path: Path) -> None:
    planner = ScriptedPlanner(finish())
    async with deployment(tmp_path) as d:
        await d.person()
        said = await _with_poison(d, "Cart Abandoned", "poison", "Product Added")
    async with deployment(
        tmp_path, parts=Parts(planner=planner, sleep=no_waiting), stocked=False
    ) as d:
        await d.runs.idle()
        first, poison, last = (d.event(event_id) for event_id in said)
        assert (poison["state"], poison["reason"]) == ("dead", "set aside: ValueError")
        assert first["state"] == last["state"] == "decided"
        dead = (await d.runs.inbox())["dead_letters"]
        assert [letter["event_id"] for letter in dead] == [poison["id"]]
        assert "usher_events_dead_total 1.0" in (await d.runs.metrics()).decode()


async def test_p7_a_dead_letter_can_be_tried_again(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        await d.decide()
        [event_id] = await _with_poison(d, "poison")
        whole = d.event(event_id)
    async with deployment(tmp_path, parts=Parts(sleep=no_waiting), stocked=False) as d:
        await d.runs.idle()
        assert d.event(event_id)["state"] == "dead"
        await d.runs.dead_letters.replay(event_id, by="ann")
        await d.runs.idle()
        assert d.event(event_id)["state"] == "dead"
        good = d.runs.db.vault.seal_json(
            whole["customer_id"], "events.body", {"type": "track", "event": "Cart Viewed"}
        )
        d.runs.db.write_now(
            lambda c: c.execute(
                update(events).where(events.c.id == event_id).values(body_sealed=good)
            )
        )
        await d.runs.dead_letters.replay(event_id, by="ann")
        await d.advance(minutes=15)
        assert d.event(event_id)["state"] == "decided"
        assert (await d.runs.inbox())["dead_letters"] == []


async def test_a_goal_that_nobody_pursues_any_more_poisons_nothing(tmp_path: Path) -> None:
    prompts = write(tmp_path / "prompts", winback=agent_file("winback", "win_back"))
    async with deployment(tmp_path / "data", prompts=prompts) as d:
        await d.person()
        await d.track("Cart Abandoned", cart=CART)
        await d.runs.idle()
        ground = d.runs.env.ground
        kept = {goal: agent for goal, agent in ground.agents.items() if goal != "win_back"}
        d.runs.env.ground = type(ground)(kept, ground.fresh_id)
        await d.track("Sofa Admired")
        await d.advance(days=8)
        d.everything_ended()
        assert {row["status"] for row in d.rows(journeys)} == {"expired"}


@pytest.mark.parametrize("events_at_once", [600])
async def test_p7_more_events_than_one_drain_takes_all_end(
    tmp_path: Path, events_at_once: int
) -> None:
    messages: list[dict[str, Any]] = [
        {"type": "track", "event": "Product Viewed", "userId": "ada", "messageId": f"v{n}"}
        for n in range(events_at_once)
    ]
    async with deployment(tmp_path) as d:
        await d.person()
        await d.runs.dispatcher.stop()
        await d.say(*messages)
        await d.runs.caught_up()
    async with deployment(tmp_path, stocked=False) as d:
        await d.runs.idle()
        d.everything_ended()
