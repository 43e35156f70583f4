"""Anchoring: while a deployment runs, and when it ends; only where something was added (P8)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from agent.anchoring import EVERY_SECONDS, Anchoring
from agent.assembly import Parts, open_runs
from agent.settings import Settings
from store import anchors
from store.clock import SimulatedClock
from store.database import Database
from tests.agent.deployment import ScriptedPlanner, deployment, finish


class Bell:
    """A sleep that ends when it is rung, and counts how often it was begun."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._rung = asyncio.Event()
        self.sleeping = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        self.sleeping.set()
        await self._rung.wait()
        self._rung.clear()

    async def ring(self) -> None:
        """Let it go on, and return once it sleeps again."""
        self.sleeping.clear()
        self._rung.set()
        await self.sleeping.wait()


async def test_p8_chains_are_anchored_every_ten_minutes_where_something_was_added(
    tmp_path: Path,
) -> None:
    async with deployment(tmp_path, parts=Parts(planner=ScriptedPlanner(finish()))) as d:
        bell = Bell()
        db = d.runs.db
        anchoring = Anchoring(db, d.runs.clock, sleep=bell)
        anchoring.start()
        await d.person()
        await d.decide()
        await bell.sleeping.wait()
        assert db.read_now(anchors.listing) == []
        await bell.ring()
        assert len(db.read_now(anchors.listing)) == 1
        await bell.ring()
        assert len(db.read_now(anchors.listing)) == 1
        await d.decide()
        await anchoring.stop()
        assert len(db.read_now(anchors.listing)) == 2
        assert set(bell.asked) == {EVERY_SECONDS}


async def test_p8_a_deployment_that_ends_has_anchored_all_that_it_did(tmp_path: Path) -> None:
    async with deployment(tmp_path, parts=Parts(planner=ScriptedPlanner(finish()))) as d:
        await d.person()
        await d.decide()
    runs = open_runs(Settings(data=tmp_path, embedder="hashing"))
    newest = runs.db.read_now(anchors.newest)
    assert newest is not None
    said = anchors.read(newest.text)
    assert sum(seq for seq, _ in said.heads.values()) > 0
    runs.db.close()


class Broken(Database):
    """A database that takes no anchors."""

    async def write(self, unit, *args, **kwargs):  # type: ignore[no-untyped-def]
        raise OSError("no room")


async def test_an_anchor_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    db = Broken.open(tmp_path / "data")
    bell = Bell()
    anchoring = Anchoring(db, SimulatedClock(1), sleep=bell)
    anchoring.start()
    await bell.sleeping.wait()
    await bell.ring()
    await anchoring.stop()
    db.close()
