"""Arbitration: one contact or none, whatever the order, and every loser knows why."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.arbitration import (
    ANOTHER_LOOK_US,
    CONTACT_COST,
    HALF_LIFE_US,
    LEAST_VALUE,
    MILLION,
    Candidate,
    Terms,
    arbitrate,
    contact_cost,
    fit,
    terms_of,
)
from policies.arbitration import FACTORS, Arbitration

NOW = 1_772_539_200_000_000


def candidate(key: str, *, goal: str = "recover_cart", **terms: int) -> Candidate:
    full = {"p": MILLION, "c": MILLION, "v": MILLION, "l": MILLION, "cost": 0, **terms}
    return Candidate(key, goal, "shopping", "call_1", Terms(**full))


factors = st.integers(0, MILLION)
candidates = st.lists(
    st.builds(
        Candidate,
        key=st.uuids().map(str),
        goal=st.sampled_from(["recover_cart", "retain_account"]),
        agent=st.just("shopping"),
        call_id=st.just("call_1"),
        terms=st.builds(Terms, p=factors, c=factors, v=factors, l=factors, cost=factors),
    ),
    max_size=5,
    unique_by=lambda c: c.key,
)


@given(candidates)
@settings(max_examples=300, deadline=None)
def test_there_is_one_winner_or_none_and_everybody_else_has_lost(given: list[Candidate]) -> None:
    winner, losers = arbitrate(given, now_us=NOW)
    assert sorted(c.key for c in given) == sorted(
        [lost.candidate.key for lost in losers] + ([winner.key] if winner else [])
    )
    best = max((c.terms.score for c in given), default=0)
    assert (winner is not None) is (best > 0)
    if winner is not None:
        assert winner.terms.score == best


@given(candidates)
@settings(max_examples=100, deadline=None)
def test_the_order_of_arrival_decides_nothing(given: list[Candidate]) -> None:
    outcomes = [arbitrate(order, now_us=NOW) for order in list(permutations(given))[:24]]
    assert all(outcome == outcomes[0] for outcome in outcomes)


def test_priority_is_the_product_of_its_four_factors_less_the_cost() -> None:
    terms = Terms(p=500_000, c=500_000, v=800_000, l=MILLION, cost=30_000)
    assert terms.score == 200_000 - 30_000
    for factor in ("p", "c", "v", "l"):
        assert candidate("a", **{factor: 0}).terms.score == 0


def test_doing_nothing_is_a_candidate_and_beats_a_contact_that_costs_what_it_brings() -> None:
    assert arbitrate([candidate("a", p=CONTACT_COST, cost=CONTACT_COST)], now_us=NOW)[0] is None
    assert arbitrate([candidate("a", p=CONTACT_COST + 1, cost=CONTACT_COST)], now_us=NOW)[0]
    assert arbitrate([], now_us=NOW) == (None, [])


def test_the_cost_of_a_contact_halves_every_two_days_and_is_nothing_for_a_stranger() -> None:
    assert contact_cost(None, NOW) == 0
    assert contact_cost(NOW, NOW) == CONTACT_COST
    assert contact_cost(NOW - HALF_LIFE_US, NOW) == CONTACT_COST // 2
    assert contact_cost(NOW - 2 * HALF_LIFE_US, NOW) == CONTACT_COST // 4
    assert contact_cost(NOW + HALF_LIFE_US, NOW) == CONTACT_COST


@given(st.integers(0, 10**15), st.integers(0, 10**15))
@settings(max_examples=100, deadline=None)
def test_a_longer_rest_never_costs_more(one: int, two: int) -> None:
    shorter, longer = sorted((one, two))
    assert contact_cost(NOW - longer, NOW) <= contact_cost(NOW - shorter, NOW)


def test_a_tie_is_broken_by_a_hash_that_does_not_change() -> None:
    keys = [f"dec_{n}" for n in range(20)]
    winner, _ = arbitrate([candidate(key) for key in keys], now_us=NOW)
    assert winner is not None and winner.key == "dec_15"
    assert {
        found.key
        for n in range(20)
        if (found := arbitrate([candidate(f"dec_{n}"), candidate(f"x_{n}")], now_us=NOW)[0])
    } & {f"x_{n}" for n in range(20)}, "neither side of a tie always wins"


def test_losers_are_told_why_in_words_and_when_there_is_another_look() -> None:
    strong, weak = candidate("a", goal="retain_account"), candidate("b", v=LEAST_VALUE)
    _, (lost,) = arbitrate([weak, strong], now_us=NOW)
    assert lost.candidate is weak and lost.look_again_at == NOW + ANOTHER_LOOK_US
    assert lost.reason == "another message (retain account) was worth more to this person now"
    _, (lost,) = arbitrate([candidate("a"), weak], now_us=NOW)
    assert lost.reason == "another message of the same kind was worth more to this person now"
    _, (lost,) = arbitrate([candidate("a", p=1, cost=CONTACT_COST)], now_us=NOW)
    assert lost.reason == "doing nothing was worth more than another contact so soon"
    _, (lost,) = arbitrate([candidate("a", p=0)], now_us=NOW)
    assert lost.reason.startswith("too little is known")


def test_p6_what_is_not_known_counts_least() -> None:
    def terms(confidence: int | None, value: int | None) -> Terms:
        return terms_of(
            confidence_bp=confidence, value_minor=value, last_contact_at=None, now_us=NOW
        )

    assert terms(None, 10_000).score == 0
    assert terms(10_000, None).v == terms(10_000, 0).v == LEAST_VALUE
    assert terms(10_000, 10_000).v == MILLION // 2
    assert terms(10_000, 10**12).v == MILLION
    assert terms(10_000, None).score < terms(10_000, 10_000).score


def test_a_stated_channel_counts_for_more_than_a_learned_one() -> None:
    assert fit("email", stated="email", learned="sms") == MILLION
    assert fit("sms", stated="email", learned="sms") < fit("sms", stated=None, learned="email")
    assert fit("email", stated=None) == fit(None, stated="sms") == MILLION


@pytest.mark.parametrize("p", [0, 1, MILLION])
def test_scores_are_whole_numbers_so_that_a_replay_ranks_the_same(p: int) -> None:
    assert type(candidate("a", p=p).terms.score) is int
    assert type(contact_cost(NOW - 12_345, NOW)) is int


@given(
    off=st.sets(st.sampled_from(FACTORS)),
    sure=st.integers(0, 10_000),
    value=st.integers(0, 50_000),
    lever=st.integers(-100, 900),
)
@settings(max_examples=200, deadline=None)
def test_a_factor_that_is_switched_off_counts_as_one_and_the_cost_as_nothing(
    off: set[str], sure: int, value: int, lever: int
) -> None:
    def terms(contest: Arbitration) -> Terms:
        return terms_of(
            confidence_bp=sure,
            value_minor=value,
            last_contact_at=NOW,
            now_us=NOW,
            channel_fit=MILLION // 2,
            goal="recover_cart",
            contest=contest,
        )

    whole = terms(Arbitration(levers={"recover_cart": lever}))
    some = terms(Arbitration(frozenset(off), {"recover_cart": lever}))
    assert whole.l == MILLION + lever * 10_000
    for factor, term in zip(FACTORS, ("p", "c", "v", "l", "cost"), strict=True):
        neutral = 0 if term == "cost" else MILLION
        assert getattr(some, term) == (neutral if factor in off else getattr(whole, term))


def test_a_lever_of_another_goal_moves_nothing() -> None:
    contest = Arbitration(levers={"retain_account": 900})
    terms = terms_of(
        confidence_bp=5_000,
        value_minor=None,
        last_contact_at=None,
        now_us=NOW,
        goal="recover_cart",
        contest=contest,
    )
    assert terms.l == MILLION
