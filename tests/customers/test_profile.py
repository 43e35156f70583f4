"""The profile: newer over older in any order of arrival, bounded, and unknown is not nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customers import profile
from customers.profile import (
    LONGEST_VALUE,
    MOST_TRAITS,
    Profile,
    joined,
    undoubled,
    with_order,
    with_refund,
    with_shared_order,
    with_traits,
    without_order,
)
from tests.customers.people import NOW, Town, identify


def stated(person: Profile, at: int, **traits: Any) -> Profile:
    return with_traits(person, traits, at=at, source="identify")


def bought(
    person: Profile, minor: int | None, currency: str | None = "EUR", at: int = 1
) -> Profile:
    return with_order(person, at=at, revenue_minor=minor, currency=currency, coupon=False)


def test_an_older_statement_never_undoes_a_newer_one() -> None:
    person = stated(stated(Profile(), 2, locale="de-DE"), 1, locale="en-GB")
    assert person.locale == "de-DE"
    assert stated(person, 3, locale="pt_PT").locale == "pt-PT"


_STATEMENTS = st.lists(
    st.tuples(
        st.dictionaries(
            st.sampled_from(["locale", "timezone", "firstName", "colour"]),
            st.sampled_from(["de-DE", "Europe/Berlin", "Mars/Olympus", "", 1, 1.5, None, ["x"]]),
            min_size=1,
            max_size=3,
        ),
        st.integers(1, 3),
        st.sampled_from(["identify", "track"]),
    ),
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(statements=_STATEMENTS, data=st.data())
def test_traits_come_out_the_same_in_any_order_of_arrival(
    statements: list[tuple[dict[str, Any], int, str]], data: st.DataObject
) -> None:
    one = other = Profile()
    for traits, at, source in statements:
        one = with_traits(one, traits, at=at, source=source)
    for traits, at, source in data.draw(st.permutations(statements)):
        other = with_traits(other, traits, at=at, source=source)
    assert one == other
    assert one.malformed == other.malformed


@settings(max_examples=100, deadline=None)
@given(mine=_STATEMENTS, theirs=_STATEMENTS)
def test_joining_two_profiles_is_as_if_all_had_been_said_to_one(
    mine: list[tuple[dict[str, Any], int, str]], theirs: list[tuple[dict[str, Any], int, str]]
) -> None:
    one = other = all_of_it = Profile()
    for traits, at, source in mine:
        one = with_traits(one, traits, at=at, source=source)
        all_of_it = with_traits(all_of_it, traits, at=at, source=source)
    for traits, at, source in theirs:
        other = with_traits(other, traits, at=at, source=source)
        all_of_it = with_traits(all_of_it, traits, at=at, source=source)
    assert joined(one, other).traits == joined(other, one).traits == all_of_it.traits


def test_a_bomb_of_traits_is_cut_off_and_counted() -> None:
    bomb = {f"trait-{n}": "x" for n in range(10_000)} | {"long": "x" * LONGEST_VALUE, "n" * 201: 1}
    person = stated(Profile(), 1, **bomb)
    assert len(person.traits) == MOST_TRAITS
    assert person.dropped == 10_000 - MOST_TRAITS + 2
    again = stated(person, 2, **{"trait-0": "newer"})
    assert again.traits["trait-0"].value == "newer"


def test_p6_a_bomb_of_traits_keeps_none_out_that_decisions_read() -> None:
    person = stated(Profile(), 1, **{f"trait-{n}": "x" for n in range(10_000)})
    person = stated(person, 2, timezone="Europe/Berlin", locale="de-DE", firstName="Ada")
    assert person.stated_zone == "Europe/Berlin"
    assert (person.locale, person.language, person.first_name) == ("de-DE", "de", "Ada")


@pytest.mark.parametrize("value", [1, None, [], {}, True, "", "carrier pigeon"])
def test_odd_values_are_no_answer(value: Any) -> None:
    person = stated(Profile(), 1, preferredChannel=value)
    assert person.preferred_channel is None
    person = stated(person, 2, locale=value, firstName=value, timezone=value)
    assert person.stated_zone is None
    assert person.first_name in (None, "", "carrier pigeon")


def test_p6_what_is_malformed_follows_the_statement_that_holds() -> None:
    late_and_valid = stated(stated(Profile(), 2, timezone="Mars"), 1, timezone="Europe/Berlin")
    assert late_and_valid.malformed.keys() == {"timezone"}
    assert stated(late_and_valid, 3, timezone="Europe/Berlin").malformed == {}
    assert stated(late_and_valid, 3, timezone=None).malformed == {}


@pytest.mark.parametrize(
    ("minor", "segment"),
    [(80_000, "platinum"), (79_999, "gold"), (30_000, "gold"), (10_000, "silver"), (0, "bronze")],
)
def test_the_segment_follows_lifetime_revenue(minor: int, segment: str) -> None:
    assert bought(Profile(), minor).segment == segment


def test_p6_no_history_is_a_value() -> None:
    assert (Profile().segment, Profile().revenue_minor, Profile().orders) == ("new", 0, 0)


def test_p6_an_order_without_a_readable_amount_makes_the_revenue_unknown() -> None:
    person = bought(bought(Profile(), 5_000), None, None)
    assert (person.orders, person.revenue_minor, person.segment) == (2, None, None)
    assert person.malformed.keys() == {"revenue"}


def test_p12_orders_in_two_currencies_are_never_added_up() -> None:
    person = bought(bought(Profile(), 5_000, "EUR"), 5_000, "JPY")
    assert (person.revenue_minor, person.segment) == (None, None)
    assert person.malformed.keys() == {"revenue"}


def test_p6_a_bomb_of_currencies_is_bounded_and_malformed() -> None:
    person = Profile()
    for n in range(1_000):
        letters = chr(65 + n // 26 % 26) + chr(65 + n % 26)
        person = bought(person, 1, f"Q{letters}")
    assert len(person.revenue) <= 8
    assert person.segment is None


def test_p6_a_refund_of_nobody_knows_what_makes_the_revenue_unknown() -> None:
    person = with_refund(bought(Profile(), 80_000), minor=None, currency=None)
    assert (person.revenue_minor, person.segment) == (None, None)


def test_a_cancelled_order_is_no_order_and_its_amount_no_revenue() -> None:
    twice = bought(bought(Profile(), 50_000), 30_000)
    assert without_order(twice, minor=50_000, currency="EUR").segment == "gold"
    unreadable = without_order(bought(Profile(), None, None), minor=None, currency=None)
    assert (unreadable.orders, unreadable.segment) == (0, "new")


@settings(max_examples=100, deadline=None)
@given(
    orders=st.lists(
        st.tuples(
            st.integers(0, 9), st.none() | st.integers(0, 100), st.sampled_from(["EUR", "USD"])
        ),
        max_size=6,
    ),
    data=st.data(),
)
def test_order_figures_come_out_the_same_in_any_order_of_arrival(
    orders: list[tuple[int, int | None, str]], data: st.DataObject
) -> None:
    one = other = Profile()
    for at, minor, currency in orders:
        one = bought(one, minor, currency, at)
    for at, minor, currency in data.draw(st.permutations(orders)):
        other = bought(other, minor, currency, at)
    assert one == other
    if orders:
        assert one.first_order_at == min(at for at, _, _ in orders)
        assert one.last_order_at == max(at for at, _, _ in orders)


def test_an_order_that_two_stated_counts_once_when_they_turn_out_to_be_one() -> None:
    mine, theirs = bought(Profile(), 100), with_shared_order(Profile(), at=1, order_hash="h")
    both = joined(mine, theirs)
    assert both.orders == 2
    assert (undoubled(both, ["h"]).orders, undoubled(both, ["h"]).shared) == (1, ())


def test_a_profile_is_stored_and_read_back_whole(town: Town) -> None:
    customer_id = town.who(identify("ada", firstName="Ada", tags=["a", {"b": 1}], height=1.7))
    person = bought(town.profile(customer_id), 5_000)
    person = with_shared_order(person, at=3, order_hash="h")
    town.run(profile.save, town.vault, customer_id, person, now_us=NOW)
    assert town.profile(customer_id) == person


def test_of_several_addresses_the_newest_is_written_to(any_town: Town) -> None:
    customer_id = any_town.who(identify("ada", email="old@example.com", phone="+493023125000"))
    any_town.who(identify("ada", email="new@example.com"), now=NOW + 1)
    reached = any_town.db.read_now(profile.addresses_of, any_town.vault, customer_id)
    assert reached == {"email": "new@example.com", "sms": "+493023125000"}
    hashes = any_town.db.read_now(profile.address_hashes_of, customer_id)
    assert hashes == {
        "email": any_town.vault.lookup("id:email", "new@example.com"),
        "sms": any_town.vault.lookup("id:phone", "+493023125000"),
    }
