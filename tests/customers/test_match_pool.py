"""The pool finds who it holds, forgets whom it is told to, and learns how many arrive known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from customers.comparable import Comparable
from customers.match_pool import MatchPool, shipped_weights
from tests.customers.test_matching import ADA

KIM = Comparable("kim", "ng", "19800607", "9 far road", "perth", "6000", "wa")


def pool_of(*records: Comparable, block_cap: int = 100) -> MatchPool:
    pool = MatchPool(shipped_weights(), block_cap)
    for n, record in enumerate(records):
        pool.add(f"cus_{n}", record)
    return pool


def test_a_record_with_a_slip_is_found_and_merged() -> None:
    pool = pool_of(KIM, ADA)
    answer = pool.decide(replace(ADA, surname="lovelacce", birth_date="19151201"))
    assert (answer.kind, answer.id) == ("merge", "cus_1")
    assert answer.scored is not None and answer.scored.level("surname") == "close"


def test_an_empty_pool_and_an_empty_record_are_nobodys() -> None:
    assert pool_of().decide(ADA).kind == "nobody"
    assert pool_of(ADA).decide(Comparable()).kind == "nobody"


def test_who_is_removed_is_not_found_again() -> None:
    pool = pool_of(KIM, ADA)
    pool.remove("cus_1")
    assert "cus_1" not in pool and len(pool) == 1
    assert pool.candidates(ADA) == {}
    assert pool.decide(ADA).kind == "nobody"
    pool.remove("cus_1")
    assert "cus_0" in pool.candidates(KIM)


def test_several_records_of_one_id_are_one_candidate_and_the_best_counts() -> None:
    pool = pool_of(ADA)
    moved = replace(ADA, street="1 other street", suburb="albany", postcode="6330")
    pool.add("cus_0", moved)
    pool.add("cus_0", moved)
    assert len(pool) == 1
    assert [len(records) for records in pool.candidates(moved).values()] == [2]
    answer = pool.decide(moved)
    assert answer.kind == "merge" and answer.scored is not None
    assert answer.scored.level("street") == "exact"


def test_a_block_above_the_cap_is_left_out_whole_and_counted() -> None:
    crowd = [Comparable(birth_date="19500505", street=f"{n} road") for n in range(4)]
    one = Comparable(birth_date="19500505")
    assert len(pool_of(*crowd, block_cap=4).candidates(one)) == 4
    pool = pool_of(*crowd, block_cap=3)
    assert pool.candidates(one) == {} and pool.blocks_skipped == 1
    pool.remove("cus_0")
    assert len(pool.candidates(one)) == 3


def test_a_cap_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="block_cap must be at least 1"):
        pool_of(block_cap=0)


def test_the_prior_follows_what_arrives_and_stays_below_certainty() -> None:
    known, unknown = pool_of(ADA), pool_of(KIM)
    assert known.prior_match == unknown.prior_match == 0.5
    for _ in range(1_000):
        known.decide(ADA)
        unknown.decide(ADA)
    assert known.prior_match == 0.95
    assert 0 < unknown.prior_match < 0.02


def test_the_same_evidence_that_merges_among_few_does_not_among_many() -> None:
    faint = Comparable(given_name="augusta", surname="lovelace", region="wa")
    few, many = pool_of(faint), pool_of(faint)
    for n in range(20_000):
        many.add(f"other_{n}", Comparable(birth_date="19500505", suburb=str(n)))
    assert few.decide(faint).kind == "merge"
    assert many.decide(faint).kind == "link"


def test_deciding_adds_nobody() -> None:
    pool = pool_of(KIM)
    pool.decide(ADA)
    assert len(pool) == 1 and pool.candidates(ADA) == {}
