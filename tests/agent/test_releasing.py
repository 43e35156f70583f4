"""A contact that waits for the morning: decided again on what is known then (P1)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent.assembly import Parts
from agent.messages import Suppress
from store.schema import counters, wakeups
from tests.agent.deployment import (
    CART,
    Deployment,
    ScriptedPlanner,
    deployment,
    finish,
    sends,
)
from tests.tools.pack_texts import commerce

NIGHT = "2026-03-03T22:00:00Z"


@asynccontextmanager
async def night(
    folder: Path, *answers: Any, hours: int = 48, **settings: Any
) -> AsyncIterator[Deployment]:
    """A contact is queued until its moment in the quarter of an hour after 08:00."""
    parts = Parts(planner=ScriptedPlanner(sends(hours=hours), *answers))
    async with deployment(folder, parts=parts, clock=NIGHT, **settings) as d:
        await d.person()
        assert (await d.decide())["status"] == "scheduled"
        yield d


def why(d: Deployment) -> str:
    [contact] = d.contacts()
    assert contact["status"] == "cancelled"
    assert d.letters() == []
    return str(contact["reason"])


async def test_what_is_put_off_for_the_night_goes_out_after_eight_where_they_live(
    tmp_path: Path,
) -> None:
    async with deployment(tmp_path, clock=NIGHT) as d:
        await d.person(zone="America/New_York")
        await d.person("bob", zone="Asia/Tokyo")
        await d.person("cem", zone="Europe/Athens")
        for user in ("ada", "bob", "cem"):
            await d.decide(user)
        assert [row["status"] for row in d.contacts()] == ["sent", "scheduled", "scheduled"]
        await d.advance(days=1)
        bob, cem = d.contacts()[1:]
        assert [bob["status"], cem["status"]] == ["sent", "sent"]
        for contact, eight in (
            (bob, datetime(2026, 3, 3, 23, 0, tzinfo=UTC)),
            (cem, datetime(2026, 3, 4, 6, 0, tzinfo=UTC)),
        ):
            assert eight <= _at(contact) <= eight + timedelta(minutes=15)
            assert contact["settled_at"] == contact["not_before"]
        d.everything_ended()


async def test_a_pack_that_wants_it_lets_everybody_s_go_out_at_the_stroke_of_eight(
    tmp_path: Path,
) -> None:
    async with deployment(tmp_path, clock=NIGHT) as d:
        text = commerce(2, ('to: "08:00",', 'to: "08:00", spread_minutes: 0,'))
        await d.runs.publishing.put("commerce", text, author="ann")
        await d.person()
        await d.decide()
        await d.advance(hours=10)
        [contact] = d.contacts()
        assert _at(contact) == datetime(2026, 3, 4, 8, 0, tzinfo=UTC)


async def test_people_who_are_put_off_together_do_not_go_out_together(tmp_path: Path) -> None:
    async with deployment(tmp_path, clock=NIGHT) as d:
        for n in range(6):
            await d.person(f"p{n}")
            await d.decide(f"p{n}")
        moments = [contact["not_before"] for contact in d.contacts()]
        assert len(set(moments)) > 1
        await d.advance(hours=10)
        assert sum(contact["status"] == "sent" for contact in d.contacts()) < 6
        await d.advance(minutes=15)
        assert [contact["settled_at"] for contact in d.contacts()] == moments


async def test_a_new_fact_in_the_night_does_not_move_the_moment(tmp_path: Path) -> None:
    async with night(tmp_path) as d:
        [before] = d.contacts()
        await d.advance(hours=1)
        await d.track("Product Viewed", sku="SKU-1")
        await d.runs.idle()
        [after] = d.contacts()
        assert (after["status"], after["not_before"]) == ("scheduled", before["not_before"])


async def test_a_decision_that_was_released_ends_completed_with_both_verdicts(
    tmp_path: Path,
) -> None:
    async with night(tmp_path) as d:
        await d.advance(hours=10, minutes=15)
        decision = await d.latest()
        assert decision["status"] == "completed"
        assert decision["steps"][-1]["result"] == {"released": True}
        assert (await d.runs.decisions.replay(decision["id"]))["same"]


async def test_a_purchase_in_the_night_cancels_it(tmp_path: Path) -> None:
    async with night(tmp_path) as d:
        await d.track("Order Completed", order_id="o1", total=120, currency="EUR")
        await d.runs.idle()
        assert why(d) == "changed by Order Completed"
        await d.advance(hours=10, minutes=15)
        assert why(d)


async def test_p3_an_opt_out_in_the_night_cancels_it_at_once(tmp_path: Path) -> None:
    async with night(tmp_path) as d:
        await d.track("Consent Revoked", channel="email", purpose="marketing")
        await d.runs.idle()
        assert why(d) == "consent was taken back"
        assert (await d.latest())["status"] == "no_action"
        await d.advance(minutes=15)
        d.everything_ended()


async def test_p3_a_suppression_in_the_night_cancels_it_at_once(tmp_path: Path) -> None:
    async with night(tmp_path) as d:
        await d.runs.people.suppress("ada", Suppress(scope="all", reason="asked"), by="ann")
        await d.runs.idle()
        assert why(d) == "stopped by ann"
        assert (await d.latest())["outcome"]["kind"] == "cancelled"


async def test_a_suppression_that_no_lane_has_heard_of_is_written_down_after_a_restart(
    tmp_path: Path,
) -> None:
    async with night(tmp_path) as d:
        await d.runs.dispatcher.stop()
        await d.runs.people.suppress("ada", Suppress(scope="all", reason="asked"), by="ann")
    async with deployment(tmp_path, stocked=False) as d:
        await d.runs.idle()
        assert (await d.latest())["status"] == "no_action"


async def test_a_complaint_regates_what_is_queued_without_a_model(tmp_path: Path) -> None:
    """`Complaint Received` is in the agent's replan_on, so a reply that complains is not enough."""
    async with night(tmp_path) as d:
        await d.track("Complaint Received", text="the lamp is broken")
        await d.runs.idle()
        [contact] = d.contacts()
        assert contact["status"] == "cancelled"


