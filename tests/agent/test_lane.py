"""One customer's lane, from an event to a contact or none, in a whole deployment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from agent.assembly import Parts
from agent.messages import Suppress
from agent.planning import Proposal, Situation
from store.database import Database
from store.schema import effects, journeys, offers, tickets
from tests.agent.deployment import (
    CART,
    ScriptedPlanner,
    agent_file,
    deployment,
    does,
    finish,
    sends,
    until,
    write,
)
from tools.channels.scripted import Scripted
from tools.claim import claim


def reads(decision: dict[str, Any]) -> set[str]:
    return {step["call"]["tool"] for step in decision["steps"] if step["kind"] == "read"}


async def test_an_abandoned_cart_gets_one_reminder_and_every_event_an_end(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        decision = await d.decide()
        assert decision["status"] == "completed"
        assert {"get_profile", "get_inventory", "get_margin"} <= reads(decision)
        [letter] = d.letters()
        assert letter.to == "ada@example.com"
        assert [row["status"] for row in d.contacts()] == ["sent"]
        await d.runs.idle()
        d.everything_ended()


async def test_p1_a_denial_comes_back_to_the_planner_with_the_rule_that_fired(
    tmp_path: Path,
) -> None:
    planner = ScriptedPlanner(does("create_offer", discount_bp=5_000, valid_hours=24), finish())
    async with deployment(tmp_path, parts=Parts(planner=planner)) as d:
        await d.person()
        decision = await d.decide()
    denied = planner.seen[1].steps[-1]
    assert denied.outcome == "deny"
    assert "max_discount" in [rule["rule"] for rule in denied.fired]
    assert denied.result is not None and denied.result["denied"]
    assert decision["status"] == "no_action" and decision["effects"] == []


async def test_a_soft_rule_is_overcome_by_a_reason_that_the_journal_keeps(tmp_path: Path) -> None:
    text = {"message": "cart_reminder_sms"}
    planner = ScriptedPlanner(
        sends("sms", **text), sends("sms", **text, overrides={"prefer_email": "they asked for it"})
    )
    async with deployment(tmp_path, parts=Parts(planner=planner)) as d:
        await d.person(channels=("sms",))
        decision = await d.decide()
        first, second = decision["steps"]
        assert first["verdict"]["outcome"] == "needs_reason"
        assert second["verdict"]["outcome"] == "allow"
        assert second["overrides"] == {"prefer_email": "they asked for it"}
        assert [row["status"] for row in d.contacts()] == ["sent"]


async def test_the_same_denied_call_again_ends_the_decision(tmp_path: Path) -> None:
    again = does("create_offer", discount_bp=5_000, valid_hours=24)
    planner = ScriptedPlanner(again, again, again, again)
    async with deployment(tmp_path, parts=Parts(planner=planner)) as d:
        await d.person()
        decision = await d.decide()
    assert decision["outcome"]["kind"] == "stopped"
    assert len(planner.seen) == 2


async def test_a_planner_that_never_ends_is_stopped(tmp_path: Path) -> None:
    planner = ScriptedPlanner(*[does("get_profile") for _ in range(100)])
    async with deployment(tmp_path, parts=Parts(planner=planner)) as d:
        await d.person()
        decision = await d.decide()
    assert (decision["status"], decision["outcome"]["kind"]) == ("no_action", "stopped")
    assert len(planner.seen) == 8


async def test_an_offer_and_its_message_are_journalled_once_each(tmp_path: Path) -> None:
    planner = ScriptedPlanner(
        does("create_offer", discount_bp=1_000, valid_hours=72),
        sends(message="cart_reminder_offer", offer=True),
    )
    async with deployment(tmp_path, parts=Parts(planner=planner)) as d:
        await d.person()
        decision = await d.decide()
        kinds = [entry.kind for entry in d.entries(decision["id"])]
        assert kinds.count("step") == 2
        assert kinds.count("planned") == 2
        assert kinds.count("closed") == 1
        assert [e.body["status"] for e in d.entries(decision["id"]) if e.kind == "effect"] == [
            "sent",
            "claimed",
            "sent",
        ]
        [offer] = d.rows(offers)
        assert offer["status"] == "issued"
        code = d.runs.db.vault.open("offers.code", offer["code_sealed"]).decode()
        assert code in d.letters()[0].raw.decode()


async def test_a_code_that_nobody_was_sent_is_taken_back(tmp_path: Path) -> None:
    planner = ScriptedPlanner(does("create_offer", discount_bp=1_000, valid_hours=72), finish())
    async with deployment(tmp_path, parts=Parts(planner=planner)) as d:
        await d.person()
        assert (await d.decide())["status"] == "no_action"
        assert [row["status"] for row in d.rows(offers)] == ["void"]


async def test_an_event_named_in_no_file_holds_the_contact_and_asks_people(tmp_path: Path) -> None:
    async with deployment(tmp_path, settle=60) as d:
        await d.person()
        asked = asyncio.create_task(d.decide())
        await until(lambda: d.statuses() == ["running"])
        await d.track("Warehouse Flooded", place="Hamburg")
        decision = await asked
        await d.runs.idle()
        assert decision["outcome"]["kind"] == "held"
        assert d.contacts() == []
        assert len(d.rows(tickets)) == 1
        d.everything_ended()


async def test_a_purchase_while_a_contact_waits_ends_it(tmp_path: Path) -> None:
    async with deployment(tmp_path, settle=60) as d:
        await d.person()
        asked = asyncio.create_task(d.decide())
        await until(lambda: d.statuses() == ["running"])
        await d.track("Order Completed", order_id="o1", total=120, currency="EUR")
        decision = await asked
        assert (decision["status"], decision["outcome"]["kind"]) == ("no_action", "changed")
        assert d.contacts() == []
        assert d.rows(journeys)[0]["status"] == "reached"
        await d.runs.idle()
        d.everything_ended()


async def test_a_newer_event_joins_the_decision_that_waits_and_is_heard(tmp_path: Path) -> None:
    bigger = CART | {"value_minor": 24_000, "items": [{"sku": "SKU-1", "quantity": 2}]}
    planner = ScriptedPlanner(sends(), sends(), sends())
    async with deployment(tmp_path, parts=Parts(planner=planner), settle=60) as d:
        await d.person()
        asked = asyncio.create_task(d.decide())
        await until(lambda: len(planner.seen) == 1)
        again = asyncio.create_task(d.decide(cart=bigger))
        await until(lambda: len(planner.seen) == 2)
        assert planner.seen[1].context["cart"]["value_minor"] == 24_000
        assert planner.seen[1].wakes == ["trigger", "trigger"]
        assert (planner.seen[1].steps[-1].result or {}).keys() == {"withdrawn"}
        d.runs.env.settle_seconds = 0
        await d.track("Cart Viewed")
        first, second = await asyncio.gather(asked, again)
        assert first["id"] == second["id"]
        assert len(first["event_ids"]) == 3
        await d.runs.idle()
        assert len(d.contacts()) == 1
        d.everything_ended()


class Interrupted(Database):
    """A database that lets something happen right before the next claim."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def write(self, unit: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if unit is claim and self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            await happens()
        return await super().write(unit, *args, **kwargs)


