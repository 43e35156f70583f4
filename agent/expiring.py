"""Business expiry at the door: what is no longer of use is not handed over, however it came there.

A release, a recovered claim, a late answer, a lifted brake, a restart: all of them end at the
channel's question whether the claim still stands, and a claim whose time has run out does not.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row

from agent.lane_unit import LaneUnit
from agent.queued import close_decision, note_effect
from store import ledger, uncertain
from store.ledger import EffectStatus

TOO_LATE = "it was no longer of use when it could have been handed over"


def is_late(conn: Connection, effect_id: str, now_us: int) -> bool:
    """Whether an effect's time has run out."""
    row = ledger.get(conn, effect_id)
    return row is not None and row.expires_at <= now_us


def expire_claim(unit: LaneUnit, row: Row[Any]) -> str | None:
    """A claim that reached nobody and is too late for another try: it expires, and so ends its
    decision. The status of that; None where it is no claim that has run out."""
    if row.expires_at > unit.now_us or row.status != EffectStatus.CLAIMED.value:
        return None
    uncertain.too_late(unit.conn, row.id, at=unit.now_us, reason=TOO_LATE)
    note_effect(unit, row, EffectStatus.EXPIRED, TOO_LATE)
    if row.kind == "contact":
        close_decision(unit, row.decision_id, "no_action", TOO_LATE, "expired")
    return "no_action"
