"""A receipt takes effect: it is written down, and what nobody knew of its effect is known (P3).

In the unit that resolves it. The decision's journal says what was found out, beside whoever works
the lane.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row

from agent.lane_unit import Ground, LaneUnit
from agent.queued import close_decision, note_effect
from customers import outcomes, receipts
from store import ledger, receipted
from store.ids import new_id
from store.ledger import EffectStatus
from store.sealing import Vault

_GROUND = Ground(agents={}, fresh_id=new_id)
_KNOWN = {
    EffectStatus.SENT: ("completed", "a receipt of the channel shows that it was sent", "done"),
    EffectStatus.FAILED: ("failed", "a receipt of the channel shows that it was dropped", "failed"),
}


def take(
    conn: Connection,
    vault: Vault,
    receipt: Mapping[str, Any],
    *,
    customer_id: str,
    event_id: str,
    at: int,
    now_us: int,
) -> bool:
    """Keep a receipt of this person and settle its effect; False where it had been kept before."""
    added = receipts.keep(
        conn, vault, receipt, customer_id=customer_id, event_id=event_id, at=at, now_us=now_us
    )
    effect = ledger.get(conn, str(receipt["effect_id"] or ""))
    if added and effect is not None:
        _settle(conn, vault, effect, receipt["kind"], now_us)
    return added


def _settle(conn: Connection, vault: Vault, effect: Row[Any], kind: str, now_us: int) -> None:
    handed_over = kind in receipts.HANDED_OVER
    status = receipted.settle(conn, effect.id, handed_over=handed_over, at=now_us)
    if status is None:
        return
    unit = LaneUnit.beside(conn, vault, _GROUND, customer_id=effect.customer_id, now_us=now_us)
    ended, why, outcome = _KNOWN[status]
    note_effect(unit, effect, status, why)
    if effect.kind != "contact":
        return  # its decision has gone on meanwhile
    if status is EffectStatus.SENT:
        outcomes.keep_send(conn, vault, effect, at=now_us, reached=effect.via is not None)
    close_decision(unit, effect.decision_id, ended, why, outcome)
