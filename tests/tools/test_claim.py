"""The claim: a call becomes an effect with everything beside it, or nothing is left of it.

Decided again on what the transaction sees (P1), once (P3), by whoever holds the lane (P4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select

from customers import consent, suppression
from store.ids import new_id
from store.lanes import StaleEpoch
from store.ledger import EffectStatus
from store.schema import contacts, identifiers
from store.schema import wakeups as wakeup_rows
from tests.tools.world import LAMP, MONTH, Person, World, complains, denied_for
from tools.claim import Claimed, Moved, Refused
from tools.instants import DAY_US, HOUR_US, MINUTE_US

# -- everything or nothing -------------------------------------------------------------------------


def test_p1_an_allowed_message_becomes_an_effect_with_all_it_holds(any_world: World) -> None:
    person = any_world.person()
    ready = any_world.ready(person)
    claimed = any_world.claim(ready)
    row = any_world.effect(claimed.effect_id)
    assert (row.status, row.call_digest, row.sha256) == (
        "claimed",
        ready.decided.digest,
        ready.prepared.sha256,
    )
    assert row.claim_epoch == person.epoch
    assert any_world.counter(LAMP) == (100, 1, 0)
    assert any_world.rows()["contacts"] == 1
    assert any_world.recorded == [claimed]


def test_whatever_fails_in_the_claim_takes_everything_back(any_world: World) -> None:
    person = any_world.person()
    calls: tuple[tuple[str, dict[str, Any]], ...] = (
        ("send_email", any_world.letter()),
        ("create_offer", {"discount_bp": 500, "valid_hours": 72}),
        ("create_ticket", {"queue": "service", "priority": "low", "summary": "Look."}),
        ("suppress_customer", {"scope": "all", "reason": "they asked us to stop"}),
    )
    before = any_world.rows()

    def broken(conn: Connection, claimed: Claimed) -> None:
        raise OSError("the journal cannot be written")

    for tool, args in calls:
        with pytest.raises(OSError, match="journal"):
            any_world.claim(any_world.ready(person, tool, args), record=broken)
    assert any_world.rows() == before
    assert any_world.counter(LAMP)[1] == any_world.counter(MONTH)[1] == 0


def test_an_agent_in_shadow_claims_nothing(world: World) -> None:
    person = world.person()
    shadow = replace(world.setting(person), mode="shadow")
    with pytest.raises(ValueError, match="shadow"):
        world.claim(world.ready(person, setting=shadow))
    assert world.rows()["effects"] == 0


# -- decided again (P1) ----------------------------------------------------------------------------


def _opts_out(world: World, person: Person) -> None:
    world.db.write_now(
        suppression.suppress,
        world.db.vault,
        suppression_id=new_id("sup"),
        customer_id=person.id,
        scope="purpose",
        by="customer",
        now_us=world.now_us,
    )


def _revokes(world: World, person: Person) -> None:
    world.db.write_now(
        consent.record,
        world.db.vault,
        customer_id=person.id,
        channel="email",
        purpose="marketing",
        state="revoked",
        at=world.now_us,
        evidence={},
    )


@pytest.mark.parametrize(
    ("happens", "rule"),
    [(complains, "open_complaint"), (_opts_out, "suppressed"), (_revokes, "no_consent")],
)
def test_p1_what_happened_since_the_decision_counts(
    world: World,
    happens: Callable[[World, Person], None],
    rule: str,
) -> None:
    person = world.person()
    ready = world.ready(person)
    happens(world, person)
    assert rule in denied_for(world, ready)
    assert world.rows()["effects"] == 0


def test_p1_the_pack_that_is_live_at_the_claim_decides(any_world: World) -> None:
    person = any_world.person()
    ready = any_world.ready(person)
    any_world.put_pack(("version: 1", "version: 2"), ("max: 3,", "max: 0,"))
    assert denied_for(any_world, ready) == {"weekly"}


def test_p1_an_effect_names_the_pack_it_was_claimed_under(world: World) -> None:
    ready = world.ready(world.person())
    world.put_pack(("version: 1", "version: 2"))
    claimed = world.claim(ready)
    assert claimed.decided.verdict.version == 2
    row = world.effect(claimed.effect_id)
    assert row.call_digest == claimed.decided.digest != ready.decided.digest


def test_without_a_live_pack_nothing_is_claimed(world: World) -> None:
    ready = world.ready(world.person())
    with pytest.raises(LookupError, match="no live policy pack"):
        world.claim(ready, pack_name="another")


# -- what it was made of ---------------------------------------------------------------------------


def _dearer(world: World, person: Person) -> None:
    world.put_product(price_minor=12_000)


def _renamed(world: World, person: Person) -> None:
    world.put_product(name="Another lamp")


def _another_address(world: World, person: Person) -> None:
    def change(conn: Connection) -> None:
        owned = identifiers.c.customer_id == person.id
        conn.execute(delete(identifiers).where(owned, identifiers.c.kind == "email"))
        sealed = world.db.vault.seal(person.id, "identifiers.value", b"new@customer.example")
        conn.execute(
            identifiers.insert().values(
                value_hash="new",
                kind="email",
                customer_id=person.id,
                value_sealed=sealed,
                first_seen_at=world.now_us,
            )
        )

    world.db.write_now(change)


def _more_in_the_cart(world: World, person: Person) -> None:
    person.cart["items"] = [{"sku": "lamp", "quantity": 2}]


@pytest.mark.parametrize("change", [_dearer, _renamed, _another_address, _more_in_the_cart])
def test_a_message_that_would_say_something_else_now_is_not_sent(
    world: World, change: Callable[[World, Person], None]
) -> None:
    person = world.person()
    ready = world.ready(person)
    change(world, person)
    with pytest.raises(Moved):
        world.claim(ready)
    assert world.rows()["effects"] == 0
    world.claim(world.ready(person))


def test_p2_an_offer_whose_price_has_changed_is_made_anew(world: World) -> None:
    person = world.person()
    args = {"discount_bp": 1_000, "valid_hours": 72}
    ready = world.ready(person, "create_offer", args)
    world.put_product(price_minor=20_000)
    with pytest.raises(Moved):
        world.claim(ready)
    assert world.do(person, "create_offer", args).prepared.result["cost_minor"] == 2_000
    assert world.counter(MONTH) == (500_000, 2_000, 0)


# -- once (P3) -------------------------------------------------------------------------------------


def test_p3_the_same_call_again_is_the_first_effect_with_its_first_result(
    any_world: World,
) -> None:
    person = any_world.person()
    first = any_world.offer(person)
    rows = any_world.rows()
    again = any_world.offer(person)
    assert not again.fresh
    assert (again.effect_id, again.prepared.result) == (first.effect_id, first.prepared.result)
    assert any_world.rows() == rows
    assert any_world.counter(MONTH) == (500_000, 1_000, 0)
    assert len(any_world.recorded) == 1


def test_p3_neither_another_pack_nor_another_reason_makes_it_a_second_effect(
    world: World,
) -> None:
    person = world.person()
    first = world.claim(world.ready(person))
    world.put_pack(("version: 1", "version: 2"))
    again = world.claim(world.ready(person, reasoning="once more", overrides={"prefer_email": "x"}))
    assert (again.effect_id, again.fresh) == (first.effect_id, False)


def test_p3_a_call_whose_effect_was_cancelled_is_not_done_again(world: World) -> None:
    person = world.person()
    first = world.claim(world.ready(person))
    world.move(first.effect_id, EffectStatus.CANCELLED)
    again = world.claim(world.ready(person))
    assert (again.effect_id, again.status) == (first.effect_id, EffectStatus.CANCELLED)


# -- by whoever holds the lane (P4) ----------------------------------------------------------------


def test_p4_a_process_that_has_lost_the_lane_claims_nothing(any_world: World) -> None:
    person = any_world.person()
    asleep = any_world.ready(replace(person))
    any_world.take_lane(person)
    before = any_world.rows()
    with pytest.raises(StaleEpoch):
        any_world.claim(asleep)
    assert any_world.rows() == before
    any_world.claim(any_world.ready(person))


def test_p4_an_epoch_that_nobody_has_given_out_is_refused_too(world: World) -> None:
    person = world.person()
    with pytest.raises(StaleEpoch):
        world.claim(world.ready(person), epoch=person.epoch + 1)


# -- when it arrives -------------------------------------------------------------------------------


def test_a_message_in_quiet_hours_is_queued_until_it_may_leave(any_world: World) -> None:
    any_world.now_us += 11 * HOUR_US
    claimed = any_world.claim(any_world.ready(any_world.person()))
    eight = any_world.now_us + 10 * HOUR_US
    moment = claimed.decided.leaves_at
    assert (claimed.status, claimed.not_before) == (EffectStatus.SCHEDULED, moment)
    assert moment is not None and eight <= moment <= eight + 15 * MINUTE_US
    assert claimed.decided.verdict.obligations["not_before_us"] == eight

    def look(conn: Connection) -> Any:
        due = select(wakeup_rows.c.kind, wakeup_rows.c.due_at).order_by(wakeup_rows.c.due_at)
        return (
            list(conn.execute(due)),
            conn.execute(select(contacts.c.at, contacts.c.local_day)).one(),
        )

    due, contact = any_world.db.read_now(look)
    assert due == [("release", moment), ("effect_expiry", any_world.now_us + 2 * DAY_US)]
    assert tuple(contact) == (moment, "2026-01-06")


def test_p2_two_messages_of_one_night_do_not_both_arrive_in_the_morning(
    world: World,
) -> None:
    world.now_us += 11 * HOUR_US
    person = world.person()
    world.claim(world.ready(person))
    world.new_decision(person)
    assert denied_for(world, world.ready(person)) == {"daily_channel"}


def test_p2_after_a_message_of_today_another_may_wait_for_tomorrow(world: World) -> None:
    person = world.person()
    world.claim(world.ready(person))
    world.now_us += 11 * HOUR_US
    world.new_decision(person)
    assert world.claim(world.ready(person)).status is EffectStatus.SCHEDULED


# -- taking the place of something weaker ----------------------------------------------------------


def test_a_stronger_contact_takes_the_place_and_the_stock_of_a_queued_one(
    any_world: World,
) -> None:
    any_world.put_product(stock=1)
    any_world.now_us += 11 * HOUR_US
    person = any_world.person()
    weaker = any_world.claim(any_world.ready(person))
    any_world.new_decision(person)
    setting = any_world.setting(person)
    ready = any_world.ready(person, args=any_world.letter(hours=40), setting=setting)
    fresh = any_world.picture(person, without=frozenset({weaker.effect_id}))
    assert ready.decided.tool is not None and ready.decided.tool.prepare is not None
    prepared = ready.decided.tool.prepare(fresh, ready.decided.args, setting, ready.effect_id)
    stronger = any_world.claim(replace(ready, prepared=prepared), preempts=(weaker.effect_id,))
    assert any_world.effect(weaker.effect_id).status == "preempted"
    assert any_world.effect(stronger.effect_id).status == "scheduled"
    assert any_world.counter(LAMP) == (1, 1, 0)


def test_a_refused_claim_leaves_the_queued_one_in_its_place(world: World) -> None:
    world.now_us += 11 * HOUR_US
    person = world.person()
    weaker = world.claim(world.ready(person))
    world.new_decision(person)
    ready = world.ready(person)
    complains(world, person)
    with pytest.raises(Refused):
        world.claim(ready, preempts=(weaker.effect_id,))
    assert world.effect(weaker.effect_id).status == "scheduled"
