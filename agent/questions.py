"""Questions as people and programs read them: what is asked, of whom, until when."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row

from agent.errors import Gone
from agent.raising import lacks
from store import approvals
from store.approvals import Whose
from store.sealing import Erased, Vault

#: The role that may answer, by outcome.
NEEDS = {"review": "operator", "approval": "approver"}


def listed(
    conn: Connection,
    vault: Vault,
    *,
    status: str | None,
    whose: Whose,
    after: str | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Questions in the order in which they were asked."""
    rows = approvals.listing(conn, status=status, whose=whose, after=after, limit=limit)
    return [item_of(vault, row) for row in rows]


def one(conn: Connection, vault: Vault, approval_id: str) -> dict[str, Any] | None:
    """One question, or None. Raises `Gone` once its person is erased."""
    row = approvals.get(conn, approval_id)
    if row is None:
        return None
    item = item_of(vault, row)
    if item["call"] is None:
        raise Gone("this person was erased; the question can no longer be read")
    return item


def item_of(vault: Vault, row: Row[Any]) -> dict[str, Any]:
    """A row as JSON; of somebody who was erased there is only that it was asked."""
    try:
        body = vault.open_json("approvals.body", row.body_sealed)
    except Erased:
        body = {}
    return {
        "id": row.id,
        "decision_id": row.decision_id,
        "journey_id": row.journey_id,
        "customer_id": row.customer_id,
        "outcome": row.outcome,
        "status": row.status,
        "requested_by": row.requested_by,
        "assignee": row.assignee,
        "assigned": body.get("assigned", []),
        "requested_at": row.requested_at,
        "due_at": row.due_at,
        "if_nobody_answers": "it lapses, and that means: not done",
        "decided_by": row.decided_by,
        "decided_at": row.decided_at,
        "call": body.get("call"),
        "args": body.get("args"),
        "reason": body.get("reason"),
        "fired": body.get("fired", []),
        "facts": body.get("facts", {}),
        "reasoning": body.get("reasoning"),
        "confidence_bp": body.get("confidence_bp"),
        "amount_minor": body.get("amount_minor"),
        "currency": body.get("currency"),
        "message": body.get("message"),
        "over_budget": lacks(body),
        "raised": body.get("raised", []),
        "alike": _alike(row, body),
    }


def _alike(row: Row[Any], body: Mapping[str, Any]) -> str | None:
    """The same for questions of one shape: who asks, with what tool and message, by which rules."""
    call = body.get("call")
    if call is None:
        return None
    shape = [
        row.requested_by,
        row.outcome,
        call["tool"],
        call["args"].get("message"),
        body["rules"],
    ]
    return hashlib.sha256(json.dumps(shape).encode()).hexdigest()[:16]
