"""What came close to a limit is counted with the claim, once, and leads to who it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.assembly import Parts
from agent.close_calls import CloseCalls
from store import closed_counts
from tests.agent.deployment import (
    Deployment,
    ScriptedPlanner,
    deployment,
    does,
    sends,
)

NOON_US = 1_772_539_200_000_000
DAY_US = 86_400_000_000
LARGE = {"id": "c9", "value_minor": 60_000, "currency": "EUR",
         "items": [{"sku": "SKU-2", "quantity": 1, "price_minor": 60_000}]}  # fmt: skip


async def reminders(shop: Deployment, n: int) -> list[dict[str, Any]]:
    """Ada is reminded of a cart on each of so many days."""
    await shop.person("ada", zone="Etc/UTC")
    decided = []
    for day in range(n):
        if day:
            await shop.advance(days=1)
        cart = {
            "id": f"c{day}",
            "value_minor": 12_000,
            "currency": "EUR",
            "items": [{"sku": "SKU-1", "quantity": 1, "price_minor": 12_000}],
        }
        decided.append(await shop.decide("ada", cart=cart))
    return decided


def told(calls: CloseCalls) -> dict[str, tuple[tuple[int, ...], tuple[int, ...], int]]:
    return {one.rule: (one.close, one.exactly, one.closest_bp) for one in calls.near}


async def test_the_third_contact_of_three_stands_at_the_limit_and_says_whose_it_was(
    tmp_path: Path,
) -> None:
    async with deployment(tmp_path / "d") as shop:
        decided = await reminders(shop, 3)
        counts = shop.runs.counts
        calls = await counts.close_calls()
        assert told(calls) == {"weekly": ((0,) * 7, (0, 0, 0, 0, 0, 0, 1), 10_000)}
        assert calls.near[0].because == "Nobody gets more than 3 marketing contacts in 7 days"
        assert calls.days[-1] == "2026-03-05"
        [listed] = await counts.near_misses(10)
        assert (listed["day"], listed["rule"], listed["action"]) == (
            "2026-03-05", "weekly", "contact",
        )  # fmt: skip
        assert (listed["n_at"], listed["n_close"]) == (1, 0)
        assert await counts.who_came_close(1, "weekly") == [decided[-1]["id"]]
        assert await counts.who_came_close(7, "max_discount") == []
        await shop.advance(days=1)
        assert await counts.who_came_close(1, "weekly") == []
        assert await counts.who_came_close(7, "weekly") == [decided[-1]["id"]]
        assert told(await counts.close_calls())["weekly"][1] == (0, 0, 0, 0, 0, 1, 0)
        await shop.advance(days=7)
        assert (await counts.close_calls()).near == ()


async def test_p10_who_is_erased_is_counted_and_not_told(tmp_path: Path) -> None:
    async with deployment(tmp_path / "d") as shop:
        await reminders(shop, 3)
        await shop.runs.people.erase("ada", by="ann")
        assert told(await shop.runs.counts.close_calls())["weekly"][1][-1] == 1
        assert await shop.runs.counts.who_came_close(7, "weekly") == []


async def test_a_contact_that_waits_for_the_morning_is_counted_when_it_is_claimed(
    tmp_path: Path,
) -> None:
    async with deployment(tmp_path / "d", clock="2026-03-03T23:00:00Z") as shop:
        decided = await reminders(shop, 3)
        counts = shop.runs.counts
        claimed = (await counts.close_calls()).near
        assert [(one.rule, sum(one.exactly)) for one in claimed] == [("weekly", 1)]
        await shop.advance(hours=12)
        assert len(shop.letters()) == 3
        assert [sum(one.days) for one in (await counts.close_calls()).near] == [1]
        assert await counts.who_came_close(1, "weekly") == [], "it was claimed the day before"
        assert await counts.who_came_close(2, "weekly") == [decided[-1]["id"]]


async def test_an_approved_offer_is_counted_and_a_question_is_not(tmp_path: Path) -> None:
    planner = ScriptedPlanner(
        does("create_offer", discount_bp=1_000, valid_hours=48),
        sends(message="cart_reminder_offer", offer=True, hours=24),
    )
    async with deployment(tmp_path / "d", parts=Parts(planner=planner)) as shop:
        await shop.product("SKU-2", price_minor=60_000, cost_minor=20_000)
        await shop.person("grace")
        await shop.decide("grace", cart=LARGE)
        assert (await shop.runs.counts.close_calls()).near == ()
        await shop.answer("approve")
        await shop.runs.idle()
        counted = told(await shop.runs.counts.close_calls())
        assert counted == {"discount_tier.new_any": ((0,) * 7, (0, 0, 0, 0, 0, 0, 1), 10_000)}
        [who] = await shop.runs.counts.who_came_close(1, "discount_tier.new_any")
        assert who == (await shop.latest())["id"]


async def test_p6_what_failed_closed_is_told_by_fact_and_day(tmp_path: Path) -> None:
    async with deployment(tmp_path / "d") as shop:
        for fact, at, n in (
            ("customer.zones", NOON_US, 2),
            ("customer.zones", NOON_US - 6 * DAY_US, 5),
            ("cart.priced", NOON_US, 8),
            ("cart.priced", NOON_US - 7 * DAY_US, 100),
        ):
            await shop.runs.db.write(closed_counts.count, fact=fact, action="offer", n=n, at=at)
        calls = await shop.runs.counts.close_calls()
        assert [(one.fact, one.days) for one in calls.closed] == [
            ("cart.priced", (0, 0, 0, 0, 0, 0, 8)),
            ("customer.zones", (5, 0, 0, 0, 0, 0, 2)),
        ]
