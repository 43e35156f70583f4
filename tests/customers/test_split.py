"""Un-merging: each gets back what is its own; what was refused or sent while one holds for both."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select, update

from customers import consent, merge, merge_log, suppression
from customers.merge_log import Because
from customers.resolve import find
from customers.split import MergedSince, Split, UnknownMerge, split
from store.ledger import EffectStatus
from store.schema import (
    contacts,
    customers,
    decisions,
    events,
    identifiers,
    journeys,
    memories,
    merges,
    orders,
    separations,
)
from store.schema import lanes as lanes_table
from tests.customers.people import DAY, NOW, Message, Town, identify, track

LATER = NOW + DAY


class Street:
    """Ada and Bob, whom one message took for one person."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self._seqs = count(1)
        self.ada = self.arrive(identify("ada", email="ada@example.com", plan="gold"))
        self.bob = self.arrive(identify(anonymous="device-bob", phone="+493023125001", plan="free"))

    def arrive(self, message: Message, *, at: int = NOW) -> str:
        """A message as the resolver takes it: applied, kept, counted in its lane."""
        customer_id = self.town.who(message, at=at, now=at)
        seq = next(self._seqs)

        def keep(conn: Connection) -> None:
            body = self.town.vault.seal_json(customer_id, "events.body", message)
            conn.execute(
                insert(events).values(
                    id=self.town.fresh_id("evt"),
                    customer_id=customer_id,
                    seq=seq,
                    kind=message["type"],
                    urgent=0,
                    occurred_at=at,
                    received_at=at,
                    body_sealed=body,
                    state="recorded",
                )
            )
            conn.execute(
                update(lanes_table)
                .where(lanes_table.c.customer_id == customer_id)
                .values(last_arrival_seq=seq)
            )

        self.town.run(keep)
        return customer_id

    def order(self, order_id: str, *, user: str | None = None, at: int = NOW) -> None:
        anonymous = None if user else "device-bob"
        said = {"order_id": order_id, "total": 10, "currency": "EUR"}
        self.arrive(track("Order Completed", user, anonymous=anonymous, **said), at=at)

    def mistake(self) -> str:
        """Somebody types both into one form. Returns the merge's id."""
        assert self.arrive(identify("ada", phone="+493023125001")) == self.ada
        (row,) = self.town.rows(select(merges))
        return str(row.id)

    def apart(self, merge_id: str, *, at: int = LATER) -> Split:
        done: Split = self.town.run(
            split,
            self.town.vault,
            merge_id=merge_id,
            by="mia",
            reason="two people share a phone",
            now_us=at,
        )
        return done

    def consents(self, customer_id: str) -> dict[tuple[str, str], str]:
        rows = self.town.db.read_now(consent.of_customer, customer_id)
        return consent.states(rows, LATER)

    def owned(self, table: Any, customer_id: str) -> int:
        counted = select(func.count()).select_from(table).where(table.c.customer_id == customer_id)
        return int(self.town.rows(counted)[0][0])


@pytest.fixture
def street(any_town: Town) -> Street:
    return Street(any_town)


def test_a_merge_says_why_and_what_showed_it(street: Street) -> None:
    street.mistake()
    (row,) = street.town.rows(select(merges))
    assert (row.why, row.by, row.into_id, row.absorbed_id) == (
        "identifier",
        "usher",
        street.ada,
        street.bob,
    )
    shown = merge_log.evidence_of(street.town.vault, row)["identifiers"]
    assert shown == [
        {"kind": "user_id", "value": "ada", "of": street.ada},
        {"kind": "phone", "value": "+493023125001", "of": street.bob},
    ]


def test_each_gets_back_identifiers_traits_orders_and_memories(street: Street) -> None:
    street.order("A-1", user="ada")
    street.order("B-1")
    street.arrive(track("Complaint Received", anonymous="device-bob", text="late"))
    street.apart(street.mistake())
    town = street.town
    assert town.db.read_now(find, town.vault, "device-bob") == street.bob
    assert town.db.read_now(find, town.vault, "+493023125001") == street.bob
    assert town.db.read_now(find, town.vault, "ada@example.com") == street.ada
    ada, bob = town.profile(street.ada), town.profile(street.bob)
    assert (ada.traits["plan"].value, bob.traits["plan"].value) == ("gold", "free")
    assert (ada.orders, ada.revenue, bob.orders, bob.revenue) == (
        1,
        {"EUR": 1000},
        1,
        {"EUR": 1000},
    )
    assert (street.owned(memories, street.ada), street.owned(memories, street.bob)) == (0, 1)


