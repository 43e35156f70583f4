"""What was queued and is stopped is written down as what it really was."""

from __future__ import annotations

import asyncio
from pathlib import Path

from agent.assembly import Parts
from agent.messages import Suppress
from store.schema import contacts, memories
from tests.agent.deployment import ScriptedPlanner, deployment, sends
from tools.channels.channel import Letter
from tools.channels.scripted import Scripted


async def test_p3_what_was_stopped_while_it_was_handed_over_when_its_worker_died_is_unknown(
    tmp_path: Path,
) -> None:
    """The channel had the letter, the opt-out cancelled it in the books, and nobody settled it."""
    in_its_hands = asyncio.Event()

    async def hang(letter: Letter) -> None:
        in_its_hands.set()
        await asyncio.Event().wait()

    parts = Parts(planner=ScriptedPlanner(sends()), channels={"email": Scripted(after_asking=hang)})
    async with deployment(tmp_path, parts=parts) as d:
        await d.person()
        await d.trigger(wait=0)
        await in_its_hands.wait()
        stop = Suppress(scope="purpose", reason="asked")
        await d.runs.people.suppress("ada", stop, by="ann")
        [contact] = d.contacts()
        assert (contact["status"], contact["via"]) == ("cancelled", "scripted")
    async with deployment(tmp_path, parts=Parts(channels={}), stocked=False) as d:
        await d.runs.idle()
        assert [row["status"] for row in d.contacts()] == ["unknown"]
        assert [row["state"] for row in d.rows(contacts)] == ["committed"]
        assert d.rows(memories, kind="send") == []
        decision = await d.latest()
        assert (decision["status"], decision["outcome"]["kind"]) == ("completed", "unconfirmed")
        d.everything_ended()
