"""Merging: one person out of two, and nothing is looser than it was for either."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, func, select, update

from customers import memory_text, merge
from customers.barrier import barrier
from customers.resolve import find
from store import approvals, journal, lanes, ledger, wakeups
from store.approvals import Question
from store.ledger import EffectStatus
from store.schema import approvals as approvals_table
from store.schema import (
    complaints,
    contacts,
    customers,
    decisions,
    effects,
    events,
    journeys,
    memories,
    offers,
    orders,
    suppressions,
)
from store.schema import lanes as lanes_table
from store.schema import wakeups as wakeups_table
from tests.customers.pair import Pair
from tests.customers.people import DAY, HOUR, NOW, Town, identify, track

# -- consent ---


@pytest.mark.parametrize(
    ("mine", "theirs", "kept"),
    [
        (("granted", 9, None), ("revoked", 5, None), ("revoked", 9, None)),
        (("revoked", 5, None), ("granted", 9, None), ("revoked", 9, None)),
        (("denied", 5, None), ("revoked", 4, None), ("revoked", 5, None)),
        (("revoked", 5, None), ("revoked", 8, None), ("revoked", 8, None)),
        (("granted", 5, None), ("granted", 9, NOW), ("granted", 9, NOW)),
        (("granted", 5, NOW), ("granted", 9, NOW + 1), ("granted", 9, NOW)),
        (None, ("granted", 5, None), ("granted", 5, None)),
        (("granted", 5, None), None, ("granted", 5, None)),
    ],
)
def test_p5_the_stricter_consent_of_both_holds(
    pair: Pair, mine: Any, theirs: Any, kept: Any
) -> None:
    for customer_id, said in ((pair.into, mine), (pair.absorbed, theirs)):
        if said is not None:
            pair.say(customer_id, *said)
    pair.merge()
    assert pair.consent() == kept


def test_p5_a_grant_that_arrives_late_does_not_undo_what_the_merge_kept(pair: Pair) -> None:
    pair.say(pair.into, "revoked", 5)
    pair.say(pair.absorbed, "revoked", 9)
    pair.merge()
    pair.say(pair.into, "granted", 7)
    assert pair.consent() == ("revoked", 9, None)


def test_p5_all_suppressions_of_both_hold(any_pair: Pair) -> None:
    town = any_pair.town
    town.who(track("Unsubscribed", anonymous="device-1"))
    town.who(track("Email Bounced", "ada"))
    any_pair.merge()
    rows = town.rows(select(suppressions.c.scope, suppressions.c.customer_id))
    assert {tuple(row) for row in rows} == {("purpose", any_pair.into), ("address", any_pair.into)}
    barred = town.db.read_now(barrier, town.vault, any_pair.into, purpose="marketing", now_us=NOW)
    assert barred == "suppressed"


def test_p3_what_either_had_queued_stops_where_the_other_had_said_no(any_pair: Pair) -> None:
    pair, town = any_pair, any_pair.town
    pair.say(pair.into, "granted", NOW - 2)
    pair.say(pair.absorbed, "revoked", NOW - 1)
    mine = town.contact(pair.into)
    claimed = town.contact(pair.into, status=EffectStatus.CLAIMED)
    service = town.contact(pair.absorbed, purpose="service")
    pair.merge()
    assert [town.status(effect_id) for effect_id in (mine, claimed, service)] == [
        "cancelled",
        "cancelled",
        "scheduled",
    ]


def test_what_both_allow_stays_queued(pair: Pair) -> None:
    pair.say(pair.into, "granted", NOW - 2)
    queued = pair.town.contact(pair.absorbed)
    pair.merge()
    assert pair.town.status(queued) == "scheduled"


# -- everything else goes over ---


def test_p2_the_contact_ledger_of_the_survivor_is_the_fuller_one(any_pair: Pair) -> None:
    town = any_pair.town
    for customer_id in (any_pair.into, any_pair.absorbed, any_pair.absorbed):
        town.contact(customer_id, status=EffectStatus.SENT)
    any_pair.merge()
    counted = town.db.read_now(ledger.contacts_since, any_pair.into, NOW - DAY)
    assert len(counted) == 3
    assert town.db.read_now(ledger.contacts_since, any_pair.absorbed, NOW - DAY) == []


def test_nothing_is_left_under_the_absorbed_id(any_pair: Pair) -> None:
    pair, town = any_pair, any_pair.town
    for user in ({"user": "ada"}, {"anonymous": "device-1"}):
        town.who(track("Complaint Received", **user, text="It is broken."))
        town.who(track("Order Completed", **user, total=5, currency="EUR"))
    journey = town.journey(pair.absorbed)
    town.contact(pair.absorbed, journey_id=journey)
    town.decision(pair.absorbed, journey)
    town.offer(pair.absorbed, code="HELLO234")
    pair.merge()
    for table in (complaints, orders, journeys, effects, contacts, decisions, offers, memories):
        owners = {row.customer_id for row in town.rows(select(table))}
        assert owners == {pair.into}, table.name
    person = town.profile(pair.into)
    assert (person.orders, person.revenue_minor) == (2, 1_000)


def test_the_absorbed_is_known_under_the_survivor_s_id(any_pair: Pair) -> None:
    pair, town = any_pair, any_pair.town
    pair.merge()
    assert town.db.read_now(merge.survivor, pair.absorbed) == pair.into
    assert town.db.read_now(merge.merged_into, pair.into) == [pair.absorbed]
    for reference in (pair.absorbed, "ada", "device-1"):
        assert town.db.read_now(find, town.vault, reference) == pair.into


def test_chains_of_merges_are_followed_to_the_end(town: Town) -> None:
    a, b, c = sorted(town.who(identify(user)) for user in ("a", "b", "c"))
    town.run(merge.merge, town.vault, into=b, absorbed=c, now_us=NOW)
    town.run(merge.merge, town.vault, into=a, absorbed=b, now_us=NOW)
    assert town.db.read_now(merge.survivor, c) == a
    assert set(town.db.read_now(merge.merged_into, a)) == {b, c}


def test_p10_a_legal_hold_on_either_holds_both(any_pair: Pair) -> None:
    pair, town = any_pair, any_pair.town

    def hold(conn: Connection) -> None:
        conn.execute(update(customers).where(customers.c.id == pair.absorbed).values(legal_hold=1))

    town.run(hold)
    pair.merge()
    query = select(customers.c.legal_hold).where(customers.c.id == pair.into)
    assert town.rows(query)[0][0] == 1


def test_p10_what_was_sealed_for_either_opens_until_both_keys_are_gone(any_pair: Pair) -> None:
    pair, town = any_pair, any_pair.town
    town.who(track("Complaint Received", anonymous="device-1", text="It is broken."))
    pair.merge()
    row = town.db.read_now(memory_text.of_customer, pair.into)[0]
    assert memory_text.text_of(town.vault, row) == "It is broken."
    assert town.vault.destroy([pair.into, pair.absorbed]) == 2


def test_p5_memories_of_the_absorbed_are_indexed_anew_under_the_survivor_s_key(
    any_pair: Pair,
) -> None:
    town = any_pair.town
    town.who(track("Complaint Received", anonymous="device-1", text="It is broken."))
    waiting = town.db.read_now(memory_text.not_indexed, limit=10)
    turned = {row.id: row.customer_id for row in waiting}
    town.run(memory_text.mark_indexed, turned)
    ada, device = (town.db.read_now(find, town.vault, ref) for ref in ("ada", "device-1"))
    assert ada is not None and device is not None
    town.run(merge.merge, town.vault, into=ada, absorbed=device, now_us=NOW)
    row = town.db.read_now(memory_text.not_indexed, limit=10)[0]
    assert (row.customer_id, row.indexed) == (ada, 0)
    assert town.run(memory_text.mark_indexed, turned) == 0, "turned by the other's key"


# -- lanes ---


def test_p4_both_lanes_go_on_under_one_epoch_newer_than_either_s(any_pair: Pair) -> None:
    pair, town = any_pair, any_pair.town
    for _ in range(7):
        town.run(lanes.take, pair.absorbed)
    before = pair.epochs()
    pair.merge()
    after = pair.epochs()
    assert len(set(after.values())) == 1
    assert after[pair.into] > max(before.values())


def test_p4_a_process_that_held_the_absorbed_lane_hands_nothing_over(any_pair: Pair) -> None:
    """Its epoch must not come to look like the survivor's, as counting both on would let it."""
    pair, town = any_pair, any_pair.town
    pair.say(pair.into, "granted", NOW)
    epoch = town.run(lanes.take, pair.absorbed)
    claimed = town.contact(pair.absorbed, status=EffectStatus.CLAIMED, epoch=epoch)

    def behind(conn: Connection) -> None:
        lane = lanes_table.c.customer_id == pair.into
        conn.execute(update(lanes_table).where(lane).values(epoch=epoch - 1))

    town.run(behind)
    pair.merge()
    assert town.status(claimed) == "claimed"
    stands = town.db.read_now(ledger.still_claimed, claimed, epoch=epoch, monotonic_us=NOW)
    assert not stands
    now = town.run(lanes.take, pair.into)
    taken = town.run(ledger.reclaim, claimed, epoch=now, claim_until=NOW + HOUR)
    assert taken == "email", "the survivor's lane settles it"


