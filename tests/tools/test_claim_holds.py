"""What a claim holds: money of each budget, stock of each article, never too much (P2)."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from store import counters, wakeups
from store.ledger import EffectStatus
from tests.tools.world import LAMP, MONTH, World, denied_for
from tools import budgets
from tools.instants import DAY_US, HOUR_US

# -- budgets (P2) ----------------------------------------------------------------------------------

SECOND_BUDGET = (
    "budgets:\n",
    "budgets:\n"
    "  - {id: points, limit_minor: 2500, window: {calendar: month}, "
    "charges: action.discount_bp, because: So many points a month}\n",
)


def test_p2_each_budget_is_charged_by_its_own_fact(any_world: World) -> None:
    any_world.put_pack(("version: 1", "version: 2"), SECOND_BUDGET)
    any_world.put_product(price_minor=7_000, cost_minor=500)
    any_world.offer(any_world.person(), 1_000)
    assert any_world.counter(MONTH) == (500_000, 700, 0)
    assert any_world.counter("budget:points:2026-01") == (2_500, 1_000, 0)


def test_p2_when_one_budget_is_used_up_no_other_is_charged(world: World) -> None:
    world.put_pack(("version: 1", "version: 2"), SECOND_BUDGET)
    people = [world.person(name) for name in ("ada", "bob", "eve")]
    args = {"discount_bp": 1_000, "valid_hours": 72}
    ready = [world.ready(person, "create_offer", args) for person in people]
    world.claim(ready[0])
    world.claim(ready[1])
    assert denied_for(world, ready[2]) == {"points"}
    assert world.counter(MONTH) == (500_000, 2_000, 0)


def test_p2_a_lower_limit_counts_at_once(world: World) -> None:
    world.offer(world.person())
    ready = world.ready(
        world.person("bob"), "create_offer", {"discount_bp": 1_000, "valid_hours": 72}
    )
    world.put_pack(("version: 1", "version: 2"), ("limit_minor: 500000", "limit_minor: 1999"))
    assert denied_for(world, ready) == {"discounts"}


def test_a_budget_begins_anew_with_the_month_of_utc(world: World) -> None:
    world.now_us += 26 * DAY_US + 14 * HOUR_US - 1  # 2026-01-31T23:59:59.999999Z
    world.put_product()
    world.offer(world.person())
    world.now_us += 1
    world.offer(world.person("bob"))
    assert world.counter(MONTH)[1] == 1_000
    assert world.counter("budget:discounts:2026-02")[1] == 1_000


# -- stock (P2) ------------------------------------------------------------------------------------


def test_p2_the_last_one_is_promised_once(any_world: World) -> None:
    any_world.put_product(stock=1)
    ready = [any_world.ready(any_world.person(name)) for name in ("ada", "bob")]
    first = any_world.claim(ready[0])
    assert denied_for(any_world, ready[1]) == {"out_of_stock"}
    any_world.move(first.effect_id, EffectStatus.FAILED)
    any_world.claim(ready[1])


def test_p2_lines_of_one_article_are_held_together(world: World) -> None:
    person = world.person()
    person.cart["items"] = [{"sku": "lamp", "quantity": 2}, {"sku": "lamp", "quantity": 3}]
    world.claim(world.ready(person))
    assert world.counter(LAMP) == (100, 5, 0)


def test_stock_follows_what_the_shop_says(any_world: World) -> None:
    any_world.put_product(stock=1)
    any_world.claim(any_world.ready(any_world.person()))
    assert denied_for(any_world, any_world.ready(any_world.person("bob"))) == {"out_of_stock"}
    any_world.put_product(stock=3)
    any_world.claim(any_world.ready(any_world.person("bob")))
    assert any_world.counter(LAMP) == (3, 2, 0)
    any_world.put_product(stock=2)
    assert any_world.picture(any_world.person("eve")).lines[0].free_stock == 0


@pytest.mark.parametrize("status", ["sent", "unknown"])
def test_a_message_that_was_sent_holds_its_stock_until_it_is_of_no_use(
    world: World, status: str
) -> None:
    claimed = world.claim(world.ready(world.person()))
    world.move(claimed.effect_id, EffectStatus(status))
    assert world.counter(LAMP) == (100, 1, 0)
    until = world.now_us + 2 * DAY_US
    assert world.db.write_now(wakeups.release, until - 1) == []
    (due,) = world.db.write_now(wakeups.release, until)
    assert (due.kind, due.ref) == ("effect_expiry", claimed.effect_id)
    world.db.write_now(counters.release, claimed.effect_id)
    assert world.counter(LAMP) == (100, 0, 0)


def test_no_message_holds_anything_for_longer_than_thirty_days(world: World) -> None:
    claimed = world.claim(world.ready(world.person(), args=world.letter(hours=24 * 300)))
    assert world.effect(claimed.effect_id).expires_at == world.now_us + 30 * DAY_US


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_p2_what_reached_nobody_gives_everything_back(world: World, status: str) -> None:
    person = world.person()
    claimed = world.claim(world.ready(person))
    world.move(claimed.effect_id, EffectStatus(status))
    assert world.counter(LAMP) == (100, 0, 0)
    assert world.picture(person).contacts == ()
    world.new_decision(person)
    world.claim(world.ready(person))


def test_p2_the_counter_is_the_last_word_on_a_budget(any_world: World) -> None:
    ready = any_world.ready(
        any_world.person("bob"), "create_offer", {"discount_bp": 1_000, "valid_hours": 72}
    )
    any_world.claim(ready)

    def hold(conn: Connection, amount: int) -> str | None:
        facts = {"action.cost_minor": amount}
        return budgets.hold(
            conn, ready.setting.pack, facts, effect_id="eff_x", now_us=any_world.now_us
        )

    assert any_world.db.write_now(hold, 499_001) == MONTH
    assert any_world.counter(MONTH) == (500_000, 1_000, 0)
    assert any_world.db.write_now(hold, 499_000) is None
    assert any_world.counter(MONTH) == (500_000, 500_000, 0)
