"""Effects to look at: what became of one, and the message exactly as the person gets it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from agent.errors import Gone, NotFound
from store import ledger
from store.database import Database
from store.sealing import Erased, Vault


class Effects:
    """Reads effects; changes nothing."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, effect_id: str) -> dict[str, Any]:
        """One effect. Raises `NotFound`, and `Gone` once its person is erased."""
        found = await self._db.read(_one, self._db.vault, effect_id)
        if found is None:
            raise NotFound(f"there is no effect {effect_id}")
        return found


def _one(conn: Connection, vault: Vault, effect_id: str) -> dict[str, Any] | None:
    row = ledger.get(conn, effect_id)
    if row is None:
        return None
    try:
        body = vault.open_json("effects.body", row.body_sealed)
    except Erased:
        raise Gone("this person was erased; what was sent can no longer be read") from None
    message = None
    if "raw" in body:
        shown = ("to", "subject", "text", "raw", "message", "locale")
        message = {name: body.get(name) for name in shown}
    return {
        "id": row.id,
        "decision_id": row.decision_id,
        "customer_id": row.customer_id,
        "kind": row.kind,
        "channel": None if row.channel == "none" else row.channel,
        "class": row._mapping["class"],
        "purpose": row.purpose,
        "mode": row.mode,
        "status": row.status,
        "reason": row.reason,
        "not_before": row.not_before,
        "expires_at": row.expires_at,
        "amount": None
        if row.amount_minor is None
        else {"minor": row.amount_minor, "currency": row.currency},
        "sha256": row.sha256,
        "message": message,
    }
