"""One slip, or one field left out, leaves a key in common."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given

from customers.comparable import Comparable
from customers.match_keys import match_keys, sound
from tests.customers.test_matching import ADA, comparables


def test_a_record_that_says_nothing_has_no_keys() -> None:
    assert match_keys(Comparable()) == ()
    assert match_keys(Comparable(given_name="ada")) == ()


@given(comparables)
def test_keys_are_short_each_once_and_always_the_same(record: Comparable) -> None:
    keys = match_keys(record)
    assert len(keys) == len(set(keys))
    assert all(len(key) < 40 for key in keys)
    assert keys == match_keys(replace(record))


@pytest.mark.parametrize("field", [f.name for f in fields(Comparable)])
def test_whichever_one_field_is_left_out_or_other_a_key_is_shared(field: str) -> None:
    for value in (None, "zzz9"):
        assert set(match_keys(replace(ADA, **{field: value}))) & set(match_keys(ADA))


def test_names_in_each_others_place_share_the_keys_of_names() -> None:
    bare = Comparable(given_name="augusta", surname="lovelace")
    turned = Comparable(given_name="lovelace", surname="augusta")
    assert match_keys(bare) and match_keys(bare) == match_keys(turned)


@pytest.mark.parametrize("field", ["surname", "birth_date", "postcode", "street"])
def test_no_key_hangs_on_one_common_word_alone(field: str) -> None:
    stranger = Comparable("kim", "ng", "19800607", "9 far road", "perth", "6000", "wa")
    shared = replace(stranger, **{field: getattr(ADA, field)})
    alone = set(match_keys(shared)) & set(match_keys(ADA))
    assert alone == ({"born:19151210"} if field == "birth_date" else set())


@pytest.mark.parametrize(
    ("one", "other"),
    [("smith", "smyth"), ("meyer", "meier"), ("peterson", "petersen"), ("robert", "rupert")],
)
def test_names_that_sound_alike_have_one_sound(one: str, other: str) -> None:
    assert sound(one) == sound(other)


def test_names_that_do_not_have_others() -> None:
    assert len({sound(name) for name in ("smith", "jones", "lovelace", "babbage", "ng")}) == 5