def test_what_came_since_goes_to_whose_identifiers_it_names(street: Street) -> None:
    merge_id = street.mistake()
    street.order("A-2", user="ada", at=NOW + 1)
    street.order("B-2", at=NOW + 2)
    street.arrive(identify(anonymous="device-bob", plan="silver"), at=NOW + 3)
    done = street.apart(merge_id)
    assert done.arrivals == 2
    ada, bob = street.town.profile(street.ada), street.town.profile(street.bob)
    assert (ada.orders, bob.orders) == (1, 1)
    assert (ada.traits["plan"].value, bob.traits["plan"].value) == ("gold", "silver")
    assert street.owned(orders, street.bob) == 1
    assert street.owned(events, street.bob) == 3


def test_p10_what_went_back_can_be_read_when_the_other_is_erased(street: Street) -> None:
    merge_id = street.mistake()
    street.order("B-2", at=NOW + 2)
    street.arrive(identify(anonymous="device-bob", plan="silver"), at=NOW + 3)
    street.apart(merge_id)
    vault = street.town.vault
    vault.destroy([street.ada])
    assert street.town.profile(street.bob).traits["plan"].value == "silver"
    for table, column, label in (
        (events, "body_sealed", "events.body"),
        (orders, "body_sealed", "orders.body"),
        (identifiers, "value_sealed", "identifiers.value"),
    ):
        rows = street.town.rows(select(table).where(table.c.customer_id == street.bob))
        assert rows
        assert all(vault.open(label, row._mapping[column]) for row in rows)


def test_p5_each_has_its_own_consents_again(street: Street) -> None:
    email = {"channel": "email", "purpose": "marketing"}
    street.arrive(track("Consent Granted", "ada", **email))
    street.arrive(track("Consent Revoked", anonymous="device-bob", **email))
    merge_id = street.mistake()
    assert street.consents(street.ada)["email", "marketing"] == "revoked"
    street.apart(merge_id)
    assert street.consents(street.ada)["email", "marketing"] == "granted"
    assert street.consents(street.bob)["email", "marketing"] == "revoked"


def test_p5_what_was_refused_or_stopped_while_one_holds_for_both(street: Street) -> None:
    email = {"channel": "email", "purpose": "marketing"}
    for who in ({"user": "ada"}, {"anonymous": "device-bob"}):
        street.arrive(track("Consent Granted", **who, **email))
    merge_id = street.mistake()
    street.arrive(track("Consent Revoked", "ada", **email), at=NOW + 1)
    street.arrive(track("Unsubscribed", anonymous="device-bob"), at=NOW + 2)
    street.apart(merge_id)
    for one in (street.ada, street.bob):
        assert street.consents(one)["email", "marketing"] == "revoked"
        assert street.town.db.read_now(
            suppression.stops_everything, one, purpose="marketing", now_us=LATER
        )


def test_p5_a_grant_given_while_one_is_only_that_of_who_gave_it(street: Street) -> None:
    merge_id = street.mistake()
    granted = track("Consent Granted", anonymous="device-bob", channel="sms", purpose="marketing")
    street.arrive(granted, at=NOW + 1)
    assert street.consents(street.ada)["sms", "marketing"] == "granted"
    street.apart(merge_id)
    assert street.consents(street.ada)["sms", "marketing"] == "absent"
    assert street.consents(street.bob)["sms", "marketing"] == "granted"


def test_p2_what_was_sent_while_one_counts_for_both(street: Street) -> None:
    before = street.town.contact(street.bob, status=EffectStatus.SENT)
    merge_id = street.mistake()
    during = street.town.contact(street.ada, status=EffectStatus.SENT, epoch=_epoch(street))
    street.apart(merge_id)
    theirs = street.town.rows(select(contacts.c.effect_id, contacts.c.customer_id))
    assert {tuple(row) for row in theirs} == {
        (before, street.bob),
        (during, street.ada),
        (f"{during}~{street.bob}", street.bob),
    }


