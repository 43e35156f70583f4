"""The scripted channel keeps the contract of channels, and its script."""

from __future__ import annotations

import pytest

from tests.tools.channels.contract import ChannelContract, letter_of, ours
from tools.channels.channel import Letter, SendStatus
from tools.channels.scripted import Scripted


class _ScriptedContract(ChannelContract):
    deduplicates = False

    @pytest.fixture(autouse=True)
    def _with(self) -> None:
        self.channel = Scripted(deduplicates=self.deduplicates)

    def make_channel(self) -> Scripted:
        return self.channel

    def letter(self) -> Letter:
        return letter_of(b"Subject: a cart\r\n\r\nHello\r\n", customer_id="cus_1", channel="email")

    def arrived(self) -> list[bytes]:
        return [letter.raw for letter in self.channel.arrived]

    def block(self) -> None:
        self.channel.reachable = False


class TestScripted(_ScriptedContract):
    """A provider that knows no idempotency keys."""


class TestScriptedThatDeduplicates(_ScriptedContract):
    """A provider that does."""

    deduplicates = True


async def test_it_answers_in_the_order_of_its_script_and_then_sends() -> None:
    channel = Scripted([SendStatus.NOT_SENT, SendStatus.REFUSED, SendStatus.UNKNOWN])
    letter = letter_of(b"x", customer_id="cus_1", channel="email")
    said = [(await channel.send(letter, still_ours=ours)).status for _ in range(4)]
    assert said == ["not_sent", "refused", "unknown", "sent"]
    assert len(channel.arrived) == 2


async def test_an_error_of_its_own_comes_after_the_letter_has_arrived() -> None:
    channel = Scripted([ConnectionResetError("peer")])
    letter = letter_of(b"x", customer_id="cus_1", channel="email")
    with pytest.raises(ConnectionResetError):
        await channel.send(letter, still_ours=ours)
    assert channel.arrived == [letter]
