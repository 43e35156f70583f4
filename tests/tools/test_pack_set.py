"""The packs of one moment: which decides which goal, what stands on what, and what is broken."""

from __future__ import annotations

import pytest

from policies.pack import PolicyError
from tests.tools.pack_texts import commerce, on_top, organisation
from tools.pack_set import Compiled, NoPack, PackSet, layers

TEXTS = {
    "commerce": commerce(1),
    "house": organisation(1),
    "shop": on_top("shop", goals="recover_cart", most=1_500),
    "club": on_top("club", goals="retain_account", below="shop"),
}


def packs(**changes: str) -> PackSet:
    return PackSet({**TEXTS, **changes}, Compiled())


def test_a_goal_is_decided_by_the_pack_that_names_it() -> None:
    found = packs()
    assert (found.decides("recover_cart"), found.decides("retain_account")) == ("shop", "club")
    assert found.decides("rebook_passenger") is None
    assert found.in_use("commerce") == ["commerce", "club", "shop"]


def test_a_pack_is_made_of_the_texts_it_stands_on() -> None:
    found = packs()
    assert layers("club", TEXTS) == ["house", "shop", "club"]
    assert found.on_top_of("house") == ["club", "house", "shop"]
    assert found.pack("club").params["max_discount_bp"] == 1_500
    assert found.pack("house").params["max_discount_bp"] == 2_000


def test_what_did_not_change_is_not_compiled_again() -> None:
    compiled = Compiled()
    one = PackSet(TEXTS, compiled)
    other = PackSet({**TEXTS, "shop": on_top("shop", 2, most=1_000)}, compiled)
    assert other.pack("house") is one.pack("house")
    assert other.pack("commerce") is one.pack("commerce")
    assert other.pack("club") is not one.pack("club")
    assert other.pack("club").params["max_discount_bp"] == 1_000


def test_a_broken_pack_refuses_and_hands_its_goals_to_nobody() -> None:
    found = packs(shop=TEXTS["shop"] + "of_a_later_release: 1\n")
    assert found.decides("recover_cart") == "shop"
    for name in ("shop", "club"):
        with pytest.raises(PolicyError, match="of_a_later_release"):
            found.pack(name)
    assert found.pack("commerce").name == "commerce"


def test_where_a_text_cannot_be_read_at_all_no_goal_is_decided() -> None:
    found = packs(shop="policy: [")
    with pytest.raises(PolicyError):
        found.decides("rebook_passenger")


def test_a_goal_that_two_packs_name_is_decided_by_neither() -> None:
    found = packs(club=on_top("club", goals="recover_cart"))
    assert found.goals["recover_cart"] == ["club", "shop"]
    with pytest.raises(NoPack, match="named by the packs club, shop"):
        found.decides("recover_cart")


def test_a_pack_that_is_not_there_is_told() -> None:
    with pytest.raises(NoPack, match="PUT /v1/policies/finance"):
        packs().pack("finance")


def test_whether_two_people_are_needed_is_known_of_broken_packs_too() -> None:
    eyes = on_top("shop", four_eyes=True)
    assert packs(shop=eyes).asks_for_two("shop") and packs(shop=eyes).asks_for_two("club")
    assert not packs().asks_for_two("shop")
    broken = packs(shop=eyes + "of_a_later_release: 1\n")
    assert broken.asks_for_two("shop") and broken.asks_for_two("club")
    assert not broken.asks_for_two("commerce")
    assert packs(shop="policy: [").asks_for_two("shop")
