"""Stopping what is queued: an opt-out reaches everything that has not been handed over (P3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row

from store import ledger
from store.ledger import EffectStatus

_QUEUED = (EffectStatus.SCHEDULED, EffectStatus.CLAIMED)


def stop_queued(
    conn: Connection,
    customer_id: str,
    *,
    channel: str | None,
    purpose: str | None,
    reason: str,
    now_us: int,
) -> int:
    """Cancel what is queued or claimed for a channel and purpose (None: any). Returns how many."""

    def concerned(row: Row[Any]) -> bool:
        return channel in (None, row.channel) and purpose in (None, row.purpose)

    return stop_where(conn, customer_id, concerned, reason=reason, now_us=now_us)


def stop_where(
    conn: Connection,
    customer_id: str,
    concerned: Callable[[Row[Any]], bool],
    *,
    reason: str,
    now_us: int,
) -> int:
    """Cancel the queued or claimed contacts that this concerns. Returns how many."""
    stopped = 0
    for row in ledger.open_effects(conn, customer_id, _QUEUED):
        if row.kind == "contact" and concerned(row):
            stopped += ledger.move(
                conn, row.id, to=EffectStatus.CANCELLED, at=now_us, reason=reason
            )
    return stopped
