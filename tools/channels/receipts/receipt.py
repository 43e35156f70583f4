"""What every provider's report becomes: a receipt, and only after its signature has been verified.

Readers are pure: bytes, headers and an instant in, receipts out. `reason` is made of our own words
and a provider's codes, never of its free text, which may quote an address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

#: As the database names them (`store.schema.receipts`).
KINDS: Final = frozenset(
    ["accepted", "delivered", "opened", "clicked", "bounced", "deferred"]
    + ["dropped", "complained", "unsubscribed", "replied"]
)
CHANNELS: Final = ("email", "sms", "whatsapp")
#: How far a signed instant may be from ours, in microseconds: Standard Webhooks' five minutes.
TOLERANCE_US: Final = 5 * 60 * 1_000_000
_EFFECT: Final = re.compile(r"eff_[0-9a-z]{1,40}", re.ASCII)
#: 9999-12-31, after which no instant can be written as a date.
_LATEST_S: Final = 253_402_300_799


class BadSignature(Exception):
    """It was not signed by the provider, or too long ago; the text says which."""


class Malformed(Exception):
    """It was signed, and cannot be read; the text says what is wrong, without quoting it."""


@dataclass(frozen=True, slots=True)
class Posted:
    """One request as it arrived: names of headers in small letters, `body` untouched.

    `target` is path and query as they were asked for, `query` the query's fields.
    """

    headers: Mapping[str, str]
    body: bytes
    target: str = ""
    query: Mapping[str, str] | None = None

    def header(self, name: str) -> str:
        """A header that must be there. Raises `BadSignature`: those asked for sign."""
        value = self.headers.get(name.lower())
        if not value:
            raise BadSignature(f"the header {name} is missing")
        return value


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a letter, or what somebody answered. `at_us`: UTC microseconds.

    `permanent`: a bounce after which the address does not work again. `opt_out`: a reply that the
    provider itself took for STOP. `machine`: a scanner or a prefetch did it, not a person.
    """

    provider: str
    provider_event_id: str
    effect_id: str | None
    provider_message_id: str | None
    channel: str
    kind: str
    address: str | None
    at_us: int
    machine: bool = False
    permanent: bool = False
    opt_out: bool = False
    reason: str | None = None
    text: str | None = None


class Reader(Protocol):
    """Reads one provider's reports."""

    @property
    def provider(self) -> str:
        """The provider's name, as settings give it."""
        ...

    def read(self, posted: Posted, *, now_us: int) -> list[Receipt]:
        """The receipts of a request. Raises `BadSignature`, then `Malformed`. `now_us`: UTC."""
        ...

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """What to answer to a provider that asks whether we are there; None: it does not ask.

        Raises `BadSignature` where it asks with another token than the one that was agreed.
        """
        ...


def effect_of(stated: Any) -> str | None:
    """An effect's id as we gave it along; None for anything else."""
    return stated if isinstance(stated, str) and _EFFECT.fullmatch(stated) else None


def text_of(holder: Mapping[str, Any], name: str, where: str) -> str:
    """A text that must be there. Raises `Malformed`."""
    value = holder.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Malformed(f"{where}: the text '{name}' is missing")
    return value


def at_of(stated: Any, where: str) -> int:
    """Seconds since 1970, a number or its digits, in microseconds. Raises `Malformed`."""
    try:
        seconds = int(str(stated)) if not isinstance(stated, bool) else -1
    except ValueError:
        seconds = -1
    if not 0 < seconds <= _LATEST_S:
        raise Malformed(f"{where}: its time is not in whole seconds since 1970")
    return seconds * 1_000_000


def check_fresh(seconds: str, now_us: int) -> None:
    """Raises `BadSignature` where what was signed is older, or newer, than what is taken."""
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) <= 12):
        raise BadSignature("the signed timestamp is not in whole seconds since 1970")
    if abs(int(seconds) * 1_000_000 - now_us) > TOLERANCE_US:
        raise BadSignature("the signed timestamp is more than five minutes from our clock")
