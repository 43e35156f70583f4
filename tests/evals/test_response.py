"""The hidden half of the world: the same luck for every planner, and effects that point one way."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from evals.worlds.response import DAY_US, HOUR_US, Contact, World
from evals.worlds.shop import build

WORLD = World(build(customers=60), seed=7)
NOON = 1_772_539_200_000_000
CARTS = [visit.cart for visit in WORLD.visits]
carts = st.sampled_from(CARTS)
BOUNDED = settings(max_examples=60, deadline=None)


def test_equal_seeds_give_equal_worlds_and_others_do_not() -> None:
    again = World(build(customers=60), seed=7)
    assert again.hidden == WORLD.hidden and again.visits == WORLD.visits
    assert World(build(customers=60), seed=8).hidden != WORLD.hidden


def test_there_is_somebody_of_every_kind_and_everybody_comes() -> None:
    assert {one.kind for one in WORLD.hidden.values()} == {
        "sure",
        "persuadable",
        "bargain",
        "touchy",
    }
    assert {cart.user_id for cart in CARTS} == {person.user_id for person in WORLD.shop.people}
    assert len({cart.id for cart in CARTS}) == len(CARTS)


@BOUNDED
@given(carts, st.sampled_from(["email", "sms"]), st.integers(0, 23), st.integers(0, 2_000))
def test_who_buys_anyway_buys_after_a_first_letter_too(
    cart: object, channel: str, hour: int, discount_bp: int
) -> None:
    assert cart in CARTS
    one = next(c for c in CARTS if c == cart)
    at = NOON + hour * HOUR_US
    reaction = WORLD.reaction(one, Contact(at, channel, discount_bp), before=())
    assert reaction.at > at
    if WORLD.buys_anyway_at(one, left_at=NOON) is not None:
        assert reaction.what == "buys"


@BOUNDED
@given(carts, st.integers(0, 1_900))
def test_a_larger_discount_never_loses_a_buyer(cart: object, discount_bp: int) -> None:
    one = next(c for c in CARTS if c == cart)
    smaller = WORLD.reaction(one, Contact(NOON, "email", discount_bp), before=())
    larger = WORLD.reaction(one, Contact(NOON, "email", discount_bp + 100), before=())
    assert smaller.what != "buys" or larger.what == "buys"


def test_only_letters_beyond_patience_irritate_and_old_ones_are_forgotten() -> None:
    contact = Contact(NOON, "email", 0)
    recent = tuple(Contact(NOON - n * DAY_US, "email", 0) for n in (1, 2, 3))
    angry = [c for c in CARTS if _is_angry(WORLD.reaction(c, contact, before=recent).what)]
    assert angry
    assert not [c for c in CARTS if _is_angry(WORLD.reaction(c, contact, before=()).what)]
    old = tuple(replace(one, at=one.at - 7 * DAY_US) for one in recent)
    assert not [c for c in angry if _is_angry(WORLD.reaction(c, contact, before=old).what)]


def _is_angry(what: str) -> bool:
    return what in ("unsubscribes", "complains")
