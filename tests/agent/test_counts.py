"""Figures of a span of days: they add up, and as many people are behind each as it says."""

from __future__ import annotations

from pathlib import Path

from agent.assembly import Parts
from agent.messages import Suppress
from agent.refusals import refusals
from store import closed_counts
from tests.agent.deployment import Deployment, ScriptedPlanner, deployment, does, sends

NOON_US = 1_772_539_200_000_000
SMS = {"message": "cart_reminder_sms"}
LARGE = {"id": "c9", "value_minor": 60_000, "currency": "EUR",
         "items": [{"sku": "SKU-2", "quantity": 1, "price_minor": 60_000}]}  # fmt: skip


async def some_day(shop: Deployment) -> None:
    """Ada is written to, Rosa has asked us to stop, Grace's offer waits for a signature."""
    await shop.product("SKU-2", price_minor=60_000, cost_minor=20_000)
    for user in ("ada", "rosa", "grace"):
        await shop.person(user)
    await shop.runs.people.suppress("rosa", Suppress(scope="all", reason="asked"), by="ann")
    await shop.decide("ada")
    await shop.decide("rosa")


async def test_the_parts_add_up_to_all_who_were_woken(tmp_path: Path) -> None:
    async with deployment(tmp_path / "d") as shop:
        await some_day(shop)
        counted = await shop.runs.counts.period(1)
        assert counted.ends == {"completed": 1, "withheld": 1}
        assert counted.woken == sum(counted.ends.values()) == 2
        assert [(s.channel, s.class_, s.n) for s in counted.sent] == [("email", "marketing", 1)]
        assert (counted.waiting, counted.oldest_asked_at) == (0, None)


async def test_as_many_people_are_behind_a_figure_as_it_says(tmp_path: Path) -> None:
    async with deployment(tmp_path / "d") as shop:
        await some_day(shop)
        counts = shop.runs.counts
        everybody = await counts.who_ended(1, None, 10)
        assert [item["status"] for item in everybody] == ["withheld", "completed"]
        assert [item["id"] for item in await counts.who_ended(1, "completed", 10)] == [
            everybody[1]["id"]
        ]
        [got] = await counts.who_got(1, channel="email", class_="marketing", limit=10)
        assert (got["name"], got["goal"], got["id"]) == ("Ada", "recover_cart", everybody[1]["id"])
        assert got["summary"]
        assert await counts.who_got(1, channel="sms", class_="marketing", limit=10) == []
        assert len(await counts.who_ended(1, None, 1)) == 1


async def test_a_span_ends_with_today_and_begins_at_midnight_utc(tmp_path: Path) -> None:
    async with deployment(tmp_path / "d") as shop:
        await some_day(shop)
        await shop.advance(hours=12)
        assert (await shop.runs.counts.period(1)).woken == 0
        assert (await shop.runs.counts.period(7)).woken == 2
        assert (await shop.runs.counts.period(1)).since == NOON_US + 12 * 3_600_000_000
        await shop.advance(days=6)
        assert (await shop.runs.counts.period(7)).woken == 0
        assert await shop.runs.counts.who_ended(7, None, 10) == []


async def test_a_rule_that_refuses_is_counted_once_a_decision(tmp_path: Path) -> None:
    planner = ScriptedPlanner(sends("sms", **SMS), sends("sms", **SMS), sends("email"))
    async with deployment(tmp_path / "d", parts=Parts(planner=planner)) as shop:
        await shop.person("ada")
        decision = await shop.decide("ada")
        refused = await shop.runs.counts.refusals(1)
        by_rule = {rule.rule: rule for rule in refused.rules}
        assert by_rule["no_consent"].refused == [decision["id"]]
        assert by_rule["no_consent"].because.startswith("Marketing needs")
        assert refused.whole
        assert "margin_floor" not in by_rule
        assert [i["id"] for i in await shop.runs.counts.told(by_rule["no_consent"].refused)] == [
            decision["id"]
        ]


async def test_a_question_and_a_held_budget_are_seen(tmp_path: Path) -> None:
    planner = ScriptedPlanner(
        does("create_offer", discount_bp=1_000, valid_hours=48),
        sends(message="cart_reminder_offer", offer=True, hours=24),
    )
    async with deployment(tmp_path / "d", parts=Parts(planner=planner)) as shop:
        await shop.product("SKU-2", price_minor=60_000, cost_minor=20_000)
        await shop.person("grace")
        await shop.decide("grace", cart=LARGE)
        counted = await shop.runs.counts.period(1)
        assert (counted.waiting, counted.oldest_asked_at) == (1, NOON_US)
        assert counted.next_lapse_at is not None and counted.next_lapse_at > NOON_US
        [large] = (await shop.runs.counts.refusals(1)).rules
        assert (large.rule, large.refused) == ("offer_autonomy.large", [])
        assert len(large.asked) == 1
        [budget] = counted.budgets
        assert (budget.id, budget.left_minor) == ("discounts", budget.limit_minor)
        await shop.answer("approve")
        await shop.runs.idle()
        [held] = (await shop.runs.counts.period(1)).budgets
        assert held.left_minor == held.limit_minor - 6_000


async def test_p6_what_failed_closed_is_listed_by_day(tmp_path: Path) -> None:
    async with deployment(tmp_path / "d") as shop:
        for at, n in ((NOON_US, 2), (NOON_US - 86_400_000_000, 5)):
            await shop.runs.db.write(
                closed_counts.count, fact="customer.zones", action="contact", n=n, at=at
            )
        today = (await shop.runs.counts.period(1)).closed
        assert [(c.day, c.fact, c.n) for c in today] == [("2026-03-03", "customer.zones", 2)]
        assert sum(c.n for c in (await shop.runs.counts.period(7)).closed) == 7
        assert (await shop.runs.figures.today()).failed_closed == [("customer.zones", 2)]


async def test_refusals_open_a_bounded_number_of_entries_and_say_so(tmp_path: Path) -> None:
    planner = ScriptedPlanner(sends("sms", **SMS), sends("email"))
    async with deployment(tmp_path / "d", parts=Parts(planner=planner)) as shop:
        await shop.person("ada")
        await shop.decide("ada")
        db = shop.runs.db
        part = db.read_now(refusals, db.vault, start=NOON_US, at_most=1)
        assert part.rules == []
        assert (part.whole, part.since) == (False, NOON_US)
        whole = db.read_now(refusals, db.vault, start=NOON_US)
        assert whole.whole and whole.rules


async def test_p10_who_is_erased_is_behind_a_figure_without_a_name(tmp_path: Path) -> None:
    async with deployment(tmp_path / "d") as shop:
        await some_day(shop)
        await shop.runs.people.erase("ada", by="ann")
        counted = await shop.runs.counts.period(1)
        told = await shop.runs.counts.who_ended(1, None, 10)
        assert len(told) == counted.woken
        assert "Ada" not in repr(told)
        await shop.runs.counts.refusals(1)
