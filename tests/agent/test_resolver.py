"""The inbox, worked off in order; what is broken stands aside (P7)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, update

from agent.assembly import Parts
from agent.resolver import resolve_rows
from store.database import Database
from store.schema import customers, inbox
from tests.agent.deployment import CART, deployment


async def no_waiting(seconds: float) -> None:
    """Retries wait for nothing."""


def _break(conn: Connection, event_id: str) -> None:
    conn.execute(
        update(inbox)
        .where(inbox.c.event_id == event_id)
        .values(payload_sealed=b"\x01 no ciphertext")
    )


async def test_p7_a_broken_message_is_set_aside_and_stops_nobody(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        await d.runs.resolver.stop()
        said = [await d.track("Product Viewed", user=user) for user in ("ada", "ada", "bob")]
        d.runs.db.write_now(_break, said[1])
    async with deployment(tmp_path, parts=Parts(sleep=no_waiting), stocked=False) as d:
        await d.runs.idle()
        rows = {row["event_id"]: row for row in d.rows(inbox)}
        assert [rows[event_id]["status"] for event_id in said] == ["resolved", "dead", "resolved"]
        assert rows[said[1]]["attempts"] == 3
        assert rows[said[1]]["reason"] == "ValueError"
        assert [dead["event_id"] for dead in (await d.runs.inbox())["dead_letters"]] == [said[1]]
        assert d.event(said[2])["state"] == "recorded"


async def test_p7_a_dead_message_is_resolved_once_its_cause_is_mended(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        await d.runs.resolver.stop()
        event_id = await d.track("Cart Abandoned", cart=CART)
        whole = d.rows(inbox, event_id=event_id)[0]["payload_sealed"]
        d.runs.db.write_now(_break, event_id)
    async with deployment(tmp_path, parts=Parts(sleep=no_waiting), stocked=False) as d:
        await d.runs.idle()
        mend = update(inbox).where(inbox.c.event_id == event_id).values(payload_sealed=whole)
        d.runs.db.write_now(lambda conn: conn.execute(mend))
        await d.runs.dead_letters.replay(event_id, by="ann")
        await d.runs.idle()
        assert d.event(event_id)["state"] == "decided"
        d.everything_ended()


class Down(Database):
    """A database on which the resolver's writes fail for a while."""

    failures = 0

    async def write(self, unit: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        ours = unit is resolve_rows or unit.__name__ == "_failed"
        if ours and self.failures > 0:
            self.failures -= 1
            raise OSError("no space left on the device")
        return await super().write(unit, *args, **kwargs)


async def test_p7_a_database_that_fails_is_no_messages_fault(tmp_path: Path) -> None:
    async with deployment(tmp_path, parts=Parts(sleep=no_waiting, database=Down)) as d:
        await d.person()
        db = d.runs.db
        assert isinstance(db, Down)
        db.failures = 50
        event_id = await d.track("Cart Abandoned", cart=CART)
        await d.runs.idle()
        assert db.failures == 0
        assert d.runs.ready
        assert d.event(event_id)["state"] == "decided"
        d.everything_ended()


async def test_a_restart_waits_for_what_an_earlier_process_accepted(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        await d.runs.resolver.stop()
        for _ in range(100):
            await d.track("Product Viewed", user="bob")
    async with deployment(tmp_path, stocked=False) as d:
        await d.runs.caught_up()
        assert not d.rows(inbox, status="accepted")
        await d.runs.idle()
        d.everything_ended()


async def test_p7_a_merge_leaves_no_event_behind(tmp_path: Path) -> None:
    """Two lanes are at work when an alias says that they are one person."""
    async with deployment(tmp_path) as d:
        await d.person("ada")
        await d.say({"type": "identify", "anonymousId": "device-1", "traits": {}})
        await d.runs.idle()
        await d.say(
            {
                "type": "track",
                "event": "Cart Abandoned",
                "anonymousId": "device-1",
                "properties": {"cart": CART},
            },
            {
                "type": "track",
                "event": "Cart Abandoned",
                "userId": "ada",
                "properties": {"cart": CART},
            },
            {"type": "alias", "userId": "ada", "previousId": "device-1"},
            {"type": "track", "event": "Sofa Admired", "userId": "ada"},
        )
        await d.runs.idle()
        await d.advance(hours=1)
        d.everything_ended()
        merged = [row for row in d.rows(customers) if row["merged_into"]]
        assert len(merged) == 1
        assert len(d.letters()) <= 1