def test_p3_nothing_queued_while_one_is_sent(street: Street) -> None:
    merge_id = street.mistake()
    queued = street.town.contact(street.ada, epoch=_epoch(street))
    assert street.apart(merge_id).cancelled == 1
    assert street.town.status(queued) == "cancelled"


def test_p4_work_under_the_epoch_of_both_is_stale(street: Street) -> None:
    merge_id = street.mistake()
    held = _epoch(street)
    street.apart(merge_id)
    now = {row.customer_id: row.epoch for row in street.town.rows(select(lanes_table))}
    assert now[street.ada] > held
    assert now[street.bob] > held


def test_a_journey_that_ended_with_the_merge_goes_on(street: Street) -> None:
    town = street.town
    mine, theirs = town.journey(street.ada), town.journey(street.bob)
    other = town.journey(street.bob, subject="cart-9")
    street.apart(street.mistake(), at=NOW + 1)
    found = {r.id: (r.customer_id, r.status) for r in town.rows(select(journeys))}
    assert found == {
        mine: (street.ada, "open"),
        theirs: (street.bob, "open"),
        other: (street.bob, "open"),
    }


def test_p11_two_who_were_taken_apart_stay_two(street: Street) -> None:
    street.apart(street.mistake())
    again = street.arrive(identify("ada", phone="+493023125001"), at=LATER)
    assert again == street.ada
    assert (
        street.town.rows(select(customers.c.id).where(customers.c.merged_into.is_not(None))) == []
    )
    assert len(street.town.rows(select(separations))) == 1


def test_only_a_merge_that_stands_can_be_undone(street: Street) -> None:
    merge_id = street.mistake()
    street.apart(merge_id)
    with pytest.raises(UnknownMerge):
        street.apart(merge_id)
    with pytest.raises(UnknownMerge):
        street.apart("mrg_nobody-1")


def test_a_record_that_was_itself_joined_is_taken_apart_first(street: Street) -> None:
    town = street.town
    first = street.mistake()
    carl = street.arrive(identify(anonymous="device-carl"))
    second = town.run(
        merge.merge,
        town.vault,
        into=carl,
        absorbed=street.ada,
        now_us=NOW,
        because=Because("person", by="mia"),
    )
    with pytest.raises(MergedSince):
        street.apart(first)
    street.apart(second)
    street.apart(first)
    assert town.db.read_now(find, town.vault, "device-bob") == street.bob


def test_what_joined_later_stays_when_an_earlier_merge_is_undone(street: Street) -> None:
    town = street.town
    first = street.mistake()
    street.order("C-1", user=None, at=NOW)  # by the device that is bob's
    street.arrive(identify(anonymous="device-carl", shoe="42"))
    street.arrive(
        track("Order Completed", anonymous="device-carl", order_id="X", total=7, currency="EUR")
    )
    street.arrive(identify("ada", anonymous="device-carl"))
    street.apart(first)
    ada = town.profile(street.ada)
    assert ada.traits["shoe"].value == "42"
    assert (ada.orders, ada.revenue) == (1, {"EUR": 700})
    assert town.profile(street.bob).orders == 1


@pytest.mark.parametrize(
    ("before", "since", "after"), [(1, 1, (1, 0)), (0, 1, (1, 1)), (1, 0, (0, 0))]
)
def test_p10_a_legal_hold_goes_back_to_whose_it_was(
    street: Street, before: int, since: int, after: tuple[int, int]
) -> None:
    def hold(conn: Connection, on: int) -> None:
        conn.execute(update(customers).where(customers.c.id == street.ada).values(legal_hold=on))

    street.town.run(hold, before)
    merge_id = street.mistake()
    street.town.run(hold, since)
    street.apart(merge_id)
    held = {r.id: r.legal_hold for r in street.town.rows(select(customers))}
    assert (held[street.ada], held[street.bob]) == after


def test_decisions_since_about_what_went_back_end_withheld(street: Street) -> None:
    town = street.town
    theirs = town.journey(street.bob, subject="cart-9")
    merge_id = street.mistake()
    asking = town.decision(street.ada, theirs, status="awaiting_approval")
    street.apart(merge_id)
    assert {r.id: r.status for r in town.rows(select(decisions))} == {asking: "withheld"}


def _epoch(street: Street) -> int:
    rows = street.town.rows(select(lanes_table).where(lanes_table.c.customer_id == street.ada))
    return int(rows[0].epoch)
