"""What a channel's receipt makes of an effect whose fate nobody knew.

Two words a receipt can have: it was handed over, or it never was. The first one stands whatever
else is said, in whatever order, as it does where the channel had answered at once; so any order of
the same receipts ends in the same state.
"""

from __future__ import annotations

from sqlalchemy import Connection, update

from store import counters, ledger, uncertain
from store.ledger import EffectStatus
from store.schema import contacts, effects

_WHY_SENT = "a receipt of the channel shows that it was handed over"
_WHY_FAILED = "a receipt of the channel shows that it was never sent"


def settle(conn: Connection, effect_id: str, *, handed_over: bool, at: int) -> EffectStatus | None:
    """Settle an unknown effect; the state it got, or None where nothing changed.

    One that failed after it had set out by a channel was sent, where a receipt says so. What is
    still being handed over is left to whoever hands it over.
    """
    row = ledger.get(conn, effect_id)
    if row is None:
        return None
    if row.status == EffectStatus.UNKNOWN.value:
        why = _WHY_SENT if handed_over else _WHY_FAILED
        if not uncertain.found_out(conn, effect_id, reached=handed_over, at=at, reason=why):
            return None
        return EffectStatus.SENT if handed_over else EffectStatus.FAILED
    if not handed_over or row.status != EffectStatus.FAILED.value or row.via is None:
        return None
    moved = conn.execute(
        update(effects)
        .where(effects.c.id == effect_id, effects.c.status == EffectStatus.FAILED.value)
        .values(status=EffectStatus.SENT.value, settled_at=at, reason=_WHY_SENT)
    )
    if moved.rowcount != 1:
        return None
    conn.execute(
        update(contacts).where(contacts.c.effect_id == effect_id).values(state="committed")
    )
    # A contact's stock was given back for good; what else it stood for was spent nonetheless.
    prefix = ledger.EXCEPTIONS if row.kind == "contact" else ""
    counters.spend_after_all(conn, effect_id, prefix=prefix)
    return EffectStatus.SENT
