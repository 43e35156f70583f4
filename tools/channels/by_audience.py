"""Audiences of several vendors as one channel: each letter goes to whom its audience is with.

There is one channel a kind, and a shop advertises in more than one place; the names of audiences
say which.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tools.channels.asked_for import asked_for
from tools.channels.channel import Channel, Letter, SendResult, StillOurs
from tools.channels.refusals import refused

NAME: Final = "audiences"


class ByAudience:
    """A channel by each audience's name."""

    name = NAME
    kinds = ("audience",)

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        """`channels`: by the names that letters use."""
        self._channels = dict(channels)
        self.deduplicates = all(channel.deduplicates for channel in self._channels.values())

    async def send(self, letter: Letter, *, still_ours: StillOurs) -> SendResult:
        """Hand it to the vendor that has the audience."""
        said = asked_for(letter, kind="audience")
        if isinstance(said, SendResult):
            return said
        audience = said.get("audience")
        channel = self._channels.get(audience) if isinstance(audience, str) else None
        if channel is None:
            return refused("no channel in usher.toml names an audience of this name")
        return await channel.send(letter, still_ours=still_ours)