async def test_a_changed_address_is_noticed_at_once_and_the_cart_looked_at_again(
    tmp_path: Path,
) -> None:
    async with night(tmp_path, sends()) as d:
        await d.advance(minutes=1)
        await d.say({"type": "identify", "userId": "ada", "traits": {"email": "new@example.com"}})
        await d.runs.idle()
        old, new = d.contacts()
        assert old["reason"] == "the address has changed since it was written"
        assert new["status"] == "scheduled"
        await d.advance(hours=10, minutes=15)
        assert [letter.to for letter in d.letters()] == ["new@example.com"]


async def test_goods_that_are_gone_in_the_morning_are_not_written_about(tmp_path: Path) -> None:
    async with night(tmp_path) as d:
        await d.product(stock=0)
        await d.advance(hours=10, minutes=15)
        assert "cannot deliver" in why(d)


async def test_a_letter_that_would_say_something_else_now_is_not_sent(tmp_path: Path) -> None:
    async with night(tmp_path, finish()) as d:
        await d.product(price_minor=9_000)
        await d.advance(hours=10, minutes=15)
        assert why(d) == "what it says has changed since it was written"
        assert (await d.latest())["outcome"]["kind"] == "declined"


async def test_what_is_of_no_use_by_the_morning_expires(tmp_path: Path) -> None:
    async with deployment(
        tmp_path, parts=Parts(planner=ScriptedPlanner(sends(hours=11))), clock=NIGHT
    ) as d:
        await d.person()
        await d.decide()
        await d.runs.dispatcher.stop()
    # Nobody looked until the next evening.
    async with deployment(tmp_path, stocked=False) as d:
        await d.advance(hours=20)
        assert [row["status"] for row in d.contacts()] in (["expired"], ["sent"])


async def test_a_message_that_ends_before_the_morning_is_never_queued(tmp_path: Path) -> None:
    parts = Parts(planner=ScriptedPlanner(sends(hours=3), finish()))
    async with deployment(tmp_path, parts=parts, clock=NIGHT) as d:
        await d.person()
        decision = await d.decide()
        await d.advance(hours=12)
        assert [row["status"] for row in d.contacts()] in ([], ["expired"])
        assert (await d.decision(decision["id"]))["status"] == "no_action"


async def test_an_open_zone_puts_it_off_again(tmp_path: Path) -> None:
    """They moved west in the night: eight in the morning comes later."""
    async with night(tmp_path) as d:
        before = d.contacts()[0]["not_before"]
        move = {"timezone": "America/New_York"}
        await d.say({"type": "identify", "userId": "ada", "traits": move})
        await d.runs.idle()
        [contact] = d.contacts()
        if contact["status"] == "scheduled":
            assert contact["not_before"] >= before
        await d.advance(days=1)
        assert len(d.letters()) <= 1
        d.everything_ended()


async def test_p2_what_a_cancelled_contact_held_is_free_again(tmp_path: Path) -> None:
    async with night(tmp_path, sends()) as d:
        held = sum(row["reserved"] for row in d.rows(counters))
        assert held > 0
        await d.track("Order Completed", order_id="o1", total=120, currency="EUR")
        await d.runs.idle()
        assert sum(row["reserved"] for row in d.rows(counters)) == 0
        again = await d.decide(cart=CART | {"id": "cart_2"})
        assert again["status"] in ("no_action", "scheduled")


async def test_the_release_of_what_is_gone_changes_nothing(tmp_path: Path) -> None:
    async with night(tmp_path) as d:
        await d.track("Consent Revoked", channel="email", purpose="marketing")
        await d.advance(hours=10, minutes=15)
        assert why(d)
        assert d.rows(wakeups, kind="release")[0]["state"] in ("cancelled", "done")


def _at(contact: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(contact["settled_at"] / 1e6, UTC)
