"""Between plan and hand-over the world moves: cancelled, changed or confirmed, with the reason.

A purchase, an opt-out, a complaint, another price or stock, an event that no file names.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from agent.assembly import Parts
from store import clock
from store import wakeups as due_times
from store.schema import tickets, wakeups
from tests.agent.deployment import (
    CART,
    HOUR_US,
    Deployment,
    ScriptedPlanner,
    deployment,
    does,
    finish,
    sends,
)
from tests.databases import Place

NIGHT = "2026-03-03T22:00:00Z"
PURCHASE = {"order_id": "o1", "total": 120, "currency": "EUR"}


@asynccontextmanager
async def night(
    folder: Path, *answers: Any, people: int = 1, **place: Any
) -> AsyncIterator[Deployment]:
    """Contacts are queued until the quarter of an hour after 08:00: `ada`, then `p1`, `p2` …."""
    names = ["ada", *(f"p{n}" for n in range(1, people))]
    planner = ScriptedPlanner(*(sends() for _ in names), *answers)
    async with deployment(folder, parts=Parts(planner=planner), clock=NIGHT, **place) as d:
        for name in names:
            await d.person(name)
            assert (await d.decide(name, cart={**CART, "id": name}))["status"] == "scheduled"
        yield d


async def told(d: Deployment, user: str = "ada") -> tuple[str, str | None, str]:
    """The contact's status and reason on the timeline, and the first sentence of its why."""
    page = await d.runs.people.timeline(user, after=None, limit=50)
    item = [i for i in page.items if i["kind"] == "effect" and i["effect"] == "contact"][-1]
    explained = await d.runs.decisions.explain(item["decision_id"])
    statuses = [
        entry.body["status"]
        for entry in d.entries(item["decision_id"])
        if entry.kind == "effect" and entry.body is not None
    ]
    assert statuses[-1] == item["status"], "journal and timeline tell the same"
    return item["status"], item["reason"], explained["summary"]


async def test_a_purchase_an_opt_out_and_a_complaint_cancel_it_at_once(tmp_path: Path) -> None:
    async with night(tmp_path, people=3) as d:
        await d.track("Order Completed", **PURCHASE)
        await d.track("Consent Revoked", user="p1", channel="email", purpose="marketing")
        await d.track("Complaint Received", user="p2", text="the lamp is broken")
        await d.runs.idle()
        status, reason, summary = await told(d)
        assert (status, reason) == ("cancelled", "changed by Order Completed")
        assert summary.endswith("did not go out: this person bought in the meantime.")
        status, reason, summary = await told(d, "p1")
        assert (status, reason) == ("cancelled", "consent was taken back")
        status, reason, summary = await told(d, "p2")
        assert status == "cancelled" and "complaint" in str(reason)
        await d.advance(hours=11)
        assert d.letters() == []
        d.everything_ended()


async def test_another_price_cancels_it_at_once_and_it_is_written_anew(tmp_path: Path) -> None:
    async with night(tmp_path, sends()) as d:
        await d.product(price_minor=9_000)
        await d.runs.idle()
        old, new = d.contacts()
        assert (old["status"], old["reason"]) == (
            "cancelled",
            "what it says has changed since it was written",
        )
        assert new["status"] == "scheduled"
        step = (await d.decision(old["decision_id"]))["steps"][-1]
        assert step["reasoning"].startswith("what the shop says of its articles has changed")
        await d.advance(hours=11)
        [letter] = d.letters()
        assert "90.00" in letter.raw.decode()


async def test_stock_that_is_gone_cancels_it_at_once(tmp_path: Path) -> None:
    async with night(tmp_path) as d:
        await d.product(stock=0)
        await d.runs.idle()
        status, reason, _ = await told(d)
        assert status == "cancelled" and "cannot deliver" in str(reason)
        await d.advance(hours=11)
        assert d.letters() == []


async def test_of_two_that_wait_for_the_last_one_only_one_is_cancelled(tmp_path: Path) -> None:
    async with night(tmp_path, people=2) as d:
        await d.product(stock=1)
        await d.runs.idle()
        assert sorted(c["status"] for c in d.contacts()) == ["cancelled", "scheduled"]


