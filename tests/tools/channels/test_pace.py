"""Turns come at an even distance, whoever asks."""

from __future__ import annotations

import asyncio

import pytest

from tools.channels.pace import Pace


class Watch:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waited: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        await asyncio.sleep(0)


def pace(watch: Watch, per_second: float, patience: float = 20.0) -> Pace:
    return Pace(per_second, patience=patience, monotonic=watch, sleep=watch.sleep)


async def test_turns_that_are_asked_for_at_once_come_one_after_the_other() -> None:
    watch = Watch()
    turns = pace(watch, 4)
    assert await asyncio.gather(*(turns.turn() for _ in range(4))) == [True] * 4
    assert watch.waited == pytest.approx([0.25, 0.5, 0.75])


async def test_who_comes_later_than_the_next_turn_waits_for_nothing() -> None:
    watch = Watch()
    turns = pace(watch, 2)
    await turns.turn()
    watch.now += 10
    await turns.turn()
    assert watch.waited == []
    await turns.turn()
    assert watch.waited == [0.5], "an idle minute saves up no turns"


async def test_who_would_wait_too_long_gets_no_turn_and_takes_none() -> None:
    watch = Watch()
    turns = pace(watch, 1, patience=2)
    assert [await turns.turn() for _ in range(5)] == [True, True, True, False, False]
    watch.now += 1
    assert await turns.turn()
