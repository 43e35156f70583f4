"""Ids say what they are, never meet, and sort by the order in which they were made."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

from store.ids import new_id


def test_an_id_says_what_it_is() -> None:
    assert re.fullmatch(r"dec_[0-9a-hjkmnp-tv-z]{26}", new_id("dec"))


def test_ids_sort_by_the_order_of_making_within_one_moment_too() -> None:
    made = [new_id("apr") for _ in range(5_000)]
    assert made == sorted(made) and len(set(made)) == 5_000


def test_threads_never_make_the_same_id() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: new_id("eff"), range(4_000)))
    assert len(set(made)) == 4_000