def test_at_most_one_plan_in_a_while_holds_for_both(pair: Pair) -> None:
    def planned(conn: Connection) -> None:
        lane = lanes_table.c.customer_id == pair.absorbed
        conn.execute(update(lanes_table).where(lane).values(last_plan_at=NOW, last_arrival_seq=9))

    pair.town.run(planned)
    pair.merge()
    query = select(lanes_table).where(lanes_table.c.customer_id == pair.into)
    row = pair.town.rows(query)[0]
    assert (row.last_plan_at, row.last_arrival_seq) == (NOW, 9)


def test_p7_events_that_wait_go_over_and_the_survivor_s_lane_is_left_something_due(
    any_pair: Pair,
) -> None:
    pair, town = any_pair, any_pair.town

    def wait(conn: Connection) -> None:
        conn.execute(
            events.insert().values(
                id="evt_waiting",
                customer_id=pair.absorbed,
                seq=1,
                kind="track",
                urgent=0,
                occurred_at=NOW,
                received_at=NOW,
                body_sealed=b"",
                state="waiting",
            )
        )

    town.run(wait)
    pair.merge()
    row = town.rows(select(events))[0]
    assert (row.customer_id, row.state) == (pair.into, "waiting")
    due = town.db.read_now(lambda conn: [w.kind for w in _due(conn, pair.into)])
    assert due == ["plan_again"]