async def test_what_stays_true_is_confirmed_and_says_so(tmp_path: Path) -> None:
    """The cost has risen and the margin still does: nothing that the letter says has changed."""
    async with night(tmp_path) as d:
        [before] = d.contacts()
        await d.product(cost_minor=7_000)
        await d.runs.idle()
        [after] = d.contacts()
        assert (after["status"], after["not_before"]) == ("scheduled", before["not_before"])
        decision = await d.decision(after["decision_id"])
        assert decision["steps"][-1]["result"] == {"looked_at_again": True, "confirmed": True}
        explained = await d.runs.decisions.explain(decision["id"])
        assert (
            "What the shop says of its articles has changed; it was looked at again, and stays as "
            "it is." in explained["why"]
        )
        assert (await d.runs.decisions.replay(decision["id"]))["same"]
        await d.advance(hours=11)
        assert len(d.letters()) == 1


async def test_only_whoever_waits_for_the_article_is_looked_at(tmp_path: Path) -> None:
    async with night(tmp_path, people=2) as d:
        await d.product("SKU-2", price_minor=1_000)
        await d.product("SKU-2", price_minor=2_000)
        await d.product(stock=99)  # still more than what is promised
        await d.product()
        assert d.rows(wakeups, kind="regate") == []
        await d.product(cost_minor=6_500)
        await d.runs.idle()
        assert [row["state"] for row in d.rows(wakeups, kind="regate")] == ["cancelled"] * 2


async def test_p7_a_price_that_changes_while_nobody_works_is_heard_after_a_restart(
    any_place: Place,
) -> None:
    place: dict[str, Any] = {"database_url": any_place.url}
    async with night(any_place.folder, **place) as d:
        await d.runs.dispatcher.stop()
        await d.product(price_minor=9_000)
        assert [row["state"] for row in d.rows(wakeups, kind="regate")] == ["due"]
    async with deployment(any_place.folder, stocked=False, **place) as d:
        await d.runs.idle()
        assert d.contacts()[0]["status"] == "cancelled"


MOVED = {"text": "I moved abroad, cancel the delivery"}


async def test_an_event_that_no_file_names_holds_it_and_asks_people(tmp_path: Path) -> None:
    """With the planner that needs no model: what nobody has heard of is for people."""
    async with deployment(tmp_path, clock=NIGHT) as d:
        await d.person()
        assert (await d.decide())["status"] == "scheduled"
        await d.track("Moved Abroad", **MOVED)
        await d.runs.idle()
        status, reason, summary = await told(d)
        assert status == "cancelled"
        assert str(reason).startswith("held back: “Moved Abroad” came in")
        assert "“Moved Abroad” came in, which no file of ours names" in summary
        assert len(d.rows(tickets)) == 1
        await d.advance(hours=11)
        assert d.letters() == []
        d.everything_ended()


async def test_a_planner_may_confirm_it_or_change_it_and_says_why(tmp_path: Path) -> None:
    confirm = finish("nothing_to_do")
    change = sends(hours=30)
    async with night(tmp_path, confirm, change, people=2) as d:
        await d.track("Moved Abroad", **MOVED)
        await d.runs.idle()
        await d.track("Moved Abroad", user="p1", **MOVED)
        await d.runs.idle()
        [ada, old, new] = d.contacts()
        assert (ada["status"], old["status"], new["status"]) == (
            "scheduled",
            "preempted",
            "scheduled",
        )
        latest = await d.runs.people.timeline("ada", after=None, limit=5)
        decided = next(i for i in latest.items if i["kind"] == "decision")
        explained = await d.runs.decisions.explain(decided["id"])
        assert "there is no more to do" in explained["summary"]
        await d.advance(hours=11)
        assert len(d.letters()) == 2


def _morning(conn: Connection, now_us: int) -> None:
    """It is eleven hours later, and what was due by then is due."""
    clock.set_to(conn, now_us)
    due_times.release(conn, now_us)


async def test_what_is_due_waits_for_what_came_at_the_same_moment(tmp_path: Path) -> None:
    """Nobody worked in the night; in the morning the letter is due, and the event waits as well."""
    async with night(tmp_path) as d:
        await d.runs.dispatcher.stop()
        await d.track("Moved Abroad", **MOVED)
        await d.runs.caught_up()
        d.runs.db.write_now(_morning, d.runs.clock.now_us() + 11 * HOUR_US)
    planner = ScriptedPlanner(does("escalate", reason="they have moved"), finish("held"))
    async with deployment(tmp_path, parts=Parts(planner=planner), stocked=False) as d:
        await d.runs.idle()
        assert d.letters() == []
        assert d.contacts()[0]["status"] == "cancelled"
        d.everything_ended()
