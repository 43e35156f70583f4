"""Forgetting somebody while the loop works for them, and every byte of them afterwards (P10)."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import select

from agent.assembly import Parts
from store.schema import (
    customers,
    decisions,
    effects,
    events,
    inbox,
    journeys,
    lanes,
    memories,
    wakeups,
)
from tests.agent.deployment import (
    CART,
    Deployment,
    ScriptedPlanner,
    agent_file,
    deployment,
    does,
    sends,
    write,
)
from tools.channels.channel import Letter
from tools.channels.scripted import Scripted

MARKERS = {
    "name": "Zarquondra",
    "email": "zarquondra.q7@customer.example",
    "phone": "+493012398765",
    "street": "Vogelbeerenpfad 77",
    "item": "Kerzenständer Obsidian X9",
    "memory": "Mein Papagei Xaverius hasst Lavendel",
    "message": "Wirklich grauenhafter Versandkarton Quietsch",
    "unknown": "Geheimnis der Nordwand 4711",
}


def _shapes(text: str) -> list[bytes]:
    """How a text may lie in a file: plain, as JSON writes it, UTF-16, base64 at any offset."""
    plain = text.encode()
    shapes = [plain, text.encode("utf-16-le"), text.encode("utf-16-be")]
    shapes.append(text.encode("unicode_escape"))
    for pad in range(3):
        coded = base64.b64encode(b"x" * pad + plain)
        shapes.append(coded[4:-4])
    return shapes


def _found(folder: Path) -> list[str]:
    """Where any marker can be read, in any file under a folder."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        content = path.read_bytes()
        for what, text in MARKERS.items():
            if any(shape in content for shape in _shapes(text)):
                found.append(f"{path.relative_to(folder)}: {what}")
    return found


async def _live_a_little(d: Deployment) -> str:
    """Everything of a person that can be anywhere: traits, memory, cart, letter, question."""
    await d.product("SKU-9", name=MARKERS["item"])
    await d.say(
        {
            "type": "identify",
            "userId": MARKERS["email"],
            "traits": {
                "email": MARKERS["email"],
                "phone": MARKERS["phone"],
                "firstName": MARKERS["name"],
                "address": {"street": MARKERS["street"]},
                "timezone": "Etc/UTC",
            },
        }
    )
    user = MARKERS["email"]
    agreed = {"channel": "email", "purpose": "marketing", "source": MARKERS["street"]}
    await d.track("Consent Granted", user=user, **agreed)
    await d.track("Message Replied", user=user, text=MARKERS["memory"], channel="email")
    await d.runs.idle()
    item = {"sku": "SKU-9", "quantity": 1, "price_minor": 12_000, "name": MARKERS["message"]}
    await d.decide(user, cart=CART | {"items": [item]})
    await d.track("Nordwand Bestiegen", user=user, note=MARKERS["unknown"])
    await d.advance(hours=1)
    return await d.runs.people.find(user)