def _due(conn: Connection, customer_id: str) -> list[Any]:
    return list(
        conn.execute(
            select(wakeups_table).where(
                wakeups_table.c.customer_id == customer_id, wakeups_table.c.state == "due"
            )
        )
    )


def test_p7_wake_ups_of_the_absorbed_wake_the_survivor(any_pair: Pair) -> None:
    pair, town = any_pair, any_pair.town
    for customer_id in (pair.into, pair.absorbed):
        town.run(
            wakeups.schedule,
            kind="check_back",
            ref=f"dec_{customer_id}",
            due_at=NOW + HOUR,
            customer_id=customer_id,
        )
    pair.merge()
    query = select(func.count()).where(
        wakeups_table.c.kind == "check_back", wakeups_table.c.customer_id == pair.into
    )
    assert town.rows(query)[0][0] == 2


def test_p9_open_questions_go_over(any_pair: Pair) -> None:
    pair, town = any_pair, any_pair.town
    question = Question(
        id="apr_1",
        decision_id="dec_1",
        journey_id="jrn_1",
        customer_id=pair.absorbed,
        call_digest="digest",
        outcome="approval",
        requested_by="agent:shopping",
        requested_at=NOW,
        due_at=NOW + DAY,
        body={"call": {}, "rules": []},
    )
    town.run(approvals.ask, town.vault, question)
    pair.merge()
    row = town.rows(select(approvals_table))[0]
    assert (row.customer_id, row.status) == (pair.into, "pending")
    assert town.vault.open_json("approvals.body", row.body_sealed) == {"call": {}, "rules": []}


def test_p8_the_journal_keeps_the_id_it_was_written_under(any_pair: Pair) -> None:
    pair, town = any_pair, any_pair.town
    epoch = town.run(lanes.take, pair.absorbed)
    town.run(
        journal.append,
        town.vault,
        customer_id=pair.absorbed,
        decision_id="dec_1",
        kind="opened",
        body={"a": 1},
        at=NOW,
        epoch=epoch,
    )
    pair.merge()
    entry = town.db.read_now(journal.entries_of, town.vault, "dec_1")[0]
    assert (entry.customer_id, entry.body) == (pair.absorbed, {"a": 1})
