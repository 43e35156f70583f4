"""Merging two people's journeys: one a subject, nothing goes out under one that was replaced."""

from __future__ import annotations

from sqlalchemy import Connection, select

from agent.lane_unit import Ground, LaneUnit
from agent.queued import end_merged
from store import approvals, journal, lanes, wakeups
from store.approvals import Question
from store.ledger import EffectStatus
from store.schema import decisions, journeys
from store.schema import wakeups as wakeups_table
from tests.customers.pair import Pair
from tests.customers.people import DAY, NOW, Town


def status_of(town: Town, journey_id: str) -> tuple[str, str]:
    row = town.rows(select(journeys).where(journeys.c.id == journey_id))[0]
    return row.status, row.customer_id


def test_journeys_about_other_things_go_on_under_the_survivor(any_pair: Pair) -> None:
    pair, town = any_pair, any_pair.town
    mine = town.journey(pair.into, subject="cart-1")
    theirs = town.journey(pair.absorbed, subject="cart-2")
    pair.merge()
    assert status_of(town, mine) == ("open", pair.into)
    assert status_of(town, theirs) == ("open", pair.into)


def test_of_two_journeys_about_the_same_one_goes_on_and_nothing_queued_in_the_other_goes_out(
    any_pair: Pair,
) -> None:
    pair, town = any_pair, any_pair.town
    pair.say(pair.into, "granted", NOW)
    mine, theirs = town.journey(pair.into), town.journey(pair.absorbed)
    for journey_id in (mine, theirs):
        town.run(wakeups.schedule, kind="journey_expiry", ref=journey_id, due_at=NOW + DAY)
    kept = town.contact(pair.into, journey_id=mine)
    stopped = town.contact(pair.absorbed, journey_id=theirs)
    pair.merge()
    assert status_of(town, mine) == ("open", pair.into)
    assert status_of(town, theirs)[0] == "closed"
    assert (town.status(kept), town.status(stopped)) == ("scheduled", "cancelled")
    states = {row.ref: row.state for row in town.rows(select(wakeups_table))}
    assert (states[mine], states[theirs]) == ("pending", "cancelled")


def test_a_goal_that_was_reached_by_either_is_reached(any_pair: Pair) -> None:
    pair, town = any_pair, any_pair.town
    pair.say(pair.into, "granted", NOW)
    mine = town.journey(pair.into)
    town.journey(pair.absorbed, status="reached", closed_at=NOW)
    queued = town.contact(pair.into, journey_id=mine)
    pair.merge()
    assert status_of(town, mine) == ("reached", pair.into)
    assert town.status(queued) == "cancelled"


def test_p7_decisions_of_the_replaced_journey_end_with_a_reason(any_pair: Pair) -> None:
    pair, town = any_pair, any_pair.town
    pair.say(pair.into, "granted", NOW)
    theirs = town.journey(pair.absorbed)
    town.journey(pair.into)
    running = town.decision(pair.absorbed, theirs, status="running")
    asking = town.decision(pair.absorbed, theirs, status="awaiting_approval")
    handed_over = town.decision(pair.absorbed, theirs, status="running")
    town.contact(
        pair.absorbed, journey_id=theirs, decision_id=handed_over, status=EffectStatus.CLAIMED
    )
    question = Question(
        id="apr_1",
        decision_id=asking,
        journey_id=theirs,
        customer_id=pair.absorbed,
        call_digest="digest",
        outcome="approval",
        requested_by="agent:shopping",
        requested_at=NOW,
        due_at=NOW + DAY,
        body={"rules": []},
    )
    town.run(approvals.ask, town.vault, question)
    pair.merge()
    epoch = town.run(lanes.take, pair.into)

    def catch_up(conn: Connection) -> None:
        ground = Ground(agents={}, fresh_id=town.fresh_id)
        end_merged(
            LaneUnit.hold(conn, town.vault, ground, customer_id=pair.into, epoch=epoch, now_us=NOW)
        )

    town.run(catch_up)
    states = {row.id: row.status for row in town.rows(select(decisions))}
    assert states == {running: "no_action", asking: "no_action", handed_over: "running"}
    entries = town.db.read_now(journal.entries_of, town.vault, asking)
    assert [entry.kind for entry in entries] == ["approval", "closed"]
    assert entries[-1].body is not None
    assert entries[-1].body["reason"] == "another journey about the same goes on"