async def test_p10_nothing_of_a_person_is_readable_before_or_after_they_are_erased(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "data"
    async with deployment(folder) as d:
        customer_id = await _live_a_little(d)
        assert MARKERS["email"] in {letter.to for letter in d.letters()}
        # The article is the shop's, so its name may be read in the catalogue; nothing else may.
        assert {line.partition(": ")[2] for line in _found(folder)} <= {"item"}
        await d.runs.people.erase(customer_id, by="ann")
        await d.runs._forgetting.idle()
        await d.product("SKU-9", name="Something else")
        await d.runs.db.compact()
        assert _found(folder) == []
        assert d.outbox.ids() == []
    assert _found(folder) == []


async def test_p10_logs_hold_nothing_of_a_person(tmp_path: Path) -> None:
    async def fail(letter: Letter) -> None:
        raise RuntimeError(letter.to)

    parts = Parts(channels={"email": Scripted(before_asking=fail)}, sleep=_at_once)
    with structlog.testing.capture_logs() as logged:
        async with deployment(tmp_path, parts=parts) as d:
            customer_id = await _live_a_little(d)
            await d.runs.people.erase(customer_id, by="ann")
            await d.runs.idle()
    assert any(entry["event"] == "channel_failed" for entry in logged)
    assert not [text for text in MARKERS.values() if text in str(logged)]


async def _at_once(seconds: float) -> None:
    """Retries wait for nothing."""


def _of(d: Deployment, customer_id: str) -> dict[str, int]:
    tables = (decisions, effects, events, journeys, memories, wakeups)
    return {table.name: len(d.rows(table, customer_id=customer_id)) for table in tables}


async def _ends_cleanly(d: Deployment, customer_id: str) -> None:
    """Erase, let everything run on, and look: nothing sent, nothing open, nothing fresh."""
    before = len(d.letters())
    await d.runs.people.erase(customer_id, by="ann")
    left = _of(d, customer_id)
    await d.track("Cart Abandoned", cart=CART)
    await d.runs.idle()
    await d.advance(days=8)
    assert _of(d, customer_id) == left
    assert left["events"] == left["journeys"] == left["memories"] == left["wakeups"] == 0
    assert len(d.letters()) <= before
    assert not {"running", "scheduled", "awaiting_approval"} & set(d.statuses())
    assert not d.rows(effects, status="claimed") and not d.rows(effects, status="scheduled")
    assert d.runs.ready and d.runs.dispatcher.is_idle
    # Others are served as before.
    await d.person("bob")
    assert (await d.decide("bob", cart=CART | {"id": "other"}))["status"] in (
        "completed",
        "no_action",
        "scheduled",
    )


async def test_p10_erased_while_their_contact_is_a_contender(tmp_path: Path) -> None:
    async with deployment(tmp_path, settle=60) as d:
        customer_id = await d.person()
        await d.trigger(wait=0)
        while d.statuses() != ["running"]:
            await asyncio.sleep(0)
        d.runs.env.settle_seconds = 0
        await _ends_cleanly(d, customer_id)


async def test_p10_erased_while_their_contact_waits_for_the_morning(tmp_path: Path) -> None:
    async with deployment(tmp_path, clock="2026-03-03T22:00:00Z") as d:
        customer_id = await d.person()
        await d.decide()
        await _ends_cleanly(d, customer_id)


async def test_p10_erased_while_their_question_waits_for_an_answer(tmp_path: Path) -> None:
    prompts = write(
        tmp_path / "prompts", winback=agent_file("winback", "win_back", autonomy="assisted")
    )
    parts = Parts(planner=ScriptedPlanner(sends()))
    async with deployment(tmp_path / "data", parts=parts, prompts=prompts) as d:
        customer_id = await d.person()
        await d.decide(goal="win_back")
        await _ends_cleanly(d, customer_id)


async def test_p10_erased_while_a_planner_thinks_about_them(tmp_path: Path) -> None:
    thinking, go_on = asyncio.Event(), asyncio.Event()

    class Slow(ScriptedPlanner):
        async def propose(self, situation: Any) -> Any:
            if not thinking.is_set():
                thinking.set()
                await go_on.wait()
            return sends()(situation)

    async with deployment(tmp_path, parts=Parts(planner=Slow())) as d:
        customer_id = await d.person()
        await d.trigger(wait=0)
        await thinking.wait()
        await d.runs.people.erase(customer_id, by="ann")
        go_on.set()
        await d.runs.idle()
        assert d.letters() == [] and d.contacts() == []
        assert d.statuses() == ["withheld"]
        assert d.runs.ready


async def test_p10_erased_in_the_instant_of_hand_over(tmp_path: Path) -> None:
    """The channel asks whether the claim still stands after the erasure: nothing goes out."""
    made: list[tuple[Deployment, str]] = []

    async def erase(letter: Letter) -> None:
        await made[0][0].runs.people.erase(made[0][1], by="ann")

    channel = Scripted(before_asking=erase)
    planner = ScriptedPlanner(sends(), does("get_profile"))
    async with deployment(
        tmp_path, parts=Parts(planner=planner, channels={"email": channel}, sleep=_at_once)
    ) as d:
        made.append((d, await d.person()))
        await d.trigger(wait=0)
        await d.runs.idle()
        assert channel.arrived == []
        assert [row["status"] for row in d.contacts()] == ["cancelled"]
        assert d.statuses() == ["withheld"]


async def test_p10_what_still_waits_in_the_inbox_ends_withheld(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        customer_id = await d.person()
        await d.runs.resolver.stop()
        late = await d.track("Cart Abandoned", cart=CART)
        await d.runs.people._forgetting.erase(customer_id, by="ann")
    async with deployment(tmp_path, stocked=False) as d:
        await d.runs.idle()
        [row] = d.rows(inbox, event_id=late)
        assert (row["status"], row["payload_sealed"]) == ("resolved", None)
        assert row["reason"].startswith("withheld")
        assert d.rows(events, id=late) == []
        assert d.letters() == []


async def test_p10_an_erasure_that_a_stop_cut_short_is_finished_at_the_next_start(
    tmp_path: Path,
) -> None:
    async with deployment(tmp_path) as d:
        customer_id = await d.person()
        await d.decide()
        forgetting = d.runs._forgetting
        erasing = asyncio.create_task(forgetting.erase(customer_id, by="ann"))
        while not d.runs.db.read_now(_cut_off, customer_id):
            await asyncio.sleep(0)
        erasing.cancel()
        await asyncio.gather(erasing, return_exceptions=True)
        await d.runs.dispatcher.stop()
    async with deployment(tmp_path, stocked=False) as d:
        await d.runs.idle()
        assert _of(d, customer_id)["events"] == 0
        assert d.outbox.ids() == []
        assert len(d.rows(lanes)) == 1


def _cut_off(conn: Any, customer_id: str) -> bool:
    row = conn.execute(select(customers.c.erased_at).where(customers.c.id == customer_id)).one()
    return row.erased_at is not None


async def test_p10_the_receipt_counts_letters_vectors_and_what_arrived(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        customer_id = await _live_a_little(d)
        sent = len(d.letters())
        receipt = await d.runs.people.erase(customer_id, by="ann")
        held = {each["store"]: each["items"] for each in receipt["stores"]}
        assert held["outbox files"] == receipt["outbox_files_deleted"] == sent > 0
        assert held["memory vectors"] == receipt["memory_vectors"] > 0
        assert held["inbox"] == receipt["rows_deleted"]["events"] > 0
        assert not [text for text in MARKERS.values() if text in str(receipt)]
        assert (await d.runs.people.receipt(customer_id) or {})["stores"] == receipt["stores"]
