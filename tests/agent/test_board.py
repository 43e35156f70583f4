"""The board: whoever waits for an event is told once, and nothing is kept for nobody."""

from __future__ import annotations

import asyncio

import pytest

from agent.board import WaitingBoard


async def test_everybody_who_waits_for_an_event_is_told() -> None:
    board = WaitingBoard()
    with board.expect("evt_1") as one, board.expect("evt_1") as two, board.expect("evt_2") as other:
        board.announce("evt_1", "dec_1")
        board.announce("evt_1", "dec_2")
        assert (await one, await two) == ("dec_1", "dec_1")
        assert not other.done()
        board.announce("evt_2", None)
        assert await other is None


async def test_an_announcement_nobody_waits_for_is_not_kept() -> None:
    board = WaitingBoard()
    board.announce("evt_1", "dec_1")
    with board.expect("evt_1") as future:
        assert not future.done()


async def test_whoever_gives_up_leaves_nothing_behind() -> None:
    board = WaitingBoard()
    with pytest.raises(asyncio.CancelledError), board.expect("evt_1") as future:
        future.cancel()
        board.announce("evt_1", "dec_1")
        await future
    assert not board._waiting
