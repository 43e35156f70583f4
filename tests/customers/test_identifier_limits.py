"""Limits and quarantine: what too many people state is nobody's, and nobody has too much."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, select

from customers import identifier_limits, identity_notes, profile
from customers.identifier_limits import CLAIMANTS, LIMITS, is_shared
from customers.identifiers import Identifier
from customers.resolve import find
from store.schema import customers, identifiers
from tests.customers.people import NOW, Town, identify, track

SHARED_PHONE = "+493023125000"


def notes(town: Town, customer_id: str) -> dict[tuple[str, str], int]:
    rows = town.db.read_now(identity_notes.of_customer, customer_id)
    return {(row.code, row.kind): row.n for row in rows}


def held(town: Town, customer_id: str, kind: str) -> list[Any]:
    return town.rows(
        select(identifiers).where(
            identifiers.c.customer_id == customer_id, identifiers.c.kind == kind
        )
    )


def address(town: Town, customer_id: str) -> dict[str, str]:
    return town.db.read_now(profile.addresses_of, town.vault, customer_id)


def test_two_people_with_one_address_stay_two_and_the_first_keeps_it(any_town: Town) -> None:
    ada = any_town.who(identify("ada", email="family@example.com"))
    bob = any_town.who(identify("bob", email="family@example.com"))
    assert ada != bob
    assert address(any_town, ada) == {"email": "family@example.com"}
    assert address(any_town, bob) == {}
    assert notes(any_town, bob) == {("of_somebody_else", "email"): 1}


def test_what_several_people_state_is_in_quarantine_and_names_nobody(any_town: Town) -> None:
    first = any_town.who(identify("u0", phone=SHARED_PHONE))
    for n in range(1, CLAIMANTS["phone"] + 1):
        any_town.who(identify(f"u{n}", phone=SHARED_PHONE))
    assert held(any_town, first, "phone")[0].quarantined_at == NOW
    assert address(any_town, first) == {}
    stranger = any_town.who(identify("u9", phone=SHARED_PHONE))
    assert stranger != first
    nobody_known = any_town.who(identify(None, phone=SHARED_PHONE))
    assert nobody_known not in (first, stranger)


def test_the_same_person_saying_it_again_counts_once(any_town: Town) -> None:
    first = any_town.who(identify("u0", phone=SHARED_PHONE))
    for _ in range(CLAIMANTS["phone"] + 2):
        any_town.who(identify("u1", phone=SHARED_PHONE))
    assert held(any_town, first, "phone")[0].quarantined_at is None


def test_a_person_releases_it_and_it_names_its_owner_again(any_town: Town) -> None:
    first = any_town.who(identify("u0", phone=SHARED_PHONE))
    for n in range(1, CLAIMANTS["phone"] + 1):
        any_town.who(identify(f"u{n}", phone=SHARED_PHONE))
    value_hash = Identifier("phone", SHARED_PHONE).hashed(any_town.vault)
    assert any_town.db.read_now(identifier_limits.claimants, value_hash) == CLAIMANTS["phone"]
    assert any_town.run(identifier_limits.release, first, value_hash)
    assert not any_town.run(identifier_limits.release, first, value_hash)
    assert address(any_town, first) == {"sms": SHARED_PHONE}
    assert any_town.who(identify(None, phone=SHARED_PHONE)) == first


@pytest.mark.parametrize("inbox", ["info@firm.example.com", "noreply@example.com"])
def test_an_inbox_of_many_makes_nobody_one_and_is_not_written_to(
    any_town: Town, inbox: str
) -> None:
    one, other = (any_town.who(identify(None, anonymous=d, email=inbox)) for d in ("d1", "d2"))
    assert one != other
    assert address(any_town, one) == address(any_town, other) == {}


@pytest.mark.parametrize(
    ("value", "shared"),
    [("info@a.de", True), ("informatik@a.de", False), ("ada.info@a.de", False)],
)
def test_only_a_functions_own_name_is_an_inbox_of_many(value: str, shared: bool) -> None:
    assert is_shared(Identifier("email", value)) is shared
    assert not is_shared(Identifier("user_id", value))


def test_ten_phones_are_taken_and_the_eleventh_is_noted(any_town: Town) -> None:
    numbers = [f"+4930231250{n:02}" for n in range(LIMITS["phone"] + 2)]
    for number in numbers:
        ada = any_town.who(identify("ada", phone=number))
    assert len(held(any_town, ada, "phone")) == LIMITS["phone"]
    assert notes(any_town, ada) == {("over_limit", "phone"): 2}
    assert any_town.db.read_now(find, any_town.vault, numbers[-1]) is None


def test_of_devices_the_oldest_makes_room(town: Town) -> None:
    for n in range(LIMITS["anonymous_id"] + 1):
        at = NOW + n
        ada = town.who(identify("ada", anonymous=f"d{n}"), at=at, now=at)
    assert len(held(town, ada, "anonymous_id")) == LIMITS["anonymous_id"]
    assert town.db.read_now(find, town.vault, "d0") is None
    assert town.db.read_now(find, town.vault, f"d{LIMITS['anonymous_id']}") == ada


def test_two_records_that_would_have_too_many_together_stay_two(any_town: Town) -> None:
    for n in range(6):
        any_town.who(identify("ada", email=f"ada{n}@example.com"))
        any_town.who(identify(None, anonymous="device", email=f"bob{n}@example.com"))
    ada = any_town.who(identify("ada", anonymous="device"))
    assert any_town.rows(select(customers).where(customers.c.merged_into.is_not(None))) == []
    assert notes(any_town, ada)["too_many_together", "email"] == 1


def test_an_alias_in_a_circle_is_one_person_and_comes_to_an_end(any_town: Town) -> None:
    for user in ("a", "b", "c"):
        any_town.who(identify(user))
    for user, before in (("a", "b"), ("b", "c"), ("c", "a"), ("a", "c")):
        any_town.who({"type": "alias", "userId": user, "previousId": before})
    owners = {any_town.db.read_now(find, any_town.vault, user) for user in ("a", "b", "c")}
    assert len(owners) == 1
    standing = any_town.rows(select(customers).where(customers.c.merged_into.is_(None)))
    assert len(standing) == 1


def test_what_cannot_be_used_is_noted_by_kind_and_reason_without_what_it_said(
    any_town: Town,
) -> None:
    message = identify(
        "ada", anonymous="undefined", email="not an address", phone="12", birthday="2999-01-01"
    )
    ada = any_town.who(message)

    def unit(conn: Connection) -> None:
        for _ in range(3):
            identity_notes.note_unusable(conn, ada, message, now_us=NOW)

    any_town.run(unit)
    assert notes(any_town, ada) == {
        ("junk", "anonymous_id"): 3,
        ("malformed", "email"): 3,
        ("malformed", "phone"): 3,
        ("birth_date", "trait"): 3,
    }


def test_what_says_nothing_wrong_leaves_no_note(any_town: Town) -> None:
    message = identify("ada", email="zoë@example.com", birthday="1985-12-10", phone="")
    ada = any_town.who(message)
    any_town.run(identity_notes.note_unusable, ada, message, now_us=NOW)
    any_town.run(identity_notes.note_unusable, ada, track("Seen", "ada"), now_us=NOW)
    assert notes(any_town, ada) == {}