async def test_nothing_is_claimed_before_the_lane_has_seen_what_arrived_last(
    tmp_path: Path,
) -> None:
    """The settling time is over, the claim is on its way, and then something nobody expected."""
    async with deployment(tmp_path, parts=Parts(database=Interrupted)) as d:
        await d.person()
        db = d.runs.db
        assert isinstance(db, Interrupted)

        async def flood() -> None:
            await d.track("Warehouse Flooded")
            await d.runs.caught_up()

        db.meanwhile = flood
        decision = await d.decide()
        await d.runs.idle()
        assert d.contacts() == []
        assert decision["outcome"]["kind"] == "held"
        assert len(decision["event_ids"]) == 2
        d.everything_ended()


async def test_what_the_journal_cannot_hold_still_ends_failed_and_once(tmp_path: Path) -> None:
    class Unwritable(ScriptedPlanner):
        async def propose(self, situation: Situation) -> Proposal:
            return Proposal("half of a character: \ud83d")

    async with deployment(tmp_path, parts=Parts(planner=Unwritable())) as d:
        await d.person()
        failed = await d.decide()
        assert failed["status"] == "failed"
        assert [entry.kind for entry in d.entries(failed["id"])] == ["opened", "closed"]
        await d.runs.idle()
        d.everything_ended()


async def test_p3_an_opt_out_while_a_contact_waits_stops_it(tmp_path: Path) -> None:
    async with deployment(tmp_path, settle=60) as d:
        await d.person()
        asked = asyncio.create_task(d.decide())
        await until(lambda: d.statuses() == ["running"])
        d.runs.env.settle_seconds = 0
        stop = Suppress(scope="purpose", reason="asked by phone")
        await d.runs.people.suppress("ada", stop, by="ann")
        decision = await asked
        assert decision["status"] == "withheld"
        assert d.contacts() == []


