"""What every channel promises: a letter goes out at most once, and its result is true (P3).

Just before hand-over a channel asks whether the claim still stands; what it has not handed over
by then stays. What it cannot know, it calls unknown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, Protocol, TypeAlias

StillOurs: TypeAlias = Callable[[], Awaitable[bool]]
Kind: TypeAlias = Literal[
    "email",
    "sms",
    "whatsapp",
    "audience",
    "ticket",
    "voucher",
    "subscription",
    "recommendation",
    "booking",
]
#: What a channel can carry. `email` and `sms` are letters as people read them; the bytes of every
#: other kind are canonical JSON (UTF-8), what the receiving system is asked to do.
KINDS: Final[tuple[Kind, ...]] = (
    "email",
    "sms",
    "whatsapp",
    "audience",
    "ticket",
    "voucher",
    "subscription",
    "recommendation",
    "booking",
)


class SendStatus(StrEnum):
    """What became of a letter.

    `sent`: handed over. `refused`: the channel will not take it, now or later. `not_sent`: nothing
    was handed over, it may be tried again. `unknown`: lost after hand-over; only a person or a
    channel that deduplicates may try again.
    """

    SENT = "sent"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Letter:
    """The exact bytes for one person. `sha256` (hex): of the bytes that were decided on.

    `channel` is the kind, one of `KINDS`. `to`: an address, a number, or the reference that what is
    asked for is about. `sender` is empty where a kind has none.
    """

    effect_id: str
    idempotency_key: str
    customer_id: str
    channel: str
    to: str
    raw: bytes
    sha256: str
    sender: str


@dataclass(frozen=True, slots=True)
class SendResult:
    """What the channel says. `detail` says why, without the person's data; empty where sent.

    `opted_out`: refused because whoever has this address has stopped us with the provider.
    """

    status: SendStatus
    provider_id: str | None
    detail: str
    opted_out: bool = False


class Channel(Protocol):
    """One way out, for one kind of letter or several.

    `deduplicates`: a second send with the same idempotency key is `sent` with the same provider id
    and reaches nobody twice, so an unknown hand-over may be tried again.
    """

    @property
    def name(self) -> str:
        """The channel's name, as settings and the record of a decision give it."""
        ...

    @property
    def kinds(self) -> tuple[str, ...]:
        """Which letters it carries, of `KINDS`."""
        ...

    @property
    def deduplicates(self) -> bool:
        """Whether a repeated idempotency key is harmless."""
        ...

    async def send(self, letter: Letter, *, still_ours: StillOurs) -> SendResult:
        """Hand the letter over. What goes wrong on the way is a result, not an error.

        Only what `still_ours` raises comes through, and then nothing was handed over.
        """
        ...
