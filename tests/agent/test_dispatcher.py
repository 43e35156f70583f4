"""Lanes side by side, taken over, failing and coming back (P4, P7)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import Connection, select

from agent.assembly import Parts
from agent.planning import Proposal, Situation
from store import lanes
from store.database import Database
from store.schema import decisions, effects, journal
from tests.agent.deployment import (
    CART,
    Deployment,
    ScriptedPlanner,
    deployment,
    does,
    sends,
)


async def no_waiting(seconds: float) -> None:
    """Retries wait for nothing."""


class Thief(Database):
    """A database of which another worker takes a customer's lane before the n-th access.

    Reads and writes are what a worker does between two awaits, so every point at which it could be
    overtaken is one of them.
    """

    customer_id: str | None = None
    at = -1
    accesses = 0
    taken: tuple[int, int] | None = None

    async def write(self, unit: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._count()
        return await super().write(unit, *args, **kwargs)

    async def read(self, unit: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._count()
        return await super().read(unit, *args, **kwargs)

    def _count(self) -> None:
        if self.customer_id is None:
            return
        if self.accesses == self.at:
            self.taken = self.write_now(self._take)
        self.accesses += 1

    def _take(self, conn: Connection) -> tuple[int, int]:
        """The new epoch, and the newest entry of the journal at that moment."""
        epoch = lanes.take(conn, str(self.customer_id))
        newest = conn.execute(select(journal.c.pos).order_by(journal.c.pos.desc()).limit(1))
        return epoch, int(newest.scalar() or 0)


async def _robbed(d: Deployment, at: int) -> tuple[int, tuple[int, int] | None]:
    """Decide on somebody's cart with an offer, robbed at one access of theirs.

    How many accesses there were; the epoch that was taken, and the newest entry at that moment.
    """
    user = f"p{at + 1}"
    customer_id = await d.person(user)
    db = d.runs.db
    assert isinstance(db, Thief)
    db.at, db.accesses, db.taken, db.customer_id = at, 0, None, customer_id
    decision = await d.decide(user)
    await d.runs.idle()
    db.customer_id = None
    d.everything_ended()
    assert [row["status"] for row in d.rows(decisions, customer_id=customer_id)] == ["completed"]
    assert len(d.rows(effects, customer_id=customer_id, kind="contact", status="sent")) == 1
    assert [letter.to for letter in d.letters()].count(f"{user}@example.com") == 1
    decision = await d.decision(decision["id"])
    assert Counter(e["kind"] for e in decision["effects"]) == {"offer": 1, "contact": 1}
    assert (await d.runs.decisions.replay(decision["id"]))["same"]
    return db.accesses, db.taken


class Steady(ScriptedPlanner):
    """One code, one message: what has been done is not proposed again."""

    async def propose(self, situation: Situation) -> Proposal:
        if not any(step.tool == "create_offer" for step in situation.steps):
            return does("create_offer", discount_bp=1_000, valid_hours=72)(situation)
        return sends(message="cart_reminder_offer", offer=True)(situation)


async def test_p4_whoever_loses_the_lane_at_any_moment_writes_nothing_more(
    tmp_path: Path,
) -> None:
    parts = Parts(planner=Steady(), database=Thief, sleep=no_waiting)
    async with deployment(tmp_path, parts=parts) as d:
        await _robbed(d, -2)  # the first decision under a pack is noted, once
        accesses, _ = await _robbed(d, -1)
        assert accesses > 10
        # Whoever else reads meanwhile is counted too, so it goes on until one comes through.
        for at in range(2 * accesses):
            _, taken = await _robbed(d, at)
            if taken is None:
                break
            epoch, newest = taken
            customer_id = d.rows(decisions)[-1]["customer_id"]
            later = [row for row in d.rows(journal, customer_id=customer_id) if row["pos"] > newest]
            assert [row["epoch"] for row in later if row["epoch"] < epoch] == []
        assert taken is None and at > 10


async def test_many_customers_at_once_are_all_decided_and_nothing_is_logged_as_wrong(
    tmp_path: Path,
) -> None:
    people = [f"p{n:03d}" for n in range(200)]
    with structlog.testing.capture_logs() as logged:
        async with deployment(tmp_path) as d:
            await d.product(stock=1_000)
            await d.say(*[_identify(user) for user in people], *[_consent(user) for user in people])
            await d.runs.idle()
            made = await asyncio.gather(*[d.decide(user) for user in people])
            assert Counter(decision["status"] for decision in made) == {"completed": 200}
            await d.runs.idle()
            d.everything_ended()
            assert len(d.letters()) == 200
    assert [entry for entry in logged if entry["log_level"] in ("error", "warning")] == []


def _identify(user: str) -> dict[str, Any]:
    traits = {"email": f"{user}@example.com", "timezone": "Etc/UTC"}
    return {"type": "identify", "userId": user, "traits": traits}


def _consent(user: str) -> dict[str, Any]:
    agreed = {"channel": "email", "purpose": "marketing", "source": "form"}
    return {"type": "track", "event": "Consent Granted", "userId": user, "properties": agreed}


async def test_more_customers_than_places_settle_side_by_side(tmp_path: Path) -> None:
    """Whoever only waits out the settling time leaves the place to somebody else."""

    class Watched(ScriptedPlanner):
        async def propose(self, situation: Situation) -> Proposal:
            self.seen.append(situation)
            return sends()(situation)

    planner = Watched()
    async with deployment(tmp_path, parts=Parts(planner=planner), settle=60, lanes=1) as d:
        for user in ("ada", "bob", "cem"):
            await d.person(user)
        for user in ("ada", "bob", "cem"):
            await d.trigger(user, wait=0)
        while len(planner.seen) < 3:
            await asyncio.sleep(0)
        assert d.contacts() == []
        d.runs.env.settle_seconds = 0
        for user in ("ada", "bob", "cem"):
            await d.track("Cart Viewed", user=user)
        await d.runs.idle()
        assert [row["status"] for row in d.contacts()] == ["sent"] * 3


class Unwell(Database):
    """A database that fails so many times once it is told to."""

    failures = 0

    async def write(self, unit: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.failures > 0:
            self.failures -= 1
            raise OSError("the disk has a bad day")
        return await super().write(unit, *args, **kwargs)


@pytest.mark.parametrize("failures", [1, 3, 5])
async def test_p7_a_lane_that_fails_is_taken_again_and_ends_its_work(
    tmp_path: Path, failures: int
) -> None:
    parts = Parts(database=Unwell, sleep=no_waiting)
    async with deployment(tmp_path, parts=parts) as d:
        await d.person()
        db = d.runs.db
        assert isinstance(db, Unwell)
        await d.trigger(wait=0)
        await d.runs.caught_up()
        db.failures = failures
        await d.runs.idle()
        d.everything_ended()
        assert len(d.contacts()) == 1


async def test_p7_a_lane_that_cannot_work_is_given_up_and_taken_up_by_the_next_event(
    tmp_path: Path,
) -> None:
    parts = Parts(database=Unwell, sleep=no_waiting)
    async with deployment(tmp_path, parts=parts) as d:
        await d.person()
        db = d.runs.db
        assert isinstance(db, Unwell)
        await d.trigger(wait=0)
        await d.runs.caught_up()
        db.failures = 1_000
        await d.runs.dispatcher.idle()
        assert 0 < db.failures < 1_000
        db.failures = 0
        await d.track("Cart Viewed")
        await d.runs.idle()
        d.everything_ended()


@pytest.mark.parametrize("stop_after", range(0, 40, 3))
async def test_p7_stopped_at_any_time_and_started_again_it_ends_the_same(
    tmp_path: Path, stop_after: int
) -> None:
    """The process is stopped after so many turns of its loop, with events under way."""
    async with deployment(tmp_path, parts=Parts(sleep=no_waiting)) as d:
        await d.person()
        await d.person("bob", zone="Asia/Tokyo")
        await d.track("Cart Abandoned", cart=CART)
        await d.track("Cart Abandoned", user="bob", cart=CART | {"id": "cart_2"})
        for _ in range(stop_after):
            await asyncio.sleep(0.001)
    async with deployment(tmp_path, stocked=False) as d:
        await d.runs.idle()
        await d.advance(days=1)
        d.everything_ended()
        assert sorted(row["status"] for row in d.contacts()) == ["sent", "sent"]
        assert len(d.letters()) == 2
