"""Resolving: who a message is from, always the same answer, and never two user ids in one."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, insert, select, update

from customers import erasure, suppression
from customers.barrier import barrier
from customers.identifiers import Identifier, identifiers_of
from customers.resolve import ERASED, NOBODY, Resolution, find, possible, was_erased
from store.schema import customers, identifiers, tombstones
from tests.customers.people import HOUR, NOW, Message, Town, identify, settle, track


def alias(user: str, previous: str) -> Message:
    return {"type": "alias", "userId": user, "previousId": previous}


def test_p11_equal_identifiers_are_the_same_person(any_town: Town) -> None:
    ada = any_town.who(identify("ada", email="ada@example.com", phone="+493023125000"))
    for message in (
        identify("ada"),
        identify(email="ADA@example.com"),
        track("Product Viewed", "ada", anonymous="device-1"),
        track("Product Viewed", anonymous="device-1"),
    ):
        assert any_town.who(message) == ada
    for reference in (ada, "ada", "Ada@Example.com", "+49 30 23125000", "device-1"):
        assert any_town.db.read_now(find, any_town.vault, reference) == ada


def test_p11_two_user_ids_never_merge_through_what_they_share(any_town: Town) -> None:
    ada = any_town.who(identify("ada", anonymous="tablet", email="home@example.com"))
    bob = any_town.who(identify("bob", anonymous="tablet", email="home@example.com"))
    assert ada != bob
    assert any_town.who(identify("bob", email="home@example.com")) == bob
    assert any_town.who(identify("ada", anonymous="tablet")) == ada
    assert any_town.who(identify(email="home@example.com")) == ada, "whoever had it first"
    assert any_town.who(track("Product Viewed", anonymous="tablet")) == ada


def test_p11_a_second_user_id_is_another_person_s(town: Town) -> None:
    ada = town.who(identify("ada", email="ada@example.com"))
    other = town.who(track("Product Viewed", "ada-2") | {"traits": {"email": "ada@example.com"}})
    assert other != ada
    assert town.db.read_now(find, town.vault, "ada@example.com") == ada


def test_p11_a_login_joins_what_was_anonymous(any_town: Town) -> None:
    anonymous = any_town.who(track("Product Viewed", anonymous="device-1"))
    ada = any_town.who(identify("ada"))
    found = any_town.hear(identify("ada", anonymous="device-1"))
    assert found.customer_id == min(anonymous, ada)
    assert found.merged == (max(anonymous, ada),)
    assert any_town.db.read_now(find, any_town.vault, max(anonymous, ada)) == found.customer_id


def test_p11_what_is_not_said_to_belong_together_is_not_joined(town: Town) -> None:
    anonymous = town.who(track("Product Viewed", anonymous="device-1"))
    ada = town.who(identify("ada"))
    assert town.hear(track("Product Viewed", "ada", anonymous="device-1")).merged == ()
    assert town.who(track("Product Viewed", anonymous="device-1")) == anonymous != ada


def test_p11_an_alias_of_a_known_user_stays_with_that_user(town: Town) -> None:
    ada = town.who(identify("ada", email="ada@example.com"))
    device = town.who(track("Product Viewed", anonymous="device-1"))
    found = town.hear(alias("ada", "device-1"))
    assert {found.customer_id, *found.merged} == {ada, device}
    assert town.who(identify("ada")) == town.who(track("Product Viewed", anonymous="device-1"))


def test_p11_an_alias_makes_one_of_two_user_ids_and_nothing_else_of_theirs(any_town: Town) -> None:
    old = any_town.who(identify("old", email="home@example.com"))
    new = any_town.who(identify("new"))
    housemate = any_town.who(identify("bob", anonymous="tablet"))
    found = any_town.hear(alias("new", "old") | {"anonymousId": "tablet"})
    assert {found.customer_id, *found.merged} == {old, new}
    assert any_town.who(identify("bob")) == housemate
    assert any_town.who(identify("old")) == any_town.who(identify("new"))


def test_p11_an_alias_that_comes_before_everything_else_holds_too(town: Town) -> None:
    ada = town.who(alias("new", "old"))
    assert town.who(identify("old")) == town.who(identify("new")) == ada
    assert town.who(track("Product Viewed", anonymous="old")) == ada


def test_p11_a_circle_of_aliases_is_one_person(town: Town) -> None:
    for user in ("a", "b", "c"):
        town.who(identify(user))
    for user, previous in (("a", "b"), ("b", "c"), ("c", "a"), ("a", "a")):
        town.who(alias(user, previous))
    found = {town.who(identify(user)) for user in ("a", "b", "c")}
    assert len(found) == 1
    assert town.db.read_now(find, town.vault, "b") in found


def test_p11_a_circle_of_merges_in_the_table_ends(town: Town) -> None:
    ada, bob = town.who(identify("ada")), town.who(identify("bob"))

    def circle(conn: Connection) -> None:
        for one, into in ((ada, bob), (bob, ada)):
            conn.execute(update(customers).where(customers.c.id == one).values(merged_into=into))

    town.run(circle)
    assert town.db.read_now(find, town.vault, ada) in (ada, bob)


@pytest.mark.parametrize(
    "message",
    [identify("undefined", anonymous="null"), identify(email="no address"), {"type": "track"}],
)
def test_p7_who_names_nobody_becomes_nobody(town: Town, message: Message) -> None:
    before = town.rows(select(func.count()).select_from(customers))
    assert town.hear(message) == Resolution(None, why=NOBODY)
    assert town.rows(select(func.count()).select_from(customers)) == before


def test_a_user_id_that_looks_like_ours_is_found(town: Town) -> None:
    ada = town.who(identify("cus_NffrFeUfNV2Hib"))
    assert town.db.read_now(find, town.vault, "cus_NffrFeUfNV2Hib") == ada
    assert town.db.read_now(find, town.vault, "cus_nobody") is None
    assert not town.db.read_now(was_erased, town.vault, "cus_NffrFeUfNV2Hib")


# -- any interleaving ends in the same people ---

_numbers = count(1)
_EMAILS = ["a@example.com", "b@example.com", "c@example.com"]
_DEVICES = ["device-1", "device-2", "device-3"]


def _messages(users: list[str | None]) -> st.SearchStrategy[list[Message]]:
    one = st.builds(
        lambda user, email, device: identify(
            user, anonymous=device, **({"email": email} if email else {})
        ),
        st.sampled_from(users),
        st.sampled_from([None, *_EMAILS]),
        st.sampled_from([None, *_DEVICES]),
    )
    return st.lists(one.filter(lambda m: bool(identifiers_of(m))), min_size=1, max_size=6)


def _apart(message: Message, mark: str) -> Message:
    """The same message about other people: examples share one database."""
    changed = dict(message)
    for name in ("userId", "anonymousId"):
        if name in changed:
            changed[name] = f"{mark}-{changed[name]}"
    if "email" in changed["traits"]:
        changed["traits"] = {"email": f"{mark}-{changed['traits']['email']}"}
    return changed


def _hear_all(town: Town, messages: list[Message]) -> frozenset[frozenset[str]]:
    mark = str(next(_numbers))
    apart = [_apart(message, mark) for message in messages]
    fresh = town.vault.reserve(len(apart))

    def unit(conn: Connection) -> None:
        for message, customer_id in zip(apart, fresh, strict=True):
            settle(conn, town.vault, message, fresh=customer_id)

    town.run(unit)
    named = {identifier for message in apart for identifier in identifiers_of(message)}
    found = town.partition(named)
    assert sum(len(theirs) for theirs in found) == len(named), "everybody is somebody's"
    return frozenset(
        frozenset(f"{i.kind}:{i.value.removeprefix(mark)}" for i in theirs) for theirs in found
    )


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(messages=_messages([None, "ada"]), data=st.data())
def test_p11_any_order_of_arrival_ends_in_the_same_people(
    town: Town, messages: list[Message], data: st.DataObject
) -> None:
    found = _hear_all(town, messages)
    assert _hear_all(town, data.draw(st.permutations(messages))) == found
    for message in messages:
        named = {f"{i.kind}:-{i.value}" for i in identifiers_of(message)}
        assert any(named <= theirs for theirs in found), "what was said to be one is one"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(messages=_messages([None, "ada", "bob", "eve"]))
def test_p11_no_order_of_arrival_makes_one_of_two_user_ids(
    town: Town, messages: list[Message]
) -> None:
    for theirs in _hear_all(town, messages):
        assert sum(name.startswith("user_id:") for name in theirs) <= 1


# -- erased people ---


def erase(town: Town, customer_id: str, at: int = NOW) -> None:
    everyone = town.run(erasure.prepare, customer_id, now_us=at)
    town.vault.destroy(everyone)
    town.run(erasure.delete_rows, everyone, erasure_id="era", by="ops", now_us=at, keys=1)


def consents(user: str | None = None, **more: Any) -> Message:
    said = track("Consent Granted", user, channel="email", purpose="marketing")
    return said | more


def test_p10_whatever_comes_under_an_erased_person_s_identifiers_is_withheld(
    any_town: Town,
) -> None:
    ada = any_town.who(identify("ada", anonymous="device-1", email="ada@example.com"))
    erase(any_town, ada)
    for message in (
        identify("ada"),
        identify("somebody-new", email="ada@example.com"),
        track("Order Completed", anonymous="device-1"),
        alias("somebody-new", "ada"),
        consents("ada", context={"historical": True}),
        track("Consent Granted", "ada"),
    ):
        assert any_town.hear(message, at=NOW + 1, now=NOW + 1) == Resolution(None, why=ERASED)
    assert any_town.db.read_now(was_erased, any_town.vault, "ada@example.com")
    assert any_town.db.read_now(was_erased, any_town.vault, ada)


def test_p10_a_person_comes_back_by_their_own_new_consent_only(any_town: Town) -> None:
    ada = any_town.who(identify("ada", anonymous="device-1", email="ada@example.com"))
    erase(any_town, ada, at=NOW)
    late = any_town.hear(consents("ada"), at=NOW - 1, now=NOW + HOUR)
    assert late == Resolution(None, why=ERASED), "given before the erasure, delivered after it"
    back = any_town.who(consents("ada"), at=NOW + 1, now=NOW + HOUR)
    assert back != ada
    assert any_town.who(identify("ada"), now=NOW + HOUR) == back


def test_p10_a_consent_lifts_only_what_it_carries(town: Town) -> None:
    ada = town.who(identify("ada", anonymous="device-1", email="ada@example.com"))
    erase(town, ada)
    back = town.who(consents("ada"), at=NOW + 1, now=NOW + 1)
    assert town.hear(identify("ada", email="ada@example.com"), now=NOW + 1).customer_id is None
    both = consents("ada", context={"traits": {"email": "ada@example.com"}})
    assert town.who(both, at=NOW + 1, now=NOW + 1) == back
    assert town.who(identify(email="ada@example.com"), now=NOW + 1) == back


def test_p10_a_device_of_the_erased_does_not_withhold_whoever_else_uses_it(town: Town) -> None:
    ada = town.who(identify("ada", anonymous="tablet"))
    bob = town.who(identify("bob"))
    erase(town, ada)
    assert town.who(track("Product Viewed", "bob", anonymous="tablet"), now=NOW + 1) == bob
    assert town.hear(track("Product Viewed", anonymous="tablet"), now=NOW + 1).customer_id is None
    assert town.hear(identify("new", anonymous="tablet"), now=NOW + 1).customer_id is None
    owned = select(identifiers.c.kind).where(identifiers.c.customer_id == bob)
    assert [row.kind for row in town.rows(owned)] == ["user_id"]


def test_p10_a_return_in_the_middle_of_an_erasure_is_a_new_person(any_town: Town) -> None:
    ada = any_town.who(identify("ada"))
    any_town.run(erasure.prepare, ada, now_us=NOW)
    any_town.vault.destroy([ada])
    back = any_town.who(consents("ada"), at=NOW + 1, now=NOW + 1)
    assert back != ada
    any_town.run(erasure.delete_rows, [ada], erasure_id="era", by="ops", now_us=NOW, keys=1)
    assert any_town.who(identify("ada"), now=NOW + 2) == back


def test_p10_a_tombstone_is_no_identifier(town: Town) -> None:
    ada = town.who(identify("ada"))
    erase(town, ada)
    stored = town.rows(select(tombstones))
    assert [row.identifier_hash for row in stored] == [
        Identifier("user_id", "ada").hashed(town.vault)
    ]


# -- people who were suppressed before they were known ---


def suppress_unknown(town: Town, reference: str, **more: Any) -> None:
    for identifier in possible(reference):
        town.run(
            suppression.suppress,
            town.vault,
            suppression_id=town.fresh_id("sup"),
            customer_id=None,
            identifier_hash=identifier.hashed(town.vault),
            by="ops",
            now_us=NOW,
            **{"scope": "all", **more},
        )


def barred(town: Town, customer_id: str, now: int = NOW) -> str | None:
    return town.db.read_now(barrier, town.vault, customer_id, purpose="service", now_us=now)


def test_p5_whoever_was_suppressed_unknown_is_suppressed_once_known(any_town: Town) -> None:
    suppress_unknown(any_town, "ada")
    assert barred(any_town, any_town.who(identify("bob"))) is None
    assert barred(any_town, any_town.who(identify("ada"))) == "suppressed"


def test_p5_a_profile_that_turns_out_to_be_the_suppressed_one_inherits_at_once(
    any_town: Town,
) -> None:
    suppress_unknown(any_town, "ada")
    person = any_town.who(identify(email="ada@example.com"))
    queued = any_town.contact(person)
    assert any_town.who(identify("ada", email="ada@example.com")) == person
    assert barred(any_town, person) == "suppressed"
    assert any_town.status(queued) == "cancelled"


def test_an_inherited_suppression_that_has_ended_stops_nothing(town: Town) -> None:
    suppress_unknown(town, "ada", until=NOW)
    person = town.who(identify(email="ada@example.com"))
    queued = town.contact(person)
    town.who(identify("ada", email="ada@example.com"))
    assert barred(town, person) is None
    assert town.status(queued) == "scheduled"


def test_p5_a_suppression_written_just_as_its_person_appears_still_holds(town: Town) -> None:
    ada = town.who(identify("ada"))
    suppress_unknown(town, "ada")
    assert barred(town, ada) == "suppressed"


def test_p10_an_owner_who_is_erased_owns_nothing(town: Town) -> None:
    """A row that an interrupted erasure left is nobody's, even where its tombstone is gone."""
    ada = town.who(identify("ada"))

    def half(conn: Connection) -> None:
        conn.execute(update(customers).where(customers.c.id == ada).values(erased_at=NOW))
        conn.execute(
            insert(tombstones).values(
                identifier_hash=Identifier("user_id", "ada").hashed(town.vault),
                customer_id=ada,
                at=NOW,
            )
        )

    town.run(half)
    assert town.who(consents("ada"), at=NOW + 1, now=NOW + 1) != ada
