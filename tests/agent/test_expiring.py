"""Nothing is handed over past the time it was of use until, on whatever way it came (P3).

Each way is taken with the hand-over just in time and just too late; the channel's own list says
what arrived.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from agent.assembly import Parts
from agent.brake import Pull
from store import clock as clock_rows
from store.schema import contacts, reservations
from tests.agent.deployment import (
    HOUR_US,
    Deployment,
    ScriptedPlanner,
    agent_file,
    deployment,
    sends,
    write,
)
from tools.channels.channel import Letter, SendStatus
from tools.channels.scripted import Scripted

USEFUL_HOURS = 16
#: The pack as shipped refuses what is of use for less than an hour; the ledger asks to the instant.
JUST = {"in time": (USEFUL_HOURS - 2) * HOUR_US, "too late": USEFUL_HOURS * HOUR_US}
AT_THE_DOOR = JUST | {"in time": USEFUL_HOURS * HOUR_US - 1}
Way = Callable[[Path, Scripted, int], Awaitable[list[dict[str, Any]]]]


def parts(channel: Scripted) -> Parts:
    planner = ScriptedPlanner(sends(hours=USEFUL_HOURS))
    return Parts(planner=planner, channels={"email": channel}, monotonic=lambda: 0.0)


async def move_clock(d: Deployment, by_us: int) -> None:
    """Time goes on while nobody releases anything, as it does while a process is down or slow."""
    at = d.runs.clock.now_us() + by_us
    await d.runs.db.write(lambda conn: clock_rows.set_to(conn, at))
    d.runs.clock.show(at)  # type: ignore[attr-defined]


async def told(d: Deployment) -> list[dict[str, Any]]:
    await d.runs.idle()
    d.everything_ended()
    return [*d.contacts(), *d.rows(contacts), *d.rows(reservations)]


async def at_the_door(folder: Path, channel: Scripted, after: int) -> list[dict[str, Any]]:
    """The channel is slow to ask."""
    made: list[Deployment] = []

    async def dawdle(letter: Letter) -> None:
        await move_clock(made[0], after)

    channel._before_asking = dawdle
    async with deployment(folder, parts=parts(channel)) as d:
        made.append(d)
        await d.person()
        await d.decide()
        return await told(d)


async def after_a_restart(folder: Path, channel: Scripted, after: int) -> list[dict[str, Any]]:
    """A contact waits for the morning, and the process is down until later."""
    async with deployment(folder, parts=parts(channel), clock="2026-03-03T22:00:00Z") as d:
        await d.person()
        assert (await d.decide())["status"] == "scheduled"
        await move_clock(d, after)
    async with deployment(folder, parts=parts(channel), stocked=False) as d:
        return await told(d)


async def behind_a_brake(folder: Path, channel: Scripted, after: int) -> list[dict[str, Any]]:
    """A contact is held when its hour comes, and let go later."""
    async with deployment(folder, parts=parts(channel), clock="2026-03-03T22:00:00Z") as d:
        await d.person()
        await d.decide()
        pulled = await d.runs.brake.pull(Pull(scope="all", reason="a test"), by="ann")
        await d.advance(hours=11)
        assert channel.arrived == []
        await move_clock(d, after - 11 * HOUR_US)
        await d.runs.brake.lift(pulled["id"], by="ann")
        return await told(d)


async def approved_late(folder: Path, channel: Scripted, after: int) -> list[dict[str, Any]]:
    """A person approves, and the process stops before it has acted on that."""
    agents = write(folder / "agents", shopping=agent_file("shopping", "recover_cart",
                                                          autonomy="assisted"))  # fmt: skip
    async with deployment(
        folder / "data", parts=parts(channel), prompts=agents, clock="2026-03-03T22:00:00Z"
    ) as d:
        await d.person()
        assert (await d.decide())["status"] == "awaiting_approval"
        d.runs.approving._wake = lambda customer_id: None
        await d.answer("approve")
        await move_clock(d, after)
    async with deployment(
        folder / "data", parts=parts(channel), prompts=agents, stocked=False
    ) as d:
        return await told(d)


async def left_by_a_crash(folder: Path, channel: Scripted, after: int) -> list[dict[str, Any]]:
    """A claim whose worker stopped before the channel had asked; the channel deduplicates."""
    reached = asyncio.Event()

    async def hang(letter: Letter) -> None:
        reached.set()
        await asyncio.Event().wait()

    async with deployment(folder, parts=parts(Scripted(before_asking=hang))) as d:
        await d.person()
        await d.trigger(wait=0)
        await reached.wait()
        await move_clock(d, after)
    channel.deduplicates = True
    async with deployment(folder, parts=parts(channel), stocked=False) as d:
        return await told(d)


@pytest.mark.parametrize("when", JUST)
@pytest.mark.parametrize(
    "way", [at_the_door, after_a_restart, behind_a_brake, approved_late], ids=lambda w: w.__name__
)
async def test_p3_nothing_goes_out_past_its_time(tmp_path: Path, way: Way, when: str) -> None:
    channel = Scripted()
    after = (AT_THE_DOOR if way is at_the_door else JUST)[when]
    seen = await way(tmp_path, channel, after)
    late = when == "too late"
    states = [row.get("status", row.get("state")) for row in seen]
    assert len(channel.arrived) == (0 if late else 1)
    if late:
        assert not set(states) & {"sent", "committed", "reserved"}, states
        assert [row["status"] for row in seen if "expires_at" in row] in (["expired"], [])
    else:
        assert states[:2] == ["sent", "committed"]


@pytest.mark.parametrize(("when", "status", "arrived"),
                         [("in time", "sent", 1), ("too late", "unknown", 0)])  # fmt: skip
async def test_p3_a_claim_that_may_have_gone_is_not_asked_for_again_too_late(
    tmp_path: Path, when: str, status: str, arrived: int
) -> None:
    """It set out before the crash, so that it expired cannot be said of it."""
    channel = Scripted()
    contact = (await left_by_a_crash(tmp_path, channel, JUST[when]))[0]
    assert (contact["status"], len(channel.arrived)) == (status, arrived)


async def test_p3_a_retry_ends_with_its_use(tmp_path: Path) -> None:
    """What a deduplicating channel lost is tried again only while it is of use."""
    made: list[Deployment] = []

    async def late(letter: Letter) -> None:
        await move_clock(made[0], JUST["too late"])

    channel = Scripted([SendStatus.UNKNOWN], deduplicates=True, after_asking=late)
    async with deployment(tmp_path, parts=parts(channel)) as d:
        made.append(d)
        await d.person()
        await d.decide()
        assert (await told(d))[0]["status"] == "unknown"
        assert channel.tried == 1
