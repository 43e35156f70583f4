"""What nobody knows goes to a person, who settles it once (P2, P3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.assembly import Parts
from agent.errors import Conflict
from agent.settling import Settle
from store import counters
from store.schema import contacts, journal, reservations, wakeups
from tests.agent.deployment import Deployment, ScriptedPlanner, deployment, sends
from tools.channels.channel import SendStatus
from tools.channels.scripted import Scripted


@asynccontextmanager
async def lost(folder: Path) -> AsyncIterator[tuple[Deployment, Scripted, str]]:
    """A deployment whose channel has lost one letter after hand-over."""
    channel = Scripted([SendStatus.UNKNOWN])
    planner = ScriptedPlanner(sends(), sends())
    async with deployment(folder, parts=Parts(planner=planner, channels={"email": channel})) as d:
        await d.person()
        await d.decide()
        [contact] = d.contacts()
        assert contact["status"] == "unknown"
        yield d, channel, contact["id"]


def said(reached: bool) -> Settle:
    return Settle(reached=reached, reason="their postmaster looked")


async def test_p3_what_arrived_is_sent_counts_and_is_journalled_with_who_and_why(
    tmp_path: Path,
) -> None:
    async with lost(tmp_path) as (d, channel, effect_id):
        assert await d.runs.effects.unknown() == 1
        now = await d.runs.effects.settle(effect_id, said(True), by="ann")
        assert now["status"] == "sent"
        assert [row["state"] for row in d.rows(contacts)] == ["committed"]
        told = await d.latest()
        assert told["outcome"]["kind"] == "done"
        assert told["effects"][-1]["reason"] == "ann looked: it arrived (their postmaster looked)"
        assert "postmaster" not in str(now["reason"])
        await d.runs.idle()
        assert len(channel.arrived) == 1
        assert await d.runs.effects.unknown() == 0


async def test_p2_what_did_not_arrive_gives_back_and_the_journey_is_decided_anew(
    tmp_path: Path,
) -> None:
    async with lost(tmp_path) as (d, channel, effect_id):
        await d.runs.effects.settle(effect_id, said(False), by="ann")
        await d.runs.idle()
        first, second = d.contacts()
        assert (first["status"], second["status"]) == ("failed", "sent")
        assert [row["state"] for row in d.rows(contacts)] == ["released", "committed"]
        assert second["idempotency_key"] != first["idempotency_key"]
        assert d.statuses() == ["failed", "completed"]


async def test_p3_two_people_settle_it_once(tmp_path: Path) -> None:
    async with lost(tmp_path) as (d, _, effect_id):
        await d.runs.effects.settle(effect_id, said(True), by="ann")
        entries = len(d.rows(journal))
        with pytest.raises(Conflict, match="is sent, not unknown: ann looked"):
            await d.runs.effects.settle(effect_id, said(False), by="bob")
        assert len(d.rows(journal)) == entries
        assert not d.rows(wakeups, kind="another_look")


async def test_p2_an_exception_that_reached_nobody_may_be_made_again(tmp_path: Path) -> None:
    async with lost(tmp_path) as (d, _, effect_id):

        def spend(conn: Any) -> None:
            counters.set_ceiling(conn, "override:hurry:2026-03", 1)
            counters.reserve(conn, effect_id=effect_id, key="override:hurry:2026-03", amount=1)
            counters.commit(conn, effect_id, prefix="override:")

        await d.runs.db.write(spend)
        await d.runs.effects.settle(effect_id, said(False), by="ann")
        held = [r for r in d.rows(reservations) if r["counter"].startswith("override:")]
        assert [row["state"] for row in held] == ["released"]
        assert await d.runs.db.read(counters.left, "override:hurry:2026-03") == 1


async def test_the_list_shows_nothing_of_anybody(tmp_path: Path) -> None:
    async with lost(tmp_path) as (d, _, effect_id):
        page = await d.runs.effects.listing(status="unknown", after=None, limit=1)
        [shown] = page.items
        assert (shown["id"], shown["what"], shown["channel"]) == (
            effect_id,
            "cart_reminder",
            "email",
        )
        assert "ada" not in str(shown).casefold()
        assert (await d.runs.effects.listing(status="sent", after=None, limit=9)).items == []
