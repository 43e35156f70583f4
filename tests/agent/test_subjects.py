"""Subjects: one journey a cart, whoever wrote it down; what is malformed is not guessed."""

from __future__ import annotations

from typing import Any

import pytest

from agent.subjects import context_of, subject_of

SEGMENT = {
    "cart_id": "c1",
    "currency": "EUR",
    "value": 119.9,
    "products": [{"product_id": "LAMP", "quantity": 2, "price": "59.95"}],
    "cart_url": "https://shop.example/cart/c1",
}


def test_a_cart_in_segments_words_becomes_ours_and_nothing_else_is_lost() -> None:
    assert context_of(SEGMENT) == {
        "cart_id": "c1",
        "currency": "EUR",
        "value": 119.9,
        "cart_url": "https://shop.example/cart/c1",
        "cart": {
            "id": "c1",
            "currency": "EUR",
            "value_minor": 11_990,
            "items": [{"sku": "LAMP", "quantity": 2, "price_minor": 5_995}],
        },
    }


def test_a_cart_in_our_words_stays_as_it_is() -> None:
    ours = {"cart": {"id": "c1", "items": []}, "cart_url": "x"}
    assert context_of(ours) == ours
    assert context_of({"flight": "LH1", "date": "2026-03-03"})["flight"] == "LH1"


@pytest.mark.parametrize("quantity", ["3", True, 0, -1, 2.5, None])
def test_a_quantity_is_passed_on_as_it_was_said_for_the_gate_to_judge(quantity: Any) -> None:
    """`"3"` is not one: nothing is promised of a number nobody can read."""
    cart = context_of({**SEGMENT, "products": [{"sku": "LAMP", "quantity": quantity}]})["cart"]
    (item,) = cart["items"]
    assert item.get("quantity") is quantity


@pytest.mark.parametrize(
    ("price", "currency", "minor"),
    [(59.95, "EUR", 5_995), (5_000, "JPY", 5_000), ("59.999", "EUR", None), (True, "EUR", None),
     ("x", "EUR", None), (59.95, None, None), (59.95, "euro", None), (float("nan"), "EUR", None)],
)  # fmt: skip
def test_an_amount_is_in_minor_units_or_missing(price: Any, currency: Any, minor: Any) -> None:
    given = {"products": [{"sku": "LAMP", "price": price}], "currency": currency, "total": price}
    cart = context_of(given)["cart"]
    assert cart.get("value_minor") == minor
    assert cart["items"][0].get("price_minor") == minor


def test_products_that_are_none_are_left_out() -> None:
    assert context_of({"products": ["LAMP", None, 3]})["cart"] == {"items": []}
    assert "cart" not in context_of({"products": "LAMP"})


def test_the_subject_is_the_cart_else_its_articles_else_the_flight_else_the_goal() -> None:
    def subject(context: dict[str, Any]) -> str:
        return subject_of("recover_cart", context)

    assert subject({"cart": {"id": "c1", "items": [{"sku": "A"}]}}) == "cart:c1"
    assert subject({"cart": {"id": 7}}) == subject({"cart": {"id": "7"}})
    both = [{"sku": "B"}, {"sku": "A"}]
    assert subject({"cart": {"items": both}}) == subject({"cart": {"items": both[::-1]}})
    assert subject({"flight": "LH1", "date": "2026-03-03"}) == "flight:LH1:2026-03-03"
    assert subject({"subject": "x"}) == "subject:x"
    assert subject({}) == subject({"cart": {}}) == subject({"cart": "x"}) == "goal:recover_cart"
    assert subject(context_of(SEGMENT)) == "cart:c1"
