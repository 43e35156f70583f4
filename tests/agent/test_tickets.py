"""A ticket that an agent opens reaches the team's own system too, where a channel carries it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from agent.assembly import Parts
from store.schema import effects, tickets
from tests.agent.deployment import (
    Deployment,
    ScriptedPlanner,
    agent_file,
    deployment,
    does,
    finish,
    write,
)
from tests.tools.channels.vendor_peer import Vendors, vendors, way
from tools.channels.channel import Channel, SendStatus
from tools.channels.scripted import Scripted
from tools.channels.zendesk import Zendesk

SUMMARY = "The lamp Alba arrived broken,\nthe second time. " + "Please call. " * 20


@pytest.fixture(scope="module")
def desk() -> Iterator[Vendors]:
    with vendors() as running:
        yield running


def deployed(
    folder: Path, **channels: Channel
) -> tuple[ScriptedPlanner, AbstractAsyncContextManager[Deployment]]:
    opens = does("create_ticket", queue="service", priority="high", summary=SUMMARY)
    planner = ScriptedPlanner(opens, finish("done"))
    parts = Parts(planner=planner, channels={"email": Scripted(), **channels})
    prompts = write(folder / "prompts", shop=agent_file("shop", "win"))
    return planner, deployment(folder / "data", parts=parts, prompts=prompts)


def told(planner: ScriptedPlanner) -> dict[str, Any]:
    """What the planner has heard of the ticket."""
    result = planner.seen[-1].steps[-1].result
    assert result is not None
    return dict(result)


async def test_p3_a_ticket_lies_here_and_is_opened_at_zendesk_once(
    desk: Vendors, tmp_path: Path
) -> None:
    peer = desk.fresh()
    peer.answers({"status": 200, "body": '{"tickets":[]}'}, "breaks_off")
    zendesk = Zendesk("tickets", way(peer.url), "agent@shop.example", "secret", {"service": 7})
    planner, running = deployed(tmp_path, ticket=zendesk)
    async with running as d:
        await d.person()
        await d.decide(goal="win")
        [effect], [row] = d.rows(effects), d.rows(tickets)
        d.everything_ended()
    assert (effect["kind"], effect["channel"], effect["status"]) == ("ticket", "ticket", "sent")
    assert (row["effect_id"], row["status"]) == (effect["id"], "open")
    [request] = [seen for seen in desk.seen() if seen.method == "POST"]
    ticket = json.loads(request.body)["ticket"]
    assert (ticket["priority"], ticket["group_id"]) == ("high", 7)
    assert ticket["external_id"] == effect["id"]
    assert len(ticket["subject"]) == 120 and "\n" not in ticket["subject"]
    assert ticket["comment"]["body"] == f"{SUMMARY}\n\nAbout: {row['customer_id']}"
    assert (told(planner)["status"], told(planner)["ticket_id"]) == ("sent", row["id"])


async def test_without_a_channel_for_tickets_one_lies_here_only(tmp_path: Path) -> None:
    planner, running = deployed(tmp_path)
    async with running as d:
        await d.person()
        await d.decide(goal="win")
        assert [row["channel"] for row in d.rows(effects)] == ["none"]
        assert len(d.rows(tickets)) == 1
    assert set(told(planner)) == {"ticket_id", "queue"}


async def test_what_the_teams_system_refuses_is_told_and_the_ticket_lies_here_all_the_same(
    tmp_path: Path,
) -> None:
    planner, running = deployed(tmp_path, ticket=Scripted([SendStatus.REFUSED], kind="ticket"))
    async with running as d:
        await d.person()
        await d.decide(goal="win")
        assert len(d.rows(tickets)) == 1
    assert told(planner)["status"] == "failed"
