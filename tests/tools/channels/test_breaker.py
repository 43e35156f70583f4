"""The circuit breaker: opens, lets one try after a pause, and closes again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tools.channels.breaker import Breaker, Trial


class Now:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def report(breaker: Breaker, well: bool | None) -> bool:
    """Whether there was a trial to report on."""
    trial = breaker.trial()
    if isinstance(trial, str):
        return False
    with trial:
        if well is True:
            trial.went_well()
        elif well is False:
            trial.went_badly()
    return True


def test_it_opens_after_failures_in_a_row_and_lets_one_try_after_the_pause() -> None:
    now = Now()
    breaker = Breaker(failures=3, pause_s=30, monotonic=now)
    for well in (False, False, True, False, False, False):
        assert report(breaker, well)
    told = breaker.trial()
    assert isinstance(told, str) and "3 times in a row" in told
    now.at = 29.9
    assert isinstance(breaker.trial(), str)
    now.at = 30.0
    probe = breaker.trial()
    assert isinstance(probe, Trial)
    with probe:
        other = breaker.trial()
        assert isinstance(other, str) and "one letter is trying it" in other
        probe.went_badly()
    assert isinstance(breaker.trial(), str), "and the pause begins again"
    now.at = 60.0
    assert report(breaker, True)
    assert report(breaker, None) and report(breaker, None)


def test_a_probe_that_ends_without_a_word_leaves_its_place_to_another() -> None:
    now = Now()
    breaker = Breaker(failures=1, pause_s=1, monotonic=now)
    report(breaker, False)
    now.at = 1.0
    assert report(breaker, None)
    assert report(breaker, True)


@given(st.lists(st.sampled_from([True, False, None]), max_size=40))
def test_it_is_open_exactly_after_so_many_failures_in_a_row(reports: list[bool | None]) -> None:
    breaker = Breaker(failures=4, monotonic=Now())
    in_a_row = 0
    for well in reports:
        assert report(breaker, well) == (in_a_row < 4)
        if in_a_row < 4 and well is not None:
            in_a_row = 0 if well else in_a_row + 1
