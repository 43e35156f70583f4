"""The sample shop: the same every time, plausible, and nobody real in it."""

from collections import Counter
from datetime import timedelta

import phonenumbers
import pytest

from evals.data.cdnow import read_extract
from evals.worlds.people import CHANNELS
from evals.worlds.shop import Shop, build, history


@pytest.fixture(scope="module")
def shop() -> Shop:
    return build()


def test_equal_seeds_make_equal_worlds_and_other_seeds_others(shop: Shop) -> None:
    assert build() == shop
    assert build(seed=8).people != shop.people


def test_every_margin_lies_between_eight_and_sixty_percent(shop: Shop) -> None:
    for product in shop.products:
        net = product.price_minor / 1.19
        assert 0.0799 <= (net - product.cost_minor) / net <= 0.601, product


def test_some_articles_are_sold_out_and_some_carts_hold_them(shop: Shop) -> None:
    gone = {product.sku for product in shop.products if product.stock == 0}
    assert gone
    assert any(line.product.sku in gone for cart in shop.carts for line in cart.lines)


def test_amounts_and_gaps_between_purchases_are_those_of_the_real_customers(shop: Shop) -> None:
    real = read_extract()
    assert Counter(order.total_minor for order in shop.orders) == Counter(p.cents for p in real)
    shift = {
        order.at.date() - purchase.day
        for order, purchase in zip(
            sorted(shop.orders, key=lambda o: (o.user_id, o.at.date(), o.order_id)),
            sorted(real, key=lambda p: (p.customer_id, p.day)),
            strict=True,
        )
    }
    assert len(shift) == 1


def test_the_record_ends_just_before_the_world_starts(shop: Shop) -> None:
    newest = max(order.at for order in shop.orders)
    assert shop.start - timedelta(days=2) < newest < shop.start


def test_nobody_can_be_reached_by_accident(shop: Shop) -> None:
    for person in shop.people:
        assert person.email.rsplit("@", 1)[1] in {"example.com", "example.org"}
        assert person.email.isascii()
        if person.phone is not None:
            assert phonenumbers.is_valid_number(phonenumbers.parse(person.phone))
            assert person.phone[-7:-2] == "55501" or person.phone.startswith(
                ("+4917139200", "+49176")
            )
    assert len({person.email for person in shop.people}) == len(shop.people)
    phones = [person.phone for person in shop.people if person.phone]
    assert len(set(phones)) == len(phones)


def test_every_state_of_consent_and_every_zone_occurs(shop: Shop) -> None:
    states = {(channel, p.consents[channel]) for p in shop.people for channel in CHANNELS}
    assert {state for _, state in states} == {"granted", "revoked", "absent"}
    assert {p.zone for p in shop.people} == {
        "Europe/Berlin",
        "Europe/Lisbon",
        "America/New_York",
        "Asia/Tokyo",
    }
    assert all(p.consents["sms"] == "absent" for p in shop.people if p.phone is None)


def test_history_is_marked_historical_and_each_message_has_its_own_id(shop: Shop) -> None:
    messages = history(shop)
    assert all(message["context"] == {"historical": True} for message in messages)
    assert len({message["messageId"] for message in messages}) == len(messages)
    assert all(message["timestamp"].endswith("Z") for message in messages)


def test_the_world_says_what_is_generated(shop: Shop) -> None:
    assert shop.meta["generated"] is True
    assert "dates shifted" in shop.meta["changed"]


def test_a_cart_is_worth_what_its_lines_cost(shop: Shop) -> None:
    for cart in shop.carts:
        context = cart.context()["cart"]
        assert context["value_minor"] == sum(
            item["price_minor"] * item["quantity"] for item in context["items"]
        )
