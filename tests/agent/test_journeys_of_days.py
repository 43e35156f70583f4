"""A journey of thirty days: waits, looks, reminders and its end, in simulated time and restarts.

Nobody sleeps; only due times pass. It begins before the clocks go forward in Europe and ends after.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.assembly import Parts
from agent.planning import Proposal, Situation
from store.schema import decisions, journeys, wakeups
from tests.agent.deployment import Deployment, agent_file, deployment, does, finish, sends, write

#: Ten at night in Berlin, a week before its clocks go forward (29 March 2026).
START = "2026-03-20T21:00:00Z"
BERLIN = ZoneInfo("Europe/Berlin")
DAYS = 30


class Weekly:
    """Writes, waits for a week, and writes again; remembers nothing between two decisions."""

    kind = "scripted"
    model: str | None = None

    async def propose(self, situation: Situation) -> Proposal:
        """By the number of decisions before: an odd one writes."""
        turn = situation.journey["decisions"]
        if turn % 2 == 0:
            return does("check_back", after_minutes=7 * 24 * 60, because="a week")(situation)
        if situation.steps:
            return finish("done")(situation)
        return sends(hours=48)(situation)


class Patient(Weekly):
    """As `Weekly`, and looks again after each letter."""

    async def propose(self, situation: Situation) -> Proposal:
        proposal = await super().propose(situation)
        now_us = situation.now_us
        week = 7 * 24 * 3_600 * 1_000_000
        return Proposal(proposal.plan, proposal.calls, look_again_at=now_us + week)


async def thirty_days(folder: Path, stops: tuple[int, ...]) -> dict[str, Any]:
    """The whole journey and a month after it, with a new process after each of these days."""
    file = agent_file("shopping", "recover_cart").replace("P7D", f"P{DAYS}D")
    settings: dict[str, Any] = {
        "prompts": write(folder / "prompts", shopping=file),
        "clock": START,
        "parts": Parts(planner=Patient()),
    }
    seen: dict[str, Any] = {}
    for since, until in pairwise((0, *stops, 2 * DAYS)):
        async with deployment(folder / "data", stocked=since == 0, **settings) as d:
            if since == 0:
                await d.person(zone="Europe/Berlin")
                await d.decide()
            await d.advance(days=until - since)
            seen = seen_in(d)
    return seen


def seen_in(d: Deployment) -> dict[str, Any]:
    """What the journey has come to."""
    contacts = d.contacts()
    return {
        "letters": len(d.letters()),
        "sent": [(c["status"], c["settled_at"]) for c in contacts],
        "decisions": [(r["status"], r["opened_at"]) for r in d.rows(decisions)],
        "journey": [r["status"] for r in d.rows(journeys)],
        "pending": len(d.rows(wakeups, state="pending")) + len(d.rows(wakeups, state="due")),
    }


@pytest.mark.parametrize("stops", [(), (9, 10, 22)], ids=["in one go", "restarted thrice"])
async def test_p7_a_journey_of_thirty_days_loses_nothing_and_does_nothing_twice(
    tmp_path: Path, stops: tuple[int, ...]
) -> None:
    seen = await thirty_days(tmp_path, stops)
    assert seen["journey"] == ["expired"]
    assert seen["letters"] == 2
    assert [status for status, _ in seen["sent"]] == ["sent", "sent"]
    assert [status for status, _ in seen["decisions"]] == [
        "no_action",
        "completed",
        "no_action",
        "completed",
        "no_action",
    ]
    days = [local(at).date() for _, at in seen["decisions"]]
    assert [(after - before).days for before, after in pairwise(days)] == [7, 7, 7, 7]
    # Put off from the evening to the morning where they live, on both sides of the change.
    sent = [local(at) for _, at in seen["sent"]]
    assert all(at.hour == 8 and at.minute < 15 for at in sent)
    assert [at.utcoffset() for at in sent] == [timedelta(hours=1), timedelta(hours=2)]
    assert seen["pending"] == 0


def local(at_us: int) -> datetime:
    """An instant where this person lives."""
    return datetime.fromtimestamp(at_us / 1e6, UTC).astimezone(BERLIN)
