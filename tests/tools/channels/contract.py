"""What every channel must keep (P3), as one class of tests that each channel's own tests inherit.

A subclass says how to make the channel, how to stop it from taking anything, and what has arrived.
"""

from __future__ import annotations

import asyncio
import hashlib
from abc import ABC, abstractmethod
from dataclasses import replace

from tools.channels.channel import KINDS, Channel, Letter, SendStatus

EFFECT = "eff_01k2m3n4p5q6r7s8t9v0w1x2y3"


async def ours() -> bool:
    return True


async def taken() -> bool:
    return False


def letter_of(raw: bytes, *, customer_id: str, channel: str, effect_id: str = EFFECT) -> Letter:
    return Letter(
        effect_id=effect_id,
        idempotency_key=f"dec_1:{effect_id}",
        customer_id=customer_id,
        channel=channel,
        to="ada@customer.example" if channel == "email" else "+4915112345678",
        raw=raw,
        sha256=hashlib.sha256(raw).hexdigest(),
        sender="hello@haus-alba.example",
    )


class ChannelContract(ABC):
    """Inherit, and give the four below."""

    @abstractmethod
    def make_channel(self) -> Channel:
        """The channel under test, reaching something real."""

    @abstractmethod
    def letter(self) -> Letter:
        """A letter the channel can carry."""

    @abstractmethod
    def arrived(self) -> list[bytes]:
        """Everything that has arrived so far, as bytes."""

    @abstractmethod
    def block(self) -> None:
        """Make what the channel reaches unreachable."""

    async def test_p3_a_letter_arrives_byte_for_byte(self) -> None:
        letter = self.letter()
        result = await self.make_channel().send(letter, still_ours=ours)
        assert result.status is SendStatus.SENT
        assert result.provider_id
        assert self.arrived() == [letter.raw]

    async def test_p3_a_claim_that_is_gone_hands_nothing_over(self) -> None:
        result = await self.make_channel().send(self.letter(), still_ours=taken)
        assert result.status is SendStatus.NOT_SENT
        assert result.provider_id is None
        assert "claim" in result.detail
        assert self.arrived() == []

    async def test_p3_the_claim_is_asked_about_before_anything_arrives(self) -> None:
        seen: list[list[bytes]] = []

        async def looking() -> bool:
            seen.append(self.arrived())
            return True

        await self.make_channel().send(self.letter(), still_ours=looking)
        assert seen == [[]]

    async def test_p3_an_unreachable_channel_has_not_sent_and_says_why(self) -> None:
        channel = self.make_channel()
        self.block()
        result = await channel.send(self.letter(), still_ours=ours)
        assert result.status is SendStatus.NOT_SENT
        assert result.detail

    async def test_p3_after_not_sent_the_same_letter_can_be_sent(self) -> None:
        channel = self.make_channel()
        await channel.send(self.letter(), still_ours=taken)
        assert (await channel.send(self.letter(), still_ours=ours)).status is SendStatus.SENT
        assert len(self.arrived()) == 1

    async def test_p3_where_it_deduplicates_a_second_send_reaches_nobody_twice(self) -> None:
        channel = self.make_channel()
        first = await channel.send(self.letter(), still_ours=ours)
        if not channel.deduplicates:
            return
        assert await channel.send(self.letter(), still_ours=ours) == first
        many = [channel.send(self.letter(), still_ours=ours) for _ in range(8)]
        assert set(await asyncio.gather(*many)) == {first}
        assert len(self.arrived()) == 1

    async def test_p1_other_bytes_than_those_decided_on_are_refused(self) -> None:
        changed = replace(self.letter(), raw=self.letter().raw + b"!")
        result = await self.make_channel().send(changed, still_ours=ours)
        assert result.status is SendStatus.REFUSED
        assert self.arrived() == []

    async def test_a_letter_for_another_kind_of_channel_is_refused(self) -> None:
        channel = self.make_channel()
        other = next(kind for kind in KINDS if kind not in channel.kinds)
        result = await channel.send(replace(self.letter(), channel=other), still_ours=ours)
        assert result.status is SendStatus.REFUSED
        assert self.arrived() == []

    async def test_p5_what_a_channel_says_holds_nothing_of_the_person(self) -> None:
        letter, channel = self.letter(), self.make_channel()
        results = [await channel.send(letter, still_ours=taken)]
        self.block()
        results.append(await channel.send(letter, still_ours=ours))
        for result in results:
            assert letter.to not in f"{result.detail}{result.provider_id}"
