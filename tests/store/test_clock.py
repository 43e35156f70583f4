"""Simulated time stands where the database says, and only goes forward."""

from __future__ import annotations

import time

import pytest

from store import clock
from store.clock import SimulatedClock, SystemClock
from store.database import Database
from tests.databases import Place


def test_simulated_time_starts_once_and_outlives_the_process(any_place: Place) -> None:
    first = any_place.open()
    assert first.read_now(clock.stored) is None
    assert first.write_now(clock.start, 1_000) == 1_000
    first.write_now(clock.set_to, 5_000)
    first.close()
    second = any_place.open()
    assert second.write_now(clock.start, 1_000) == 5_000
    assert second.read_now(clock.stored) == 5_000
    second.close()


def test_simulated_time_never_goes_back(any_database: Database) -> None:
    any_database.write_now(clock.start, 1_000)
    any_database.write_now(clock.set_to, 1_000)
    with pytest.raises(ValueError, match="cannot go back"):
        any_database.write_now(clock.set_to, 999)
    assert any_database.read_now(clock.stored) == 1_000


def test_a_simulated_clock_stands_still_until_it_is_shown_another_time() -> None:
    simulated = SimulatedClock(7)
    assert simulated.simulated and simulated.now_us() == simulated.now_us() == 7
    simulated.show(8)
    assert simulated.now_us() == 8


def test_the_systems_clock_tells_microseconds_of_now() -> None:
    before = time.time_ns() // 1000
    assert before <= SystemClock().now_us() <= time.time_ns() // 1000
    assert not SystemClock.simulated
