"""Effects for tests: a claim as the gate's unit makes it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from store import lanes, ledger
from store.ledger import Contact, EffectStatus, NewEffect
from store.sealing import Vault


def effect(person: str, n: int = 1, **changes: Any) -> NewEffect:
    return NewEffect(
        **{
            "id": f"eff_{n}",
            "idempotency_key": f"dec_1:{n}",
            "decision_id": "dec_1",
            "journey_id": "jrn_1",
            "customer_id": person,
            "call_digest": "d" * 64,
            "tool": "send_email",
            "kind": "contact",
            "channel": "email",
            "message_class": "marketing",
            "purpose": "marketing",
            "mode": "sandbox",
            "status": EffectStatus.CLAIMED,
            "score": 5,
            "expires_at": 10_000,
            "body": {"to": "ada@customer.example"},
        }
        | changes
    )


def claim(
    conn: Connection,
    vault: Vault,
    new: NewEffect,
    *,
    epoch: int = 0,
    contact: Contact | None = None,
    claim_until: int = 30,
) -> bool:
    """A unit: open the lane, hold it, claim."""
    lanes.open_lane(conn, new.customer_id)
    lanes.hold(conn, new.customer_id, epoch)
    return ledger.claim(
        conn,
        vault,
        new,
        epoch=epoch,
        now_us=100,
        claim_until=claim_until,
        contact=contact,
    )