async def test_p5_nothing_of_somebody_suppressed_reaches_a_planner(tmp_path: Path) -> None:
    planner = ScriptedPlanner(sends())
    async with deployment(tmp_path, parts=Parts(planner=planner)) as d:
        await d.person()
        stop = Suppress(scope="purpose", reason="asked by phone")
        await d.runs.people.suppress("ada", stop, by="ann")
        decision = await d.decide()
        assert decision["status"] == "withheld"
        assert planner.seen == []
        await d.runs.idle()
        assert d.states()[-1] == "withheld"


async def test_a_shadow_decides_to_the_end_and_claims_nothing(tmp_path: Path) -> None:
    prompts = write(
        tmp_path / "prompts",
        shadowed=agent_file("shadowed", "win_back", extra="mode: shadow\n"),
    )
    planner = ScriptedPlanner(does("create_offer", discount_bp=500, valid_hours=72), sends())
    async with deployment(tmp_path / "data", parts=Parts(planner=planner), prompts=prompts) as d:
        await d.person()
        decision = await d.decide(goal="win_back")
        assert (decision["status"], decision["outcome"]["kind"]) == ("no_action", "shadow")
        assert [step["result"]["shadow"] for step in decision["steps"]] == [True, True]
        assert d.rows(effects) == [] and d.rows(offers) == []


@pytest.mark.parametrize(("arm", "kind"), [("rules", "rules"), ("nothing", "none")])
async def test_p13_a_control_arm_never_meets_the_agent(tmp_path: Path, arm: str, kind: str) -> None:
    prompts = write(
        tmp_path / "prompts",
        winback=agent_file("winback", "win_back", extra=f"arms: {{{arm}: 10000}}\n"),
    )
    planner = ScriptedPlanner(sends())
    async with deployment(tmp_path / "data", parts=Parts(planner=planner), prompts=prompts) as d:
        await d.person()
        decision = await d.decide(goal="win_back")
        assert decision["arm"] == arm
        assert decision["planner"]["kind"] == kind
        await d.track("Never Heard Of", cart=CART)
        await d.advance(days=8)
        assert planner.seen == []
        assert d.contacts() == []
        d.everything_ended()


async def test_a_service_message_goes_out_at_once_and_is_handed_over(tmp_path: Path) -> None:
    prompts = tmp_path / "prompts"
    write(
        prompts,
        care=agent_file("care", "give_news", purpose="service", messages=("news",)),
    )
    write(prompts / "messages", **{"news.en": SERVICE})
    planner = ScriptedPlanner(sends(message="news"))
    channel = Scripted()
    async with deployment(
        tmp_path / "data",
        parts=Parts(planner=planner, channels={"email": channel}),
        prompts=prompts,
        settle=60,
    ) as d:
        await d.person()
        decision = await d.decide(goal="give_news")
        assert decision["status"] == "completed"
        assert [row["status"] for row in d.contacts()] == ["sent"]
        assert len(channel.arrived) == 1


SERVICE = """---
name: news
locale: en
default: true
class: service
channel: email
purpose: service
approved_by: support
slots: {}
---
# Subject
News about your order
# Text
Your order is on its way.
# HTML
<p>Your order is on its way.</p>
"""


async def test_a_decision_that_raises_fails_once_and_the_lane_goes_on(tmp_path: Path) -> None:
    class Broken(ScriptedPlanner):
        async def propose(self, situation: Situation) -> Proposal:
            self.seen.append(situation)
            if len(self.seen) == 1:
                raise ValueError("a customer's words")
            return sends()(situation)

    async with deployment(tmp_path, parts=Parts(planner=Broken())) as d:
        await d.person()
        failed = await d.decide()
        assert failed["status"] == "failed"
        assert failed["outcome"]["reason"] == "a fault of ours: ValueError"
        assert (await d.decide())["status"] == "completed"
        await d.runs.idle()
        d.everything_ended()
        assert d.statuses() == ["failed", "completed"]


async def test_what_left_running_is_counted_by_status(tmp_path: Path) -> None:
    planner = ScriptedPlanner(sends(), finish())
    async with deployment(tmp_path, parts=Parts(planner=planner)) as d:
        await d.person()
        await d.person("bob")
        await d.decide()
        await d.decide("bob")
        await d.runs.people.suppress("ada", Suppress(scope="all", reason="asked"), by="ann")
        await d.decide()
        told = (await d.runs.metrics()).decode()
        for status in ("completed", "no_action", "withheld"):
            assert f'usher_decisions_total{{status="{status}"}} 1.0' in told
