"""Arms: stable, in proportion, and drawn anew for each goal (P13)."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.arms import FULL_BP, assign

PEOPLE = [f"cus_{n}" for n in range(20_000)]
ARMS = {"agent": 8_000, "rules": 1_500, "nothing": 500}


def test_p13_nobody_changes_sides() -> None:
    first = [assign(who, goal="recover_cart", arms=ARMS) for who in PEOPLE[:500]]
    again = [
        assign(who, goal="recover_cart", arms=dict(reversed(ARMS.items()))) for who in PEOPLE[:500]
    ]
    assert first == again
    # Frozen: another hash would move everybody who is in a running experiment.
    assert first.index("rules") == 6 and first.index("nothing") == 17


def test_the_shares_are_what_they_say() -> None:
    counted = Counter(assign(who, goal="recover_cart", arms=ARMS) for who in PEOPLE)
    for arm, share in ARMS.items():
        expected = len(PEOPLE) * share / FULL_BP
        assert abs(counted[arm] - expected) < 5 * expected**0.5


def test_the_arm_for_one_goal_says_nothing_of_the_arm_for_another() -> None:
    half = {"agent": 5_000, "rules": 5_000}
    pairs = Counter(
        tuple(assign(who, goal=goal, arms=half) for goal in ("recover_cart", "retain_account"))
        for who in PEOPLE
    )
    quarter = len(PEOPLE) / 4
    assert len(pairs) == 4
    assert all(abs(n - quarter) < 5 * quarter**0.5 for n in pairs.values())


def test_a_larger_share_for_one_arm_moves_only_whom_it_must() -> None:
    before, after = {"agent": 5_000, "rules": 5_000}, {"agent": 6_000, "rules": 4_000}
    moved = Counter(
        (assign(who, goal="g", arms=before), assign(who, goal="g", arms=after)) for who in PEOPLE
    )
    assert moved["agent", "rules"] == 0
    assert 0 < moved["rules", "agent"] < len(PEOPLE) * 0.12


@given(st.text(max_size=40), st.integers(0, FULL_BP))
@settings(max_examples=200, deadline=None)
def test_everybody_is_in_exactly_one_arm_and_never_in_an_empty_one(who: str, share: int) -> None:
    arms = {"agent": share, "nothing": FULL_BP - share}
    assert arms[assign(who, goal="g", arms=arms)] > 0


def test_shares_that_do_not_add_up_are_an_error_and_not_a_guess() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        for who in PEOPLE[:100]:
            assign(who, goal="g", arms={"agent": 5_000})
