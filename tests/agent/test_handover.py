"""What a channel may answer, and what is true afterwards (P3)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.assembly import Parts
from agent.handover import settle
from agent.messages import Suppress
from store.database import Database
from store.schema import contacts, wakeups
from tests.agent.deployment import Deployment, ScriptedPlanner, deployment, sends
from tools.channels.channel import Letter, SendResult, SendStatus, StillOurs
from tools.channels.scripted import Scripted


async def no_waiting(seconds: float) -> None:
    """Retries wait for nothing."""


def parts(channel: Scripted, **over: Any) -> Parts:
    usual: dict[str, Any] = {"sleep": no_waiting}
    return Parts(planner=ScriptedPlanner(sends()), channels={"email": channel}, **(usual | over))


@pytest.mark.parametrize(
    ("answers", "effect", "decision", "arrived"),
    [
        ([SendStatus.SENT], "sent", "completed", 1),
        ([SendStatus.REFUSED], "failed", "failed", 0),
        ([SendStatus.NOT_SENT, SendStatus.SENT], "sent", "completed", 1),
        ([SendStatus.NOT_SENT] * 3, "failed", "failed", 0),
        ([SendStatus.UNKNOWN], "unknown", "completed", 1),
        ([ConnectionResetError("ada@example.com")], "unknown", "completed", 1),
    ],
)
async def test_p3_the_ledger_says_what_the_channel_knows(
    tmp_path: Path, answers: list[Any], effect: str, decision: str, arrived: int
) -> None:
    channel = Scripted(answers)
    async with deployment(tmp_path, parts=parts(channel)) as d:
        await d.person()
        made = await d.decide()
        [contact] = d.contacts()
        assert (contact["status"], made["status"]) == (effect, decision)
        assert len(channel.arrived) == arrived
        assert "ada" not in str(contact["reason"])
        counted = [row["state"] for row in d.rows(contacts)]
        assert counted == ["committed" if effect in ("sent", "unknown") else "released"]
        await d.runs.idle()
        d.everything_ended()


@pytest.mark.parametrize("first", [SendStatus.UNKNOWN, TimeoutError()])
async def test_p3_what_is_unknown_is_tried_again_where_the_channel_deduplicates(
    tmp_path: Path, first: Any
) -> None:
    channel = Scripted([first], deduplicates=True)
    async with deployment(tmp_path, parts=parts(channel)) as d:
        await d.person()
        assert (await d.decide())["status"] == "completed"
        assert d.contacts()[0]["status"] == "sent"
        assert (channel.tried, len(channel.arrived)) == (2, 1)


async def test_p3_a_channel_that_fails_before_it_asks_has_handed_nothing_over(
    tmp_path: Path,
) -> None:
    async def fail(letter: Letter) -> None:
        raise OSError("no route")

    channel = Scripted(before_asking=fail)
    async with deployment(tmp_path, parts=parts(channel)) as d:
        await d.person()
        assert (await d.decide())["status"] == "failed"
        assert channel.tried == 3
        assert d.contacts()[0]["status"] == "failed"


async def test_what_no_channel_took_is_looked_at_again_later_and_later(tmp_path: Path) -> None:
    channel = Scripted([SendStatus.NOT_SENT] * 6)
    planner = ScriptedPlanner(sends(), sends(), sends())
    async with deployment(
        tmp_path, parts=Parts(planner=planner, channels={"email": channel}, sleep=no_waiting)
    ) as d:
        await d.person()
        await d.decide()
        first = d.rows(wakeups, kind="another_look")[0]["due_at"] - d.runs.clock.now_us()
        await d.advance(minutes=15)
        second = d.rows(wakeups, kind="another_look", state="pending")[0]["due_at"]
        assert second - d.runs.clock.now_us() == 2 * first
        await d.advance(minutes=30)
        assert [row["status"] for row in d.contacts()] == ["failed", "failed", "sent"]
        assert len(channel.arrived) == 1


async def _opt_out(d: Deployment) -> None:
    await d.runs.people.suppress("ada", Suppress(scope="purpose", reason="asked"), by="ann")


async def test_p3_an_opt_out_before_the_channel_asks_stops_the_letter(tmp_path: Path) -> None:
    made: list[Deployment] = []

    async def stop(letter: Letter) -> None:
        await _opt_out(made[0])

    channel = Scripted(before_asking=stop)
    async with deployment(tmp_path, parts=parts(channel)) as d:
        made.append(d)
        await d.person()
        decision = await d.decide()
        assert channel.arrived == []
        assert [row["status"] for row in d.contacts()] == ["cancelled"]
        assert (decision["status"], decision["outcome"]["kind"]) == ("no_action", "cancelled")
        assert [row["state"] for row in d.rows(contacts)] == ["released"]


async def test_p2_an_opt_out_in_the_instant_of_hand_over_leaves_the_truth(tmp_path: Path) -> None:
    """It has reached the person, so it is sent and counts, whatever was written meanwhile."""
    made: list[Deployment] = []

    async def stop(letter: Letter) -> None:
        await _opt_out(made[0])

    channel = Scripted(after_asking=stop)
    async with deployment(tmp_path, parts=parts(channel)) as d:
        made.append(d)
        await d.person()
        decision = await d.decide()
        assert len(channel.arrived) == 1
        assert [row["status"] for row in d.contacts()] == ["sent"]
        assert [row["state"] for row in d.rows(contacts)] == ["committed"]
        assert decision["status"] == "completed"


async def test_p3_a_claim_older_than_thirty_seconds_is_not_handed_over(tmp_path: Path) -> None:
    class Watch:
        now = 1_000.0

        def __call__(self) -> float:
            return self.now

    watch = Watch()

    async def dawdle(letter: Letter) -> None:
        watch.now += 31

    channel = Scripted(before_asking=dawdle)
    async with deployment(tmp_path, parts=parts(channel, monotonic=watch)) as d:
        await d.person()
        assert (await d.decide())["status"] == "failed"
        assert channel.arrived == []
        assert channel.tried == 1
        assert d.rows(wakeups, kind="another_look", state="pending")


@pytest.mark.parametrize(
    ("deduplicates", "status", "arrived"), [(True, "sent", 1), (False, "unknown", 0)]
)
async def test_p3_a_claim_that_a_stop_left_is_settled_by_the_next_process(
    tmp_path: Path, deduplicates: bool, status: str, arrived: int
) -> None:
    """Its clock starts anew at nought, so it must not go by when the older one's claim ends."""
    reached = asyncio.Event()

    async def hang(letter: Letter) -> None:
        reached.set()
        await asyncio.Event().wait()

    async with deployment(
        tmp_path, parts=parts(Scripted(before_asking=hang), monotonic=lambda: 9e9)
    ) as d:
        await d.person()
        await d.trigger(wait=0)
        await reached.wait()
        assert [row["status"] for row in d.contacts()] == ["claimed"]
    channel = Scripted(deduplicates=deduplicates)
    async with deployment(
        tmp_path, parts=parts(channel, monotonic=lambda: 0.0), stocked=False
    ) as d:
        await d.runs.idle()
        assert [row["status"] for row in d.contacts()] == [status]
        assert len(channel.arrived) == arrived
        assert (await d.latest())["status"] == "completed"
        d.everything_ended()


