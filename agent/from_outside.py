"""What comes from outside without a key of ours: providers' receipts, and the link in a letter."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agent.receipt_settings import readers_of
from agent.receiving import Arrived, Receiving
from agent.settings import Settings
from agent.unsubscribing import Unsubscribing
from store.clock import Clock
from store.database import Database


@dataclass(frozen=True, slots=True)
class FromOutside:
    """Both of them, on one database."""

    receiving: Receiving
    unsubscribing: Unsubscribing


def from_outside(
    settings: Settings,
    db: Database,
    clock: Clock,
    *,
    arrived: Arrived,
    reached: Callable[[int], Awaitable[None]],
) -> FromOutside:
    """Raises `Conflict` for a table `[receipts.NAME]` that cannot be used."""
    readers = readers_of(settings.receipts, public_url=settings.public_url, environ=os.environ)
    return FromOutside(
        Receiving(db, clock, readers, arrived=arrived),
        Unsubscribing(db, clock, arrived=arrived, reached=reached),
    )
