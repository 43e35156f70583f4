"""What every receiver promises: it takes one delivery, and says truly what became of it.

A receiver may be told the same thing twice, because an answer may be lost on the way; the id of the
delivery is the same each time. What it cannot use is acknowledged with the reason, not tried again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from store.deliveries import Delivery


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """It has it. `note`: what is worth knowing, such as that nothing in it was for this system."""

    note: str | None = None


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Not now. `why` in our words, nothing personal; `after_s`: not before so many seconds."""

    why: str
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Never. `stop`: nothing else is to be sent there either."""

    why: str
    stop: bool = False


Answer: TypeAlias = Acknowledged | TryAgain | GivenUp


class Receiver(Protocol):
    """One other system."""

    async def deliver(self, delivery: Delivery) -> Answer:
        """Tell it. What goes wrong on the way is an answer, not an error."""
        ...
