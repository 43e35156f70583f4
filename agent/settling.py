"""What a person found out about an effect that nobody knew of: it arrived, or it did not (P3).

One compare-and-set and its journal entries in one unit beside the lane's worker. Where it did not
arrive, what it held is free again and its journey is looked at anew: decided by the rules of then,
never sent again by itself.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import Connection

from agent.lane_unit import Ground, LaneUnit
from agent.queued import close_decision, note_effect
from customers import outcomes
from store import ledger, uncertain, wakeups
from store.ledger import EffectStatus
from store.sealing import Vault


class Settle(BaseModel):
    """Whether it reached the person, and how one knows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reached: bool
    reason: Annotated[str, Field(min_length=1, max_length=500)]

    @field_validator("reason")
    @classmethod
    def _says_something(cls, reason: str) -> str:
        if not reason.strip():
            raise ValueError("say how you know: it stays with the decision")
        return reason.strip()


def settle(
    conn: Connection,
    vault: Vault,
    ground: Ground,
    effect_id: str,
    request: Settle,
    *,
    by: str,
    now_us: int,
) -> str | None:
    """Settle one unknown effect. Whose lane is to be woken; None where it is not unknown.

    The reason is the journal's, sealed under the person; the ledger keeps who said it.
    """
    row = ledger.get(conn, effect_id)
    if row is None:
        return None
    unit = LaneUnit.beside(conn, vault, ground, customer_id=row.customer_id, now_us=now_us)
    found = "it arrived" if request.reached else "it did not arrive"
    said = f"{by} looked: {found}"
    if not uncertain.found_out(conn, effect_id, reached=request.reached, at=now_us, reason=said):
        return None
    status = EffectStatus.SENT if request.reached else EffectStatus.FAILED
    why = f"{said} ({request.reason})"
    note_effect(unit, row, status, why)
    contact = row.kind == "contact"  # anything else does not end its decision
    if request.reached:
        if contact:
            outcomes.keep_send(conn, vault, row, at=now_us, reached=row.via is not None)
            close_decision(unit, row.decision_id, "completed", why, "done")
        return str(row.customer_id)
    wakeups.schedule(
        conn,
        kind="another_look",
        ref=row.decision_id,
        due_at=now_us,
        customer_id=row.customer_id,
        journey_id=row.journey_id,
        state="due",
    )
    if contact:
        close_decision(unit, row.decision_id, "failed", why, "failed", look_again_at=now_us)
    return str(row.customer_id)
