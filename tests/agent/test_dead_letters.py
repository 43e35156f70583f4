"""Dead letters: explained without anything anybody wrote, paged whole, replayed, discarded."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, select, update

from agent import setting_aside
from agent.assembly import Parts
from agent.dead_letters import Discard
from agent.errors import BadRequest, Conflict, NotFound
from store import lanes, wakeups
from store.database import Database
from store.schema import customers, events, inbox, journeys
from store.schema import wakeups as wakeup_rows
from tests.agent.deployment import CART, Deployment, ScriptedPlanner, deployment, does, finish

WHO = "cus_a"


async def no_waiting(seconds: float) -> None:
    """Retries wait for nothing."""


def fill(conn: Connection) -> None:
    """Nine dead letters, three a kind, of three instants; and some that are not dead."""
    conn.execute(customers.insert().values(id=WHO, created_at=0, updated_at=0, legal_hold=0))
    for n in range(4):
        state = "dead" if n < 3 else "waiting"
        common = {"kind": "track", "urgent": 0, "received_at": 10 + n}
        conn.execute(
            inbox.insert().values(
                seq=n + 1,
                event_id=f"evt_m{n}",
                source="cdp",
                message_hash=f"h{n}",
                historical=0,
                payload_sealed=None if n == 1 else b"sealed",
                status="dead" if n < 3 else "accepted",
                attempts=3,
                reason="ValueError",
                **common,
            )
        )
        conn.execute(
            events.insert().values(
                id=f"evt_e{n}",
                customer_id=WHO,
                seq=10 + n,
                occurred_at=0,
                body_sealed=b"sealed",
                state=state,
                reason="set aside: Erased",
                **common,
            )
        )
        wakeups.schedule(conn, kind="release", ref=f"eff_{n}", due_at=10 + n, customer_id=WHO)
    ours = [row.id for row in conn.execute(select(wakeup_rows.c.id).order_by(wakeup_rows.c.id))]
    wakeups.release(conn, 100)
    epoch = lanes.take(conn, WHO)
    for number in ours[:3]:
        setting_aside.set_aside(
            conn,
            customer_id=WHO,
            epoch=epoch,
            event_ids=[],
            wakeup_id=number,
            reason="NobodyForesaw",
        )


def test_pages_of_any_size_hold_every_dead_letter_once_newest_first(
    any_database: Database,
) -> None:
    any_database.write_now(fill)
    whole = any_database.read_now(setting_aside.listing, after=None, limit=50)
    assert len(whole) == any_database.read_now(setting_aside.count) == 9
    assert [one.at for one in whole] == [12] * 3 + [11] * 3 + [10] * 3
    for size in (1, 2, 4):
        seen, after = [], None
        while page := any_database.read_now(setting_aside.listing, after=after, limit=size):
            seen += page
            after = setting_aside.Place(page[-1].at, page[-1].id)
        assert seen == whole


def test_each_kind_is_replayed_and_discarded_in_its_own_way_and_only_once(
    any_database: Database,
) -> None:
    db = any_database
    db.write_now(fill)
    by_kind = {
        kind: [one.id for one in db.read_now(setting_aside.listing, after=None, limit=50)
               if one.kind == kind and one.whole]
        for kind in ("message", "event", "wake_up")
    }  # fmt: skip
    for first, second, *_ in by_kind.values():
        assert db.write_now(setting_aside.try_again, first) is not None
        assert db.write_now(setting_aside.try_again, first) is None
        assert db.write_now(setting_aside.discard, second, reason="discarded by ann: a test")
        assert not db.write_now(setting_aside.discard, second, reason="again")
        assert db.write_now(setting_aside.try_again, second) is None
        assert db.read_now(setting_aside.get, second) is None
    with_reason = [
        (row.state, row.reason)
        for row in db.read_now(lambda c: c.execute(select(wakeup_rows)).all())
    ]
    assert ("cancelled", "discarded by ann: a test") in with_reason
    assert ("due", None) in with_reason
    emptied = db.read_now(
        lambda c: c.execute(select(inbox).where(inbox.c.event_id == by_kind["message"][1])).one()
    )
    assert (emptied.status, emptied.payload_sealed) == ("resolved", None)
    assert db.read_now(setting_aside.count) == 9 - 6


def test_what_is_no_dead_letter_is_not_found(any_database: Database) -> None:
    any_database.write_now(fill)
    for wrong in ("evt_", "wak_", "wak_x", "wak_999999999999", "wak_-1", "cus_a", "evt_e3"):
        assert any_database.read_now(setting_aside.get, wrong) is None
        assert any_database.write_now(setting_aside.try_again, wrong) is None
        assert not any_database.write_now(setting_aside.discard, wrong, reason="none")


async def test_p7_a_poison_wake_up_is_dead_with_why_and_goes_on_once_it_is_mended(
    tmp_path: Path,
) -> None:
    planner = ScriptedPlanner(
        does("check_back", after_minutes=60, because="later"), finish(), finish()
    )
    parts = Parts(planner=planner, sleep=no_waiting)
    async with deployment(tmp_path, parts=parts) as d:
        await d.person()
        await d.decide(cart=CART)
        [journey] = [row["journey_id"] for row in d.rows(wakeup_rows, kind="check_back")]
        whole = _context(d, journey, b"not sealed by us")
        await d.advance(hours=1)
        [letter] = (await d.runs.dead_letters.listing(after=None, limit=5)).items
        assert (letter["kind"], letter["type"]) == ("wake_up", "check_back")
        assert letter["customer_id"] == await d.runs.people.find("ada")
        assert "second look" in letter["what"] and letter["error"] in letter["went_wrong"]
        assert "usher_events_dead_total" in (await d.runs.metrics()).decode()
        _context(d, journey, whole)
        await d.runs.dead_letters.replay(letter["id"], by="ann")
        await d.runs.idle()
        assert await d.runs.dead_letters.count() == 0
        assert d.rows(wakeup_rows, kind="check_back")[0]["state"] == "done"
        assert len(planner.seen) >= 2


async def test_what_is_no_longer_kept_cannot_be_replayed_and_says_so(tmp_path: Path) -> None:
    async with deployment(tmp_path, stocked=False) as d:
        d.runs.db.write_now(fill)
        letters = d.runs.dead_letters
        page = await letters.listing(after=None, limit=4)
        assert page.next_cursor is not None
        rest = await letters.listing(after=page.next_cursor, limit=50)
        told = {item["id"]: item for item in [*page.items, *rest.items]}
        assert len(told) == 9 and rest.next_cursor is None
        assert not told["evt_m1"]["can_replay"] and told["evt_m1"]["customer_id"] is None
        assert told["evt_e0"]["what_to_do"] == "discard it"
        with pytest.raises(Conflict, match="no longer kept"):
            await letters.replay("evt_m1", by="ann")
        with pytest.raises(BadRequest):
            await letters.listing(after="evt_m1", limit=5)
        await letters.discard("evt_m1", Discard(reason="sent again"), by="ann")
        with pytest.raises(NotFound):
            await letters.discard("evt_m1", Discard(reason="sent again"), by="ann")


def _context(d: Deployment, journey_id: str, sealed: bytes) -> bytes:
    """Put something else in the place of a journey's context; what stood there."""

    def put(conn: Connection) -> bytes:
        mine = journeys.c.id == journey_id
        before = conn.execute(select(journeys.c.context_sealed).where(mine)).scalar_one()
        conn.execute(update(journeys).where(mine).values(context_sealed=sealed))
        return bytes(before)

    return d.runs.db.write_now(put)
