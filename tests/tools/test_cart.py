"""The cart: what the event states and the catalogue does not confirm is not believed."""

from __future__ import annotations

from typing import Any

from tests.tools.world import World
from tools.cart import CartLine, cart_currency, cart_lines, cart_value, in_stock, wanted


def lines_of(world: World, items: Any) -> tuple[CartLine, ...]:
    return world.db.read_now(cart_lines, {"items": items}, without=frozenset())


def test_p14_the_price_is_the_catalogues_and_the_carts_only_if_lower(world: World) -> None:
    cases: list[tuple[Any, int]] = [
        (None, 10_000),
        (9_000, 9_000),
        (11_000, 10_000),
        (0, 0),
        (-1, 10_000),
        (True, 10_000),
        ("9000", 10_000),
        (9_000.0, 10_000),
    ]
    items = [{"sku": "lamp", "quantity": 1, "price_minor": stated} for stated, _ in cases]
    assert [line.price_minor for line in lines_of(world, items)] == [p for _, p in cases]


def test_p6_a_quantity_that_is_none_is_unknown(world: World) -> None:
    good = [(3, 3), (2.0, 2), (1_000_000, 1_000_000)]
    bad: list[Any] = [0, -1, True, "3", 1.5, None, 10**30, [1], float("nan"), float("inf")]
    for stated, quantity in [*good, *((x, None) for x in bad)]:
        (line,) = lines_of(world, [{"sku": "lamp", "quantity": stated}])
        assert line.quantity == quantity, stated


def test_without_a_word_about_it_there_is_one_of_each(world: World) -> None:
    (line,) = lines_of(world, [{"sku": "lamp"}])
    assert line.quantity == 1


def test_p6_what_the_catalogue_does_not_know_has_no_price_and_no_stock(world: World) -> None:
    world.put_product("bare", price_minor=None, cost_minor=None, stock=None)
    nobody, bare = lines_of(world, [{"sku": "ghost", "price_minor": 5}, {"sku": "bare"}])
    for line in (nobody, bare):
        assert (line.price_minor, line.cost_minor, line.free_stock) == (None, None, None)
        assert in_stock([line]) is None


def test_p6_a_list_of_articles_that_is_none_is_an_empty_cart(world: World) -> None:
    junk: list[Any] = [None, 5, "lamp", {"sku": "lamp"}, [], [5, None, "lamp"], [{"quantity": 1}]]
    for items in [*junk, [{"sku": ""}], [{"sku": "lamp"}] * 1_001]:
        assert lines_of(world, items) == ()
    assert in_stock(()) is None


def test_p14_a_name_that_no_database_can_hold_is_an_unknown_article(any_world: World) -> None:
    for sku in ("\x00", "a\x00b", "\ud800", "x" * 10_000, "' OR 1=1 --", 7):
        (line,) = lines_of(any_world, [{"sku": sku, "quantity": 1}])
        assert (line.sku, line.price_minor) == (str(sku), None)


def test_quantities_of_one_article_are_summed(world: World) -> None:
    world.put_product(stock=4)
    lines = lines_of(world, [{"sku": "lamp", "quantity": 2}, {"sku": "lamp", "quantity": 3}])
    assert wanted(lines) == {"lamp": 5}
    assert in_stock(lines) is False
    assert in_stock(lines[:1]) is True


def test_p12_amounts_of_different_currencies_are_never_one(world: World) -> None:
    world.put_product("dollars", currency="USD")
    euros, dollars = lines_of(world, [{"sku": "lamp"}, {"sku": "dollars"}])
    assert cart_currency((euros, dollars), {}) is None
    assert cart_currency((euros,), {"currency": "USD"}) is None
    assert cart_currency((euros,), {"currency": ["EUR"]}) is None
    assert cart_currency((euros,), {"currency": "EUR"}) == "EUR"
    assert cart_currency((euros,), {}) == "EUR"
    assert cart_currency((), {}) is None


def test_the_carts_worth_is_that_of_its_lines_where_all_are_priced(world: World) -> None:
    lines = lines_of(world, [{"sku": "lamp", "quantity": 2}])
    assert cart_value(lines, {"value_minor": 1}) == 20_000
    unpriced = (*lines, *lines_of(world, [{"sku": "ghost"}]))
    assert cart_value(unpriced, {"value_minor": 7_000}) == 7_000
    for junk in (None, True, "7000", -1, 7.5):
        assert cart_value(unpriced, {"value_minor": junk}) is None
