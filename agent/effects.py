"""Effects: what became of one, the message as the person gets it, and what people do about it.

What nobody knows the fate of waits here for a person (`settle`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row

from agent import settling, undoing
from agent.environment import Environment
from agent.errors import Conflict, Gone, NotFound
from agent.paging import Page, checked_limit, page_of
from agent.settling import Settle
from agent.undoing import CannotUndo, Undo
from customers import receipts
from store import ledger, uncertain
from store.clock import Clock
from store.database import Database
from store.ids import new_id
from store.sealing import Erased, Vault


class Effects:
    """The service. `wake` starts a customer's lane."""

    def __init__(
        self, db: Database, clock: Clock, env: Environment, *, wake: Callable[[str], None]
    ) -> None:
        self._db = db
        self._clock = clock
        self._env = env
        self._wake = wake

    async def listing(self, *, status: str | None, after: str | None, limit: int) -> Page:
        """Effects in a state, newest first; `status` None: in any. Nobody's data is in it."""
        checked_limit(limit)
        rows = await self._db.read(_listed, status=status, after=after, limit=limit + 1)
        return page_of(rows, limit=limit, key="id")

    async def unknown(self) -> int:
        """How many effects wait for a person to look."""
        return await self._db.read(uncertain.count)

    async def settle(self, effect_id: str, request: Settle, *, by: str) -> dict[str, Any]:
        """Say whether an unknown effect arrived. Raises `NotFound`, `Gone`, and `Conflict` where
        somebody was first or nothing was unknown about it."""
        await self.get(effect_id)
        wake = await self._db.write(
            settling.settle,
            self._db.vault,
            self._env.ground,
            effect_id,
            request,
            by=by,
            now_us=self._clock.now_us(),
        )
        now = await self.get(effect_id)
        if wake is None:
            why = f": {now['reason']}" if now["reason"] else ""
            raise Conflict(f"this effect is {now['status']}, not unknown{why}")
        self._wake(wake)
        return now

    async def undo(self, effect_id: str, request: Undo, *, by: str) -> dict[str, Any]:
        """Take an effect back, once. Raises `NotFound`, `Gone`, and `Conflict` that says why it
        cannot be undone, or not any more."""
        await self.get(effect_id)
        try:
            wake = await self._db.write(
                undoing.undo,
                self._db.vault,
                self._env.ground,
                effect_id,
                request,
                undo_id=new_id("eff"),
                by=by,
                now_us=self._clock.now_us(),
            )
        except CannotUndo as why:
            raise Conflict(f"this cannot be undone: {why}") from None
        self._wake(wake)
        return await self.get(effect_id)

    async def get(self, effect_id: str) -> dict[str, Any]:
        """One effect. Raises `NotFound`, and `Gone` once its person is erased."""
        found = await self._db.read(_one, self._db.vault, effect_id, self._clock.now_us())
        if found is None:
            raise NotFound(f"there is no effect {effect_id}")
        return found


def _one(conn: Connection, vault: Vault, effect_id: str, now_us: int) -> dict[str, Any] | None:
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
    undoable = undoing.look(conn, vault, row, now_us).as_json()
    reported = receipts.of_effect(conn, effect_id)
    return {
        **_plain(row),
        **undoable,
        "undoes": row.undoes,
        "sha256": row.sha256,
        "message": message,
        "receipts": reported,
    }


def _plain(row: Row[Any]) -> dict[str, Any]:
    """What the ledger says in the clear."""
    return {
        "id": row.id,
        "decision_id": row.decision_id,
        "customer_id": row.customer_id,
        "kind": row.kind,
        "channel": None if row.channel == "none" else row.channel,
        "via": row.via,
        "class": row._mapping["class"],
        "purpose": row.purpose,
        "mode": row.mode,
        "status": row.status,
        "reason": row.reason,
        "claimed_at": row.claimed_at,
        "settled_at": row.settled_at,
        "not_before": row.not_before,
        "expires_at": row.expires_at,
        "amount": None
        if row.amount_minor is None
        else {"minor": row.amount_minor, "currency": row.currency},
    }


def _listed(
    conn: Connection, *, status: str | None, after: str | None, limit: int
) -> list[dict[str, Any]]:
    rows = uncertain.listing(conn, status=status, after=after, limit=limit)
    return [_plain(row) | {"what": row.message or row.tool, "agent": row.agent} for row in rows]
