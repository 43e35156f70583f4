"""Erasure: noise at once, whatever it was interrupted by, and nothing comes back (P10)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from customers import erasure, merge, suppression
from customers.erasure import LegalHold
from customers.identifiers import Identifier
from store import counters, journal, lanes
from store.schema import approvals as approvals_table
from store.schema import (
    customers,
    decisions,
    effects,
    erasures,
    events,
    identifiers,
    inbox,
    suppressions,
    tombstones,
)
from store.schema import wakeups as wakeups_table
from tests.customers.house import LABEL, PERSONAL, House, everything, readable
from tests.customers.people import NOW, Town, identify, track


def test_the_house_is_full_of_ada_before(house: House) -> None:
    opened = {name for name, _ in readable(house.town, house.ada, house.absorbed)}
    assert {"journeys", "effects", "approvals", "journal", "events", "orders"} <= opened


def test_p10_once_the_keys_are_gone_nothing_sealed_of_hers_opens(house: House) -> None:
    everyone = house.prepare()
    assert everyone[0] == house.ada and set(everyone) == {house.ada, house.absorbed}
    assert house.town.vault.destroy(everyone) == 2
    left = readable(house.town, *everyone)
    assert {(name, column) for name, column in left if column.endswith("_sealed")} == set()


def test_p10_nothing_unsealed_of_hers_is_left_in_any_table(house: House) -> None:
    house.erase()
    assert readable(house.town, house.ada, house.absorbed) == []


def test_p10_nobody_else_is_touched(house: House) -> None:
    town = house.town
    before = [row for row in everything(town) if row[0] in ("orders", "events", "identifiers")]
    house.erase()
    after = [row for row in everything(town) if row[0] in ("orders", "events", "identifiers")]
    assert set(map(repr, after)) < set(map(repr, before))
    assert town.profile(house.bob).orders == 1
    owned = town.rows(select(identifiers.c.customer_id).distinct())
    assert [row.customer_id for row in owned] == [house.bob]


def test_p10_ids_and_noise_stay_and_the_chain_verifies(house: House) -> None:
    town = house.town

    def verify(conn: Connection) -> int:
        seen = 0
        for shard, (length, head) in journal.heads(conn).items():
            previous = journal.GENESIS
            for row in journal.chain(conn, shard):
                previous = journal.entry_hash(
                    prev_hash=previous,
                    shard=row.shard,
                    seq=row.seq,
                    at=row.at,
                    customer_id=row.customer_id,
                    decision_id=row.decision_id,
                    kind=row.kind,
                    epoch=row.epoch,
                    sealed=row.body_sealed,
                )
                seen += 1
            assert previous == head and length >= 0
        return seen

    assert town.db.read_now(verify) == 2
    house.erase()
    assert town.db.read_now(verify) == 2
    for table in (effects, decisions, approvals_table):
        assert town.rows(select(table).where(table.c.customer_id == house.ada)), table.name


def test_p10_nothing_of_hers_goes_out_waits_or_is_asked_any_more(house: House) -> None:
    town = house.town
    house.prepare()
    assert [town.status(e) for e in (house.queued, house.claimed, house.sent)] == [
        "cancelled",
        "cancelled",
        "sent",
    ]

    def hers(column: Any) -> set[str]:
        theirs = column.table.c.customer_id == house.ada
        return {str(row[0]) for row in town.rows(select(column).where(theirs))}

    assert hers(approvals_table.c.status) == {"superseded"}
    assert hers(decisions.c.status) == {"withheld"}
    assert hers(wakeups_table.c.state) == {"cancelled"}
    assert hers(events.c.state) == {"withheld"}
    with pytest.raises(lanes.StaleEpoch):
        town.run(lanes.hold, house.ada, 1)


def test_p2_what_her_offers_held_goes_back_to_the_budget(house: House) -> None:
    house.erase()
    assert house.town.db.read_now(counters.left, "budget:discounts") == 9_500, "Bob's is held"


# -- interruptions ---


def test_p10_it_may_be_interrupted_anywhere_and_run_again(house: House) -> None:
    town = house.town
    house.prepare()
    assert town.db.read_now(erasure.unfinished) == [house.ada]
    everyone = house.prepare()
    town.vault.destroy(everyone)
    everyone = house.prepare()
    assert town.vault.destroy(everyone) == 0
    for _ in range(2):
        town.run(erasure.drop_dead_letters, town.vault, everyone, label=LABEL)
    assert len(town.db.read_now(erasure.memories_of, everyone)) == 1
    first = house.delete(everyone, keys=2)
    assert town.db.read_now(erasure.unfinished) == []
    again = house.delete(house.prepare(), keys=0)
    assert {**first, "memory_ids": []} == again
    assert len(town.rows(select(erasures))) == 1
    assert readable(town, *everyone) == []


def test_p10_the_identifiers_found_no_way_back_meanwhile(house: House) -> None:
    house.prepare()
    for message in (identify("ada"), identify(email="ada.lovelace@example.com")):
        assert house.town.hear(message, now=NOW + 2).customer_id is None
    house.erase()
    buried = house.town.rows(select(tombstones))
    assert len(buried) == 4
    assert {row.customer_id for row in buried} == {house.ada}
    user = Identifier("user_id", "ada").hashed(house.town.vault)
    assert user in {row.identifier_hash for row in buried}


def test_p10_whichever_id_is_named_all_of_the_person_is_erased(house: House) -> None:
    everyone = house.prepare(house.absorbed)
    assert everyone == [house.ada, house.absorbed]
    gone = house.town.rows(select(customers.c.id).where(customers.c.erased_at.is_not(None)))
    assert {row.id for row in gone} == set(everyone)


def test_p10_somebody_who_came_back_can_be_erased_again(town: Town) -> None:
    granted = track("Consent Granted", "ada", channel="email", purpose="marketing")
    for at in (NOW, NOW + 10):
        ada = town.who(granted, at=at, now=at)
        everyone = town.run(erasure.prepare, ada, now_us=at + 1)
        town.vault.destroy(everyone)
        town.run(erasure.delete_rows, everyone, erasure_id=f"era_{at}", by="ops", now_us=at, keys=1)
        assert town.hear(identify("ada"), at=at + 2, now=at + 2).customer_id is None


# -- dead letters ---


def test_p10_dead_letters_of_hers_are_dropped_and_others_kept(house: House) -> None:
    town = house.town
    house.erase()
    left = town.rows(select(inbox).where(inbox.c.payload_sealed.is_not(None)))
    named = [town.vault.open_json(LABEL, row.payload_sealed)["userId"] for row in left]
    assert named == ["bob"]
    withheld = town.rows(select(inbox.c.reason).where(inbox.c.status == "resolved"))
    assert "withheld: the person was erased" in {row.reason for row in withheld}


def test_p7_a_dead_letter_that_cannot_be_read_stops_no_erasure(house: House) -> None:
    town = house.town

    def odd(conn: Connection) -> None:
        for n, payload in enumerate((b"", b"noise", None)):
            conn.execute(
                insert(inbox).values(
                    event_id=f"odd-{n}",
                    source="src",
                    message_hash=f"odd-{n}",
                    kind="track",
                    urgent=0,
                    historical=0,
                    payload_sealed=payload,
                    received_at=NOW,
                    status="dead",
                    attempts=3,
                )
            )
        listed = town.vault.seal_json(town.vault.intake(), LABEL, ["no", "message"])
        last = inbox.c.event_id == "odd-2"
        conn.execute(update(inbox).where(last).values(payload_sealed=listed))

    town.run(odd)
    house.erase()
    kept = town.rows(select(inbox).where(inbox.c.event_id.startswith("odd")))
    assert {row.status for row in kept} == {"dead"}


# -- receipts and holds ---


def test_p10_the_receipt_says_what_was_done_and_nothing_of_whom(house: House) -> None:
    receipt = house.erase()
    del receipt["memory_ids"]
    stored = house.town.rows(select(erasures))[0]
    assert json.loads(stored.receipt) == receipt
    assert (receipt["customer_id"], receipt["keys_destroyed"]) == (house.ada, 2)
    assert receipt["memory_vectors"] == 1
    assert receipt["rows_deleted"]["identifiers"] == 4
    assert receipt["rows_deleted"]["orders"] == 1
    assert not any(word in stored.receipt for word in PERSONAL)
    assert (stored.by, stored.at) == ("ops", NOW + 2)


def test_p10_a_legal_hold_refuses_and_changes_nothing(house: House) -> None:
    town = house.town

    def hold(conn: Connection) -> None:
        conn.execute(update(customers).where(customers.c.id == house.absorbed).values(legal_hold=1))

    town.run(hold)
    before = everything(town)
    with pytest.raises(LegalHold):
        house.prepare()
    assert everything(town) == before
    assert town.rows(select(tombstones)) == []


def test_p10_a_suppression_left_for_an_unknown_id_goes_with_whoever_inherited_it(
    town: Town,
) -> None:
    hashed = Identifier("user_id", "ada").hashed(town.vault)
    town.run(
        suppression.suppress,
        town.vault,
        suppression_id="sup_1",
        customer_id=None,
        identifier_hash=hashed,
        scope="all",
        by="ops",
        now_us=NOW,
    )
    ada = town.who(identify("ada"))
    everyone = town.run(erasure.prepare, ada, now_us=NOW)
    town.run(erasure.delete_rows, everyone, erasure_id="era", by="ops", now_us=NOW, keys=1)
    assert town.rows(select(suppressions)) == []


def test_growth_a_person_with_very_many_arrivals_is_erased_as_well(town: Town) -> None:
    """More rows than a statement may have parameters, on either database."""
    ada = town.who(identify("ada"))
    many = 70_000

    def unit(conn: Connection) -> None:
        common = {"kind": "track", "urgent": 0, "received_at": NOW}
        conn.execute(
            insert(events),
            [
                {
                    **common,
                    "id": f"evt-{n}",
                    "customer_id": ada,
                    "seq": n,
                    "occurred_at": NOW,
                    "body_sealed": b"",
                    "state": "recorded",
                }
                for n in range(many)
            ],
        )

    town.run(unit)
    everyone = town.run(erasure.prepare, ada, now_us=NOW)
    receipt = town.run(
        erasure.delete_rows, everyone, erasure_id="era", by="ops", now_us=NOW, keys=1
    )
    assert receipt["rows_deleted"]["events"] == many


def test_p10_an_erased_person_is_no_longer_merged_into(town: Town) -> None:
    ada = town.who(identify("ada", email="ada@example.com"))
    town.run(erasure.prepare, ada, now_us=NOW)
    bob = town.who(identify("bob"))
    assert town.hear(identify("bob", email="ada@example.com")).customer_id is None
    assert town.db.read_now(merge.merged_into, bob) == []


def test_p10_the_receipt_lists_every_store_with_what_it_held_and_how_that_went(
    house: House,
) -> None:
    receipt = house.erase()
    stores = {each["store"]: each for each in receipt["stores"]}
    assert len(stores) == len(receipt["stores"]), "each once"
    assert {table.name for table in erasure.DELETED} <= set(stores)
    held = {name: (each["items"], each["destroyed"]) for name, each in stores.items()}
    assert held["keys"] == (2, "at once")
    assert held["profile"] == (2, "deleted")
    assert held["identifiers"] == (4, "deleted")
    assert held["journal entries"] == (1, "at once")
    assert held["effects"] == (3, "at once")
    assert held["approvals"] == held["decisions"] == (1, "at once")
    assert held["memory vectors"] == (1, "at once")
    assert held["vector folder"] == (1, "being compacted")
    assert {"inbox", "outbox files", "database file", "write-ahead log"} <= set(stores)
    assert all(each["what"] for each in receipt["stores"])
    assert {"keys_destroyed", "rows_deleted", "unreadable_at_once", "compaction"} <= set(receipt)
