"""How far back: short lengths, durations, instants; anything else is refused in words."""

from __future__ import annotations

import pytest

from agent.errors import Invalid
from agent.lookback import looked_back_to
from tests.agent.looks import DAY, HOUR, NOON


@pytest.mark.parametrize(
    ("since", "back"),
    [("7d", 7 * DAY), ("36h", 36 * HOUR), ("2w", 14 * DAY), ("P7D", 7 * DAY), ("PT12H", 12 * HOUR)],
)
def test_a_length_of_time_is_taken_from_now(since: str, back: int) -> None:
    assert looked_back_to(since, NOON) == NOON - back


def test_an_instant_is_taken_as_it_is_in_any_zone() -> None:
    assert looked_back_to("2026-03-03T13:00:00+01:00", NOON + DAY) == NOON


def test_nothing_is_older_than_the_beginning() -> None:
    assert looked_back_to("9999w", NOON) == 0


@pytest.mark.parametrize("since", ["", "7", "-7d", "0d", "7 days", "2026-03-03T12:00:00", "P1Y"])
def test_what_is_neither_is_refused_in_words(since: str) -> None:
    with pytest.raises(Invalid, match="neither a length of time"):
        looked_back_to(since, NOON)
