"""What the loop did and what came of it becomes memory: once, with its cause, and used after."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent.assembly import Parts
from agent.handover import settle
from customers import memory_text
from store import agent_modes
from store.schema import memories
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
from tests.agent.test_handover import NeverSettles
from tools.channels.channel import SendResult, SendStatus
from tools.channels.scripted import Scripted

DAY_US = 86_400 * 1_000_000


def remembered(d: Deployment) -> list[tuple[str, str]]:
    """Every memory, its kind and text."""
    db = d.runs.db
    rows = db.read_now(lambda conn: conn.execute(memories.select()).all())
    return [(row.kind, memory_text.text_of(db.vault, row)) for row in rows]


def told(d: Deployment, kind: str) -> list[str]:
    return [text for each, text in remembered(d) if each == kind]


def scripted(*answers: Any, channel: Scripted | None = None) -> Parts:
    carries = {"email": channel or Scripted()}
    return Parts(planner=ScriptedPlanner(*answers), channels=carries)


async def test_a_send_is_remembered_with_its_effect_and_the_next_decision_shows_it(
    tmp_path: Path,
) -> None:
    async with deployment(tmp_path, parts=scripted(sends(), finish())) as d:
        await d.person()
        await d.decide()
        [row] = d.rows(memories)
        [contact] = d.contacts()
        assert (row["kind"], row["source_id"], row["purpose"]) == (
            "send",
            contact["id"],
            "marketing",
        )
        assert row["expires_at"] == row["at"] + 90 * DAY_US
        assert b"cart" not in row["text_sealed"]
        [text] = told(d, "send")
        assert text.startswith("An e-mail (cart reminder) “") and text.endswith("” was sent.")
        again = await d.decide(cart={"value_minor": 100, "currency": "EUR", "items": []})
        assert [m["text"] for m in again["memories"]] == [text]
        await d.advance(days=91)
        late = await d.decide(cart={"id": "c3", "value_minor": 1, "currency": "EUR", "items": []})
        assert ("send", "expired") in {(m["kind"], m["why"]) for m in late["withheld_memories"]}


async def test_what_lies_in_the_outbox_is_not_remembered_as_having_reached_anybody(
    tmp_path: Path,
) -> None:
    async with deployment(tmp_path, parts=Parts(planner=ScriptedPlanner(sends()))) as d:
        await d.person()
        await d.decide()
        [text] = told(d, "send")
        assert text.endswith("was written to the outbox, where nobody gets it.")


@pytest.mark.parametrize("answer", [SendStatus.REFUSED, SendStatus.UNKNOWN])
async def test_what_did_not_surely_arrive_is_no_send(tmp_path: Path, answer: SendStatus) -> None:
    async with deployment(tmp_path, parts=scripted(sends(), channel=Scripted([answer]))) as d:
        await d.person()
        await d.decide()
        assert remembered(d) == []


async def test_a_send_that_a_crash_left_unsettled_is_remembered_once(tmp_path: Path) -> None:
    async with deployment(tmp_path, parts=Parts(database=NeverSettles)) as d:
        db = d.runs.db
        assert isinstance(db, NeverSettles)
        db.reached = asyncio.Event()
        await d.person()
        await d.trigger(wait=0)
        await db.reached.wait()
        assert remembered(d) == []
    for _ in range(2):
        async with deployment(tmp_path, stocked=False) as d:
            await d.runs.idle()
            assert len(told(d, "send")) == len(d.letters()) == 1


async def test_settling_twice_remembers_once(tmp_path: Path) -> None:
    async with deployment(tmp_path, parts=scripted(sends())) as d:
        who = await d.person()
        await d.decide()
        [contact] = d.contacts()
        again = await d.runs.db.write(
            settle,
            d.runs.db.vault,
            d.runs.env.ground,
            customer_id=who,
            effect_id=contact["id"],
            epoch=contact["claim_epoch"],
            now_us=d.runs.clock.now_us(),
            result=SendResult(SendStatus.SENT, None, ""),
        )
        assert again is None
        assert len(told(d, "send")) == 1


async def test_nothing_coming_back_is_remembered_once_the_message_is_of_no_use(
    tmp_path: Path,
) -> None:
    async with deployment(tmp_path, parts=scripted(sends(hours=48))) as d:
        await d.person()
        await d.decide()
        await d.advance(hours=47)
        assert told(d, "ignored") == []
        await d.advance(hours=2)
        [text] = told(d, "ignored")
        assert text.startswith("Nothing came back on the e-mail (cart reminder) “")
        assert text.endswith("” in the 2 days in which it was of use.")
        await d.advance(days=3)
        assert len(told(d, "ignored")) == 1


@pytest.mark.parametrize(
    ("event", "properties"),
    [
        ("Order Completed", {"order_id": "o1", "total": 120, "currency": "EUR"}),
        ("Message Replied", {"text": "thank you", "channel": "email"}),
        ("Unsubscribed", {}),
    ],
)
async def test_whoever_reacts_has_not_ignored_it(
    tmp_path: Path, event: str, properties: dict[str, Any]
) -> None:
    async with deployment(tmp_path, parts=scripted(sends(hours=48))) as d:
        await d.person()
        await d.decide()
        await d.advance(hours=1)
        await d.track(event, **properties)
        await d.runs.idle()
        await d.advance(days=3)
        assert told(d, "ignored") == []
        bought = told(d, "bought")
        assert len(bought) == (event == "Order Completed")
        assert all(text.startswith("Bought for 120.00 EUR 60 minutes after") for text in bought)


async def test_a_persons_no_is_remembered_with_its_reason(tmp_path: Path) -> None:
    prompts = write(
        tmp_path / "prompts", winback=agent_file("winback", "win_back", autonomy="assisted")
    )
    parts = Parts(planner=ScriptedPlanner(sends()))
    async with deployment(tmp_path / "data", parts=parts, prompts=prompts) as d:
        await d.person()
        await d.decide(goal="win_back")
        await d.answer("reject", reason="she asked for peace")
        await d.runs.idle()
        assert told(d, "rejected") == [
            "A person said no to an e-mail (cart reminder): she asked for peace."
        ]
        [row] = d.rows(memories)
        assert row["source_id"].startswith("apr_") and row["purpose"] == "marketing"


async def test_p13_a_decision_in_shadow_leaves_no_memory(tmp_path: Path) -> None:
    async with deployment(tmp_path, parts=scripted(sends())) as d:
        d.runs.db.write_now(agent_modes.put, agent="shopping", mode="shadow", by="ann", at=1)
        await d.person()
        decision = await d.decide()
        assert decision["mode"] == "shadow" and d.contacts() == []
        await d.advance(days=4)
        assert remembered(d) == []


async def test_p5_a_marketing_send_is_withheld_from_service_and_named(tmp_path: Path) -> None:
    async with deployment(tmp_path, parts=scripted(sends())) as d:
        who = await d.person()
        await d.decide()
        now = d.runs.clock.now_us()
        found = await d.runs.env.recall.recall(
            who, purpose="service", query="cart reminder", now_us=now
        )
        assert found.used == ()
        assert [(m.kind, m.why) for m in found.withheld] == [
            ("send", "kept for marketing, not used for service")
        ]


async def test_what_expired_was_superseded_or_is_sensitive_never_reaches_the_planner(
    tmp_path: Path,
) -> None:
    """An expired or superseded memory justifies nothing: neither at first nor when asked for."""
    planner = ScriptedPlanner(does("recall_memory", query="lamp to the office"), finish())
    async with deployment(tmp_path, parts=Parts(planner=planner)) as d:
        who = await d.person()
        now = d.runs.clock.now_us()
        for n, (text, more) in enumerate(
            (
                ("lamp to the old office", {"topic": "delivery_address_change"}),
                ("lamp to the new office", {"topic": "delivery_address_change"}),
                ("lamp for the former office", {"expires_at": now}),
                ("lamp for the sick in the office", {"sensitivity": "sensitive"}),
            )
        ):
            await d.runs.db.write(
                memory_text.remember,
                d.runs.db.vault,
                memory_id=f"mem_{n}",
                customer_id=who,
                kind="reply",
                text=text,
                source_id=None,
                at=now - 10 + n,
                **more,
            )
        decision = await d.decide()
        assert len(planner.seen) == 2
        for situation in planner.seen:
            assert [m["text"] for m in situation.memories] == ["lamp to the new office"]
        [step] = planner.seen[-1].steps
        assert step.tool == "recall_memory" and step.result is not None
        assert [m["text"] for m in step.result["memories"]] == ["lamp to the new office"]
        assert {(m["id"], m["why"]) for m in decision["withheld_memories"]} == {
            ("mem_0", "superseded by a newer one"),
            ("mem_2", "expired"),
            ("mem_3", "sensitive, not used for marketing"),
        }
        assert all("text" not in m for m in decision["withheld_memories"])


async def test_an_event_says_what_a_reply_is_about_and_the_newest_of_it_is_used(
    tmp_path: Path,
) -> None:
    planner = ScriptedPlanner()
    async with deployment(tmp_path, parts=Parts(planner=planner)) as d:
        await d.person()
        for text in ("write to my phone", "write by e-mail"):
            await d.advance(hours=1)
            await d.track("Message Replied", text=text, channel="email", topic="channel_wish")
        await d.decide()
        assert [m["text"] for m in planner.seen[-1].memories] == ["write by e-mail"]
