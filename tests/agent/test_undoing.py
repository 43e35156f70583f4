"""What can be undone is undone once, with what it held; what reached somebody is final."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.assembly import Parts
from agent.errors import Conflict
from agent.undoing import COMPENSATIONS, Undo
from store.schema import contacts, effects, offers, reservations, suppressions, tickets
from tests.agent.deployment import (
    Deployment,
    ScriptedPlanner,
    agent_file,
    deployment,
    does,
    finish,
    sends,
    write,
)
from tools.registry import TOOLS
from tools.tool import Reversibility

NIGHT = "2026-03-03T22:00:00Z"
REASON = Undo(reason="the wrong season")


@asynccontextmanager
async def after(folder: Path, *answers: Any, **more: Any) -> AsyncIterator[Deployment]:
    """A deployment in which somebody's cart was decided on by this script."""
    agents = write(folder / "agents", shopping=agent_file("shopping", "recover_cart").replace(
        "create_ticket]", "create_ticket, suppress_customer]"))  # fmt: skip
    parts = Parts(planner=ScriptedPlanner(*answers))
    async with deployment(folder / "data", parts=parts, prompts=agents, **more) as d:
        await d.person()
        await d.decide()
        yield d


def of_kind(d: Deployment, kind: str) -> str:
    return str(d.rows(effects, kind=kind)[0]["id"])


async def test_a_queued_message_is_cancelled_once_and_counts_nowhere(tmp_path: Path) -> None:
    async with after(tmp_path, sends(), clock=NIGHT) as d:
        effect_id = of_kind(d, "contact")
        shown = await d.runs.effects.get(effect_id)
        assert shown["reversibility"] == "reversible"
        assert shown["undo"]["until"] == shown["not_before"]
        now = await d.runs.effects.undo(effect_id, REASON, by="ann")
        assert (now["status"], now["reversibility"]) == ("cancelled", "final")
        assert [row["state"] for row in d.rows(contacts)] == ["released"]
        with pytest.raises(Conflict, match="undone already"):
            await d.runs.effects.undo(effect_id, REASON, by="bob")
        assert [row["undoes"] for row in d.rows(effects, kind="undo")] == [effect_id]
        told = await d.latest()
        assert told["status"] == "no_action"
        assert "ann took it back (the wrong season)" in told["outcome"]["reason"]
        assert "season" not in str([row["reason"] for row in d.rows(effects)])
        await d.advance(hours=12)
        assert d.letters() == []
        d.everything_ended()


async def test_p2_an_unused_code_is_void_its_money_back_and_its_message_cancelled(
    tmp_path: Path,
) -> None:
    code = does("create_offer", discount_bp=1_000, valid_hours=72)
    offer = sends(message="cart_reminder_offer", offer=True)
    async with after(tmp_path, code, offer, clock=NIGHT) as d:
        effect_id = of_kind(d, "offer")
        assert [row["state"] for row in d.rows(reservations, effect_id=effect_id)] == ["reserved"]
        shown = await d.runs.effects.get(effect_id)
        assert shown["reversibility"] == "compensable"
        assert "gives 12.00 EUR back; cancels 1 queued message with it" in shown["undo"]["says"]
        await d.runs.effects.undo(effect_id, REASON, by="ann")
        assert [row["status"] for row in d.rows(offers)] == ["void"]
        assert [row["state"] for row in d.rows(reservations, effect_id=effect_id)] == ["released"]
        assert [row["status"] for row in d.contacts()] == ["cancelled"]
        await d.advance(hours=12)
        assert d.letters() == []


async def test_a_code_that_was_sent_can_be_void_and_its_message_is_final(tmp_path: Path) -> None:
    code = does("create_offer", discount_bp=1_000, valid_hours=72)
    offer = sends(message="cart_reminder_offer", offer=True)
    async with after(tmp_path, code, offer) as d:
        says = (await d.runs.effects.get(of_kind(d, "offer")))["undo"]["says"]
        assert "may have read the code" in says
        with pytest.raises(Conflict, match="it has reached its person"):
            await d.runs.effects.undo(of_kind(d, "contact"), REASON, by="ann")
        assert not d.rows(effects, kind="undo")


async def test_a_ticket_is_closed_and_a_stop_of_an_agents_lifted_alone(tmp_path: Path) -> None:
    ticket = does("create_ticket", queue="sales", priority="low", summary="call back")
    stop = does("suppress_customer", scope="address", channel="email", reason="asked in chat")
    async with after(tmp_path, ticket, stop, finish()) as d:
        await d.runs.effects.undo(of_kind(d, "ticket"), REASON, by="ann")
        assert [row["status"] for row in d.rows(tickets)] == ["closed"]
        shown = await d.runs.effects.undo(of_kind(d, "suppression"), REASON, by="ann")
        assert shown["undo"]["says"].startswith("it was undone already")
        assert [row["lifted_at"] is not None for row in d.rows(suppressions)] == [True]


def test_what_a_tool_declares_to_be_undoable_has_a_compensation() -> None:
    for tool in TOOLS.values():
        if tool.reversibility is not Reversibility.FINAL:
            assert tool.kind.value in COMPENSATIONS, tool.name
