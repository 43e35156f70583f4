"""Complaints: open until they are closed, opened once, closed only if they were there by then."""

from __future__ import annotations

from customers import complaints
from tests.customers.people import NOW, Town, track


def is_open(town: Town, customer_id: str) -> bool:
    return town.db.read_now(complaints.open_complaint, customer_id)


def test_a_complaint_is_open_until_it_is_closed(any_town: Town) -> None:
    ada = any_town.who(track("Complaint Received", "ada", text="It is broken."))
    bob = any_town.who(track("Product Viewed", "bob"))
    assert is_open(any_town, ada)
    assert not is_open(any_town, bob)
    any_town.who(track("Complaint Closed", "ada"), at=NOW + 1, now=NOW + 1)
    assert not is_open(any_town, ada)


def test_a_closing_that_is_older_closes_nothing_newer(town: Town) -> None:
    ada = town.who(track("Complaint Received", "ada", text="It is broken."))
    town.who(track("Complaint Closed", "ada"), at=NOW - 1)
    assert is_open(town, ada)


def test_an_event_opens_its_complaint_once(town: Town) -> None:
    for _ in range(2):
        town.run(complaints.open_one, customer_id="cus_ada", event_id="evt_1", at=NOW)
    assert town.run(complaints.close_all, customer_id="cus_ada", at=NOW) == 1
