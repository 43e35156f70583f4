"""What subscribers are told of decisions and effects: from the journal, in its own transaction.

Our own ids, the ids of the events that were decided on, and words of ours. No text, no reason, no
address and no user id of the shop: whoever subscribes looks up by id what they may see, and an
erasure has nothing to fetch back from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from customers import outward
from store import systems
from store.schema import decisions, effects, events
from store.sealing import Vault

CLOSED = "decision.closed"
#: States of an effect that end it, for now.
ENDS = ("sent", "failed", "unknown", "cancelled", "expired", "preempted")

# Built once: building a statement costs several times what running it does.
_DECISION = select(
    decisions.c.journey_id, decisions.c.goal, decisions.c.agent, decisions.c.arm, decisions.c.mode
).where(decisions.c.id == bindparam("of"))
_EVENTS = select(events.c.id).where(events.c.decision_id == bindparam("of")).order_by(events.c.seq)
_EFFECT = select(effects.c.purpose, effects.c.mode).where(effects.c.id == bindparam("of"))


def topic_of(kind: str, body: dict[str, Any]) -> str | None:
    """The topic of a journal entry; None for what nobody subscribes to."""
    if kind == "closed":
        return CLOSED
    if kind == "effect" and body["status"] in ENDS:
        return f"effect.{body['status']}"
    return None


def tell(
    conn: Connection,
    vault: Vault,
    *,
    customer_id: str,
    decision_id: str,
    bodies: Sequence[tuple[str, dict[str, Any]]],
    head: str,
    now_us: int,
) -> None:
    """Tell of entries that were just appended; `head` is the hash of the last of them."""
    for k, (kind, body) in enumerate(bodies):
        topic = topic_of(kind, body)
        if topic is None or not systems.subscribers(conn, topic):
            continue
        data = _closed(conn, decision_id, body) if kind == "closed" else _effect(conn, body)
        outward.tell(
            conn,
            vault,
            topic,
            {"decision_id": decision_id, **data},
            key=f"{head}:{k}",
            customer_id=customer_id,
            now_us=now_us,
        )


def _closed(conn: Connection, decision_id: str, body: dict[str, Any]) -> dict[str, Any]:
    row = conn.execute(_DECISION, {"of": decision_id}).first()
    told = {} if row is None else dict(row._mapping)
    outcome = body.get("outcome") or {}
    return {
        **told,
        "status": body["status"],
        "outcome": outcome.get("kind"),
        "look_again_at": outcome.get("look_again_at"),
        "event_ids": [str(row.id) for row in conn.execute(_EVENTS, {"of": decision_id})],
    }


def _effect(conn: Connection, body: dict[str, Any]) -> dict[str, Any]:
    row = conn.execute(_EFFECT, {"of": body["effect_id"]}).first()
    kept = ("effect_id", "kind", "channel", "status", "amount_minor", "currency")
    return {
        **{name: body[name] for name in kept},
        "purpose": None if row is None else row.purpose,
        "mode": None if row is None else row.mode,
    }