class NeverSettles(Database):
    """A database on which what a channel said is never written down."""

    reached: asyncio.Event

    async def write(self, unit: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if unit is settle:
            self.reached.set()
            await asyncio.Event().wait()
        return await super().write(unit, *args, **kwargs)


async def test_p2_an_opt_out_in_the_inbox_does_not_unsend_what_a_stop_left_unsettled(
    tmp_path: Path,
) -> None:
    async with deployment(tmp_path, parts=Parts(database=NeverSettles)) as d:
        db = d.runs.db
        assert isinstance(db, NeverSettles)
        db.reached = asyncio.Event()
        await d.person()
        await d.trigger(wait=0)
        await db.reached.wait()
        await d.runs.resolver.stop()
        await d.track("Consent Revoked", channel="email", purpose="marketing")
    async with deployment(tmp_path, stocked=False) as d:
        await d.runs.idle()
        assert len(d.letters()) == 1
        assert [row["status"] for row in d.contacts()] == ["sent"]
        assert [row["state"] for row in d.rows(contacts)] == ["committed"]
        assert (await d.latest())["status"] == "completed"


async def test_a_deployment_without_the_channel_says_so(tmp_path: Path) -> None:
    nothing = Parts(planner=ScriptedPlanner(sends()), channels={})
    async with deployment(tmp_path, parts=nothing) as d:
        await d.person()
        assert (await d.decide())["status"] == "failed"
        assert d.contacts()[0]["reason"] == "no channel carries email"


@pytest.mark.parametrize(
    "said",
    [
        "550 5.1.1 <ada@example.com> user unknown",
        "the number +49 30 1000001 is not in use",
        "x" * 500,
    ],
)
async def test_p5_what_a_channel_says_of_somebody_is_kept_sealed_and_nowhere_else(
    tmp_path: Path, said: str
) -> None:
    async with deployment(tmp_path, parts=parts(Quoting(said))) as d:
        await d.person()
        made = await d.decide()
        [contact] = d.contacts()
        assert contact["status"] == "failed"
        assert "may name somebody" in contact["reason"] and said not in contact["reason"]
        assert made["effects"][-1]["reason"] == said


async def test_what_a_channel_says_by_code_and_step_is_kept_as_it_is(tmp_path: Path) -> None:
    said = "the mail server said 550 5.7.1 when it was told the recipient"
    async with deployment(tmp_path, parts=parts(Quoting(said))) as d:
        await d.person()
        await d.decide()
        assert d.contacts()[0]["reason"] == said


class Quoting(Scripted):
    """A channel that refuses in words of its own."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self.said = said

    async def send(self, letter: Letter, *, still_ours: StillOurs) -> SendResult:
        await still_ours()
        return SendResult(SendStatus.REFUSED, None, self.said)
