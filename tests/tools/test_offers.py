"""Offers are real: a code of one use, its money held until it is used, lapses or is taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select, update

from customers.orders import redeem
from policies.verdict import Outcome
from store import counters
from store.schema import offers, wakeups
from tests.tools.pictures import LAMP, NOW, OFFER, a_picture, a_profile, a_setting, decided
from tests.tools.world import MONTH, Person, World, denied_for
from tools.instants import DAY_US
from tools.offers import offer_cost
from tools.registry import TOOLS


def row_of(world: World, offer_id: str) -> Any:
    query = select(offers).where(offers.c.id == offer_id)
    return world.db.read_now(lambda conn: conn.execute(query).one())


def code_of(world: World, offer_id: str) -> str:
    sealed = row_of(world, offer_id).code_sealed
    return world.db.vault.open("offers.code", sealed).decode()


def test_an_offer_is_a_code_with_its_cost_held(any_world: World) -> None:
    person = any_world.person()
    result = any_world.offer(person).prepared.result
    row = row_of(any_world, result["offer_id"])
    assert (row.status, row.customer_id, row.cost_minor) == ("issued", person.id, 1_000)
    assert row.expires_at == any_world.now_us + 3 * DAY_US
    assert any_world.counter(MONTH) == (500_000, 1_000, 0)
    assert "code" not in result and code_of(any_world, row.id) not in str(result)
    due = any_world.db.read_now(lambda c: c.execute(select(wakeups)).one())
    assert (due.kind, due.ref, due.due_at) == ("effect_expiry", row.effect_id, row.expires_at)


def test_p2_a_code_is_charged_once_however_often_it_is_used(any_world: World) -> None:
    offer_id = any_world.offer(any_world.person()).prepared.result["offer_id"]
    code, vault = code_of(any_world, offer_id), any_world.db.vault

    def use(written: str) -> bool:
        return any_world.db.write_now(redeem, vault, code=written, at=any_world.now_us)

    assert not use("ALBA999999")
    assert use(f" {code.lower()} ")
    assert not use(code)
    assert row_of(any_world, offer_id).status == "redeemed"
    assert any_world.counter(MONTH) == (500_000, 0, 1_000)


def test_what_lapsed_gives_its_money_back_and_what_was_used_does_not(any_world: World) -> None:
    used = any_world.offer(any_world.person())
    lapsed = any_world.offer(any_world.person("bob"))
    code = code_of(any_world, used.prepared.result["offer_id"])
    any_world.db.write_now(redeem, any_world.db.vault, code=code, at=any_world.now_us)
    for claimed in (used, lapsed):
        any_world.db.write_now(counters.release, claimed.effect_id)
    assert any_world.counter(MONTH) == (500_000, 0, 1_000)


def take_back(world: World, offer_id: str) -> None:
    def void(conn: Connection) -> None:
        conn.execute(update(offers).where(offers.c.id == offer_id).values(status="void"))

    world.db.write_now(void)


def test_a_code_that_was_taken_back_unused_was_never_given(world: World) -> None:
    person = world.person()
    take_back(world, world.offer(person).prepared.result["offer_id"])
    world.new_decision(person)
    assert world.decide(person, "create_offer", {"discount_bp": 500, "valid_hours": 1}).allowed
    answer = world.decide(person, "get_offer_history", {})
    assert answer.tool is not None and answer.tool.answer is not None
    told = answer.tool.answer(world.picture(person), answer.args, world.setting(person))
    assert told == {
        "offered": 0,
        "taken": 0,
        "days_since_last": None,
        "usual_discount_bp": None,
    }


def test_somebody_who_had_a_code_lately_gets_one_only_with_a_reason() -> None:
    args = {"discount_bp": 500, "valid_hours": 72}
    recent = replace(OFFER, status="redeemed", created_at=NOW - 60 * DAY_US + 1)
    answer = decided("create_offer", args, a_picture(offers=(recent,)))
    assert answer.verdict.outcome is Outcome.NEEDS_REASON
    long_ago = replace(recent, created_at=NOW - 60 * DAY_US)
    assert decided("create_offer", args, a_picture(offers=(long_ago,))).allowed
    used_elsewhere = a_picture(profile=replace(a_profile(), last_code_at=NOW - DAY_US))
    assert not decided("create_offer", args, used_elsewhere).allowed


def test_p11_a_code_of_somebody_else_cannot_be_sent(any_world: World) -> None:
    bob = any_world.person("bob")
    theirs = any_world.offer(bob).prepared.result["offer_id"]
    args = any_world.letter("cart_reminder_offer", offer_id=theirs)
    answer = any_world.decide(any_world.person(), "send_email", args)
    assert answer.verdict.outcome is Outcome.DENY
    any_world.do(bob, "send_email", args)


def test_an_offer_taken_back_before_its_message_is_claimed_stops_the_message(
    any_world: World,
) -> None:
    person: Person = any_world.person()
    offer_id = any_world.offer(person).prepared.result["offer_id"]
    args = any_world.letter("cart_reminder_offer", offer_id=offer_id)
    ready = any_world.ready(person, "send_email", args)
    take_back(any_world, offer_id)
    assert "offer_not_valid" in denied_for(any_world, ready)


def test_p12_what_a_discount_costs_is_the_sum_of_its_lines_each_rounded_up() -> None:
    odd = replace(LAMP, price_minor=999, quantity=3)
    picture = a_picture(lines=(odd, replace(LAMP, price_minor=1)))
    assert offer_cost(picture, 1_000) == 300 + 1
    for unknown in ({"price_minor": None}, {"quantity": None}):
        assert offer_cost(a_picture(lines=(replace(LAMP, **unknown),)), 1_000) is None
    assert offer_cost(a_picture(lines=()), 1_000) is None


def test_the_history_tells_what_a_planner_may_know() -> None:
    tool = TOOLS["get_offer_history"]
    assert tool.answer is not None
    used = [replace(OFFER, status="redeemed", discount_bp=bp) for bp in (500, 1_500, 1_000)]
    person = replace(a_profile(), discounts_taken=3)
    picture = a_picture(profile=person, offers=(*used, replace(OFFER, status="void")))
    told = tool.answer(picture, None, a_setting())
    assert told == {
        "offered": 3,
        "taken": 3,
        "days_since_last": 0,
        "usual_discount_bp": 1_000,
    }
