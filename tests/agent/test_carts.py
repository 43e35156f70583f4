"""The cart as its person's own events tell it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.carts import Cart, Told, carts_of
from prompts.timing import Detect

DETECT = Detect(
    event="Cart Abandoned",
    after="PT1H",
    of=("Product Added", "Product Removed", "Checkout Started"),
    unless=("Order Completed", "Cart Abandoned"),
)


def carts(*told: tuple[str, dict[str, Any]]) -> list[Cart]:
    events = [Told(f"evt_{n}", name, said, n) for n, (name, said) in enumerate(told)]
    return carts_of(events, DETECT, ["recover_cart"])


def added(sku: str = "A", **more: Any) -> tuple[str, dict[str, Any]]:
    return "Product Added", {"sku": sku, **more}


def test_prices_are_the_newest_and_the_worth_is_their_sum() -> None:
    [cart] = carts(
        added(price=10, currency="EUR", quantity=2),
        added(price="9.50", currency="EUR"),
        added("B", price=1, currency="EUR"),
    )
    assert cart.as_context() == {
        "currency": "EUR",
        "value_minor": 2_950,
        "items": [
            {"sku": "A", "quantity": 3, "price_minor": 950},
            {"sku": "B", "quantity": 1, "price_minor": 100},
        ],
    }


def test_p6_without_a_price_there_is_no_worth_and_of_two_currencies_no_price() -> None:
    [unpriced] = carts(added(price=10, currency="EUR"), added("B", currency="EUR"))
    assert "value_minor" not in unpriced.as_context()
    [mixed] = carts(added(price=10, currency="EUR"), added("B", price=9, currency="USD"))
    assert mixed.as_context() == {
        "items": [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 1}]
    }


def test_what_cannot_be_read_is_left_out() -> None:
    junk: list[dict[str, Any]] = [
        {},
        {"sku": ""},
        {"sku": True},
        {"sku": "A", "quantity": 0},
        {"sku": "A", "quantity": "3"},
        {"sku": "A", "quantity": 10**9},
    ]
    assert carts(*(("Product Added", one) for one in junk)) == []
    assert carts(("Checkout Started", {"products": [7, None, {"sku": []}]})) == []


def test_an_event_with_an_id_takes_the_cart_that_had_none() -> None:
    [cart] = carts(added(), added("B", cart_id="c1"), added("C"))
    assert (cart.id, sorted(cart.lines)) == ("c1", ["A", "B", "C"])


def test_an_order_ends_the_cart_it_names_and_any_that_has_no_name() -> None:
    left = carts(
        added(cart_id="c1"), added("B", cart_id="c2"), ("Order Completed", {"cart_id": "c1"})
    )
    assert [cart.id for cart in left] == ["c2"]
    assert carts(added(), ("Order Completed", {"cart_id": "c1"})) == []
    assert carts(added(cart_id="c1"), added(cart_id="c2"), ("Order Completed", {})) == []


def test_what_the_shop_reported_stays_reported_when_it_changes() -> None:
    [cart] = carts(added(cart_id="c1"), ("Cart Abandoned", {"cart_id": "c1"}), added("B"))
    assert cart.reported
    [other] = carts(added(cart_id="c1"), ("Cart Abandoned", {"cart_id": "c9"}))
    assert not other.reported


def test_what_was_only_looked_at_is_in_no_cart() -> None:
    assert carts(("Product Viewed", {"sku": "A"}), ("Checkout Started", {})) == []
    assert carts(("Cart Viewed", {"products": [{"sku": "A"}]})) == []


steps = st.lists(
    st.tuples(st.sampled_from(["Product Added", "Product Removed"]), st.sampled_from("ABC"),
              st.integers(1, 4)),
    max_size=30,
)  # fmt: skip


@given(steps)
@settings(max_examples=100, deadline=None)
def test_the_cart_is_what_was_put_in_less_what_was_taken_out(
    steps: list[tuple[str, str, int]],
) -> None:
    counted: Counter[str] = Counter()
    for name, sku, quantity in steps:
        counted[sku] = max(0, counted[sku] + (quantity if name.endswith("Added") else -quantity))
    found = carts(*((name, {"sku": sku, "quantity": n}) for name, sku, n in steps))
    lines = {sku: line.quantity for cart in found for sku, line in cart.lines.items()}
    assert lines == {sku: n for sku, n in counted.items() if n}
