"""A claim goes by one channel, written down before, whatever settings say after a stop (P3)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.assembly import Parts
from agent.parcels import set_out
from store import agent_modes
from store.database import Database
from store.schema import effects, wakeups
from tests.agent.deployment import Deployment, ScriptedPlanner, deployment, sends
from tools.channels.channel import Letter
from tools.channels.scripted import Scripted


class Other(Scripted):
    """A channel of another name, as after somebody has changed the settings."""

    name = "other"


class _StopsBeforeSettingOut(Database):
    """A database of a process that stops in the instant before a letter sets out."""

    reached: asyncio.Event

    async def write(self, unit: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if unit is set_out:
            type(self).reached.set()
            await asyncio.Event().wait()
        return await super().write(unit, *args, **kwargs)


def set_mode(d: Deployment, mode: str) -> None:
    """As an approver does who has looked."""
    put = {"agent": "shopping", "mode": mode, "by": "ann", "at": 1, "seen": "x"}
    d.runs.db.write_now(agent_modes.put, **put)


def parts(channel: Scripted, **over: Any) -> Parts:
    return Parts(planner=ScriptedPlanner(sends()), channels={"email": channel}, **over)


async def test_p3_what_had_not_set_out_when_the_process_stopped_is_decided_again(
    tmp_path: Path,
) -> None:
    """Nothing was handed over, so nothing is unknown; and nothing goes out late, unasked."""
    _StopsBeforeSettingOut.reached = asyncio.Event()
    first = Scripted()
    async with deployment(tmp_path, parts=parts(first, database=_StopsBeforeSettingOut)) as d:
        await d.person()
        await d.trigger(wait=0)
        await _StopsBeforeSettingOut.reached.wait()
        assert [(row["status"], row["via"]) for row in d.rows(effects)] == [("claimed", None)]
    second = Scripted()
    async with deployment(tmp_path, parts=parts(second), stocked=False) as d:
        await d.runs.idle()
        [contact] = d.contacts()
        assert (contact["status"], contact["reason"]) == (
            "failed",
            "the process stopped before hand-over",
        )
        assert d.rows(wakeups, kind="another_look", state="pending")
        await d.advance(minutes=15)
        assert [row["status"] for row in d.contacts()] == ["failed", "sent"]
        assert (len(first.arrived), len(second.arrived)) == (0, 1)


async def test_p3_a_claim_is_not_sent_by_another_channel_than_it_set_out_by(
    tmp_path: Path,
) -> None:
    """The new one deduplicates, but never saw this letter: it would be a second one."""
    reached = asyncio.Event()

    async def hang(letter: Letter) -> None:
        reached.set()
        await asyncio.Event().wait()

    first = Scripted(deduplicates=True, after_asking=hang)
    async with deployment(tmp_path, parts=parts(first)) as d:
        await d.person()
        await d.trigger(wait=0)
        await reached.wait()
        assert [(row["status"], row["via"]) for row in d.rows(effects)] == [("claimed", "scripted")]
    other = Other(deduplicates=True)
    async with deployment(tmp_path, parts=parts(other), stocked=False) as d:
        await d.runs.idle()
        assert [row["status"] for row in d.contacts()] == ["unknown"]
        assert other.arrived == []


async def test_p3_taking_an_agent_back_stops_a_letter_that_is_on_its_way(tmp_path: Path) -> None:
    made: list[Deployment] = []

    async def take_back(letter: Letter) -> None:
        set_mode(made[0], "sandbox")

    channel = Scripted(before_asking=take_back)
    url = "https://usher.haus-alba.example"
    async with deployment(tmp_path, parts=parts(channel), public_url=url) as d:
        made.append(d)
        await d.person()
        set_mode(d, "live")
        await d.decide()
        [contact] = d.contacts()
        assert (contact["mode"], contact["status"], channel.arrived) == ("live", "failed", [])


async def test_p6_a_live_letter_that_no_channel_carries_is_not_put_elsewhere(
    tmp_path: Path,
) -> None:
    url = "https://usher.haus-alba.example"
    alone = Parts(planner=ScriptedPlanner(sends()))
    async with deployment(tmp_path, parts=alone, public_url=url) as d:
        await d.person()
        set_mode(d, "live")
        await d.decide()
        [contact] = d.contacts()
        assert contact["status"] == "failed"
        assert "no channel carries email" in str(contact["reason"])


async def test_p6_without_a_public_url_a_live_agent_writes_no_marketing_e_mail(
    tmp_path: Path,
) -> None:
    channel = Scripted()
    async with deployment(tmp_path, parts=parts(channel)) as d:
        await d.person()
        set_mode(d, "live")
        decision = await d.decide()
        assert (d.contacts(), channel.arrived) == ([], [])
        assert "USHER_PUBLIC_URL" in str(decision["steps"])


async def test_what_lies_in_the_outbox_sets_out_by_no_channel(tmp_path: Path) -> None:
    async with deployment(tmp_path, parts=Parts(planner=ScriptedPlanner(sends()))) as d:
        await d.person()
        await d.decide()
        assert [(row["status"], row["via"]) for row in d.rows(effects)] == [("sent", None)]
