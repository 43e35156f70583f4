"""Orders: counted once, charged once, and never a guessed amount."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from customers.orders import Order, order_id_of, read_order, read_refund
from store import counters
from store.schema import offers, orders
from tests.customers.people import NOW, Message, Town, identify, track


def order(user: str, order_id: str = "o-1", **more: Any) -> Message:
    stated = {"order_id": order_id, "total": 50, "currency": "EUR", **more}
    return track("Order Completed", user, **stated)


def revenue(town: Town, customer_id: str) -> tuple[int, int | None]:
    person = town.profile(customer_id)
    return person.orders, person.revenue_minor


def test_an_order_is_read_in_minor_units_of_its_currency() -> None:
    stated = {"order_id": 7, "total": "119.90", "currency": "eur", "coupon": " ABC "}
    assert read_order(stated, event_id="evt", at=3) == Order("7", 3, 11_990, "EUR", "ABC")
    assert read_order({"total_minor": 5, "currency": "JPY"}, event_id="evt", at=3).id == "evt"


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"total": 50},
        {"total": 50, "currency": "euros"},
        {"currency": "EUR"},
        {"total": "a lot", "currency": "EUR"},
        {"total": -1, "currency": "EUR"},
        {"total": float("nan"), "currency": "EUR"},
        {"total": 1.005, "currency": "EUR"},
        {"total": "1e999999999", "currency": "EUR"},
        {"total_minor": -1, "currency": "EUR"},
        {"total_minor": 1.0, "currency": "EUR"},
        {"total_minor": True, "currency": "EUR"},
        {"total_minor": "50", "total": 50, "currency": "EUR"},
        {"total_minor": 10**15, "currency": "EUR"},
        {"total_minor": 50},
        {"total": 50, "currency": ["EUR"]},
    ],
)
def test_p6_an_amount_that_cannot_be_read_is_unknown_and_not_nothing(
    properties: dict[str, Any],
) -> None:
    read = read_order(properties, event_id="evt", at=3)
    assert (read.total_minor, read.currency) == (None, None)
    assert read.problem


@pytest.mark.parametrize("value", [None, "", "  ", True, [], {}, 1.5])
def test_what_is_no_order_id_names_no_order(value: Any) -> None:
    assert order_id_of({"order_id": value}) is None
    assert read_refund({"order_id": value}, cancelled=False) is None


def test_an_order_counts_once_however_often_it_is_stated(any_town: Town) -> None:
    ada = any_town.who(order("ada"))
    for _ in range(3):
        any_town.who(order("ada", total=99))
    any_town.who(order("ada", "o-2"))
    assert revenue(any_town, ada) == (2, 10_000)


def test_an_order_of_two_people_is_a_purchase_of_both_and_its_money_counts_once(
    any_town: Town,
) -> None:
    ada, bob = any_town.who(order("ada")), any_town.who(order("bob"))
    any_town.who(order("bob"))
    assert revenue(any_town, ada) == (1, 5_000)
    assert revenue(any_town, bob) == (1, 0)
    assert any_town.profile(bob).last_order_at == NOW


def test_an_order_stated_before_and_after_a_login_is_one_order(any_town: Town) -> None:
    any_town.who(identify("ada"))
    stated = {"order_id": "o-1", "total": 50, "currency": "EUR"}
    any_town.who(track("Order Completed", anonymous="device-1", **stated))
    any_town.who(track("Order Completed", "ada", **stated))
    ada = any_town.who(identify("ada", anonymous="device-1"))
    any_town.who(track("Order Completed", "ada", **stated))
    assert revenue(any_town, ada) == (1, 5_000)


def budget(town: Town) -> tuple[int, int]:
    left = town.db.read_now(counters.left, "budget:discounts")
    status = town.rows(select(offers.c.status))[0][0]
    assert left is not None
    return left, status


def test_p2_a_redeemed_code_charges_its_budget_once(any_town: Town) -> None:
    ada = any_town.who(identify("ada"))
    effect_id = any_town.offer(ada, code="HELLO234")
    for order_id in ("o-1", "o-1", "o-2"):
        any_town.who(order("ada", order_id, coupon=" hello234 "))
    assert budget(any_town) == (9_500, "redeemed")
    assert any_town.run(counters.release, effect_id) == 0, "what is spent stays spent"


def test_p2_a_code_that_somebody_else_redeems_has_cost_as_much(town: Town) -> None:
    ada = town.who(identify("ada"))
    effect_id = town.offer(ada, code="HELLO234")
    bob = town.who(order("bob", coupon="HELLO234"))
    assert budget(town) == (9_500, "redeemed")
    assert town.run(counters.release, effect_id) == 0
    assert (town.profile(bob).discounts_taken, town.profile(ada).discounts_taken) == (1, 0)


def test_a_code_that_is_not_ours_is_a_discount_and_charges_nothing(town: Town) -> None:
    ada = town.who(identify("ada"))
    town.offer(ada, code="HELLO234")
    town.who(order("ada", coupon="ELSEWHERE"))
    assert budget(town) == (9_500, "issued")
    assert town.profile(ada).discounts_taken == 1


def refund(user: str, order_id: str = "o-1", **more: Any) -> Message:
    return track("Order Refunded", user, order_id=order_id, **more)


def test_a_refund_lowers_the_revenue_and_never_below_nothing(any_town: Town) -> None:
    ada = any_town.who(order("ada"))
    any_town.who(refund("ada", total=20, currency="EUR"))
    assert revenue(any_town, ada) == (1, 3_000)
    any_town.who(refund("ada", total=99, currency="EUR"))
    any_town.who(refund("ada", total=99, currency="EUR"))
    assert revenue(any_town, ada) == (1, 0)


@pytest.mark.parametrize("amount", [{}, {"total": "half"}, {"total": -5, "currency": "EUR"}])
def test_p6_a_refund_of_an_unclear_amount_is_all_of_it(town: Town, amount: Any) -> None:
    ada = town.who(order("ada"))
    town.who(refund("ada", **amount))
    assert revenue(town, ada) == (1, 0)


def test_p12_a_refund_in_another_currency_is_all_of_it(town: Town) -> None:
    ada = town.who(order("ada"))
    town.who(refund("ada", total=1, currency="JPY"))
    assert revenue(town, ada) == (1, 0)


def test_a_cancelled_order_is_taken_back_once(any_town: Town) -> None:
    ada = any_town.who(order("ada"))
    any_town.who(order("ada", "o-2", total=30))
    any_town.who(refund("ada", total=20, currency="EUR"))
    for _ in range(2):
        any_town.who(track("Order Cancelled", "ada", order_id="o-1"))
    assert revenue(any_town, ada) == (1, 3_000)


def test_a_refund_or_cancellation_that_comes_before_its_order_is_not_lost(town: Town) -> None:
    ada = town.who(refund("ada", total=20, currency="EUR"))
    town.who(refund("ada", total=10, currency="EUR"))
    assert revenue(town, ada) == (0, 0)
    town.who(order("ada"))
    assert revenue(town, ada) == (1, 2_000)
    town.who(track("Order Cancelled", "ada", order_id="o-2"))
    town.who(order("ada", "o-2"))
    assert revenue(town, ada) == (1, 2_000)
    town.who(order("ada", "o-2"))
    assert revenue(town, ada) == (1, 2_000)


def test_p6_a_refund_of_nobody_knows_which_order_makes_the_revenue_unknown(town: Town) -> None:
    ada = town.who(order("ada"))
    town.who(track("Order Refunded", "ada", total=20, currency="EUR"))
    assert revenue(town, ada) == (1, None)


def test_a_refund_by_somebody_else_takes_nothing_from_an_order(town: Town) -> None:
    ada = town.who(order("ada"))
    bob = town.who(refund("bob"))
    assert (revenue(town, ada), revenue(town, bob)) == ((1, 5_000), (0, 0))


def test_p10_an_order_is_sealed_and_found_by_a_keyed_hash(town: Town) -> None:
    town.who(order("ada", "ada-lovelace-1"))
    row = town.rows(select(orders))[0]
    assert b"lovelace" not in row.body_sealed
    assert row.order_hash == town.vault.lookup("order", "ada-lovelace-1")
