"""The approval queue for people: what is asked, and their answers, decided once (P9).

An answer is a compare-and-set and a wake-up in one unit; its consequence is drawn in the customer's
lane, where the gate speaks again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Row

from agent.errors import Conflict, Forbidden, Gone, Invalid, NotFound
from agent.messages import Answer
from agent.paging import Page, checked_limit, page_of
from store import approvals, wakeups
from store.clock import Clock
from store.database import Database
from store.principals import Principal
from store.sealing import Erased, Vault
from tools.registry import TOOLS

_BECOMES = {
    "approve": "approved",
    "edit": "edited",
    "reject": "rejected",
    "respond": "responded",
}
_NEEDS = {"review": "operator", "approval": "approver"}


class Approving:
    """The queue. `wake` starts a customer's lane."""

    def __init__(self, db: Database, clock: Clock, *, wake: Callable[[str], None]) -> None:
        self._db = db
        self._clock = clock
        self._wake = wake

    async def listing(self, *, status: str | None, after: str | None, limit: int) -> Page:
        """Questions in the order in which they were asked; `status` None: all of them."""
        checked_limit(limit)
        rows = await self._db.read(
            _listed, self._db.vault, status=status, after=after, limit=limit + 1
        )
        return page_of(rows, limit=limit, key="id")

    async def get(self, approval_id: str) -> dict[str, Any]:
        """One question. Raises `NotFound`, and `Gone` once its person is erased."""
        found = await self._db.read(_one, self._db.vault, approval_id)
        if found is None:
            raise NotFound(f"there is no approval {approval_id}")
        return found

    def form(self, tool: str) -> dict[str, Any]:
        """What an edit of this tool's call may say, as a JSON schema."""
        return TOOLS[tool].schema

    def check_edit(self, tool: str, args: dict[str, Any]) -> None:
        """Raises `Invalid` where these arguments do not fit the tool, naming each."""
        _check_edit(tool, args)

    async def answer(self, approval_id: str, answer: Answer, *, by: Principal) -> dict[str, Any]:
        """Decide. Raises `Forbidden` for the role, `Conflict` where somebody was first."""
        question = await self.get(approval_id)
        needed = _NEEDS[question["outcome"]]
        if not by.may(needed):
            raise Forbidden(f"this question is for the role {needed}; {by.name} is {by.role}")
        if question["requested_by"] == by.name:
            raise Forbidden("whoever asks does not answer")
        if answer.decision == "edit":
            _check_edit(question["call"]["tool"], answer.args or {})
        decided = await self._db.write(
            _decide,
            self._db.vault,
            approval_id,
            answer=answer,
            by=by.name,
            now_us=self._clock.now_us(),
        )
        if not decided:
            now = await self.get(approval_id)
            if now["status"] == "pending":
                raise Conflict("nobody answered this question in time, so it was not done")
            who = f" by {now['decided_by']}" if now["decided_by"] else ""
            raise Conflict(f"this question is {now['status']} already{who}")
        self._wake(question["customer_id"])
        return await self.get(approval_id)


def _check_edit(tool: str, args: dict[str, Any]) -> None:
    try:
        TOOLS[tool].args.model_validate(args)
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}"
            for e in error.errors(include_input=False, include_url=False)
        )
        raise Invalid(f"these arguments do not fit {tool}: {said}") from None


def _decide(
    conn: Connection, vault: Vault, approval_id: str, *, answer: Answer, by: str, now_us: int
) -> bool:
    row = approvals.get(conn, approval_id)
    if row is None or row.due_at <= now_us:
        return False
    status = _BECOMES[answer.decision]
    if not approvals.settle(conn, approval_id, status=status, by=by, at=now_us):
        return False
    body = vault.open_json("approvals.body", row.body_sealed)
    body |= {"reason": answer.reason}
    if answer.args is not None:
        body["args"] = answer.args
    approvals.amend(conn, vault, approval_id, body)
    wakeups.cancel(conn, "approval_lapse", approval_id)
    wakeups.schedule_due(
        conn,
        kind="approval_decided",
        ref=approval_id,
        at=now_us,
        customer_id=row.customer_id,
    )
    return True


def _listed(
    conn: Connection, vault: Vault, *, status: str | None, after: str | None, limit: int
) -> list[dict[str, Any]]:
    rows = approvals.listing(conn, status=status, after=after, limit=limit)
    return [_item(vault, row) for row in rows]


def _one(conn: Connection, vault: Vault, approval_id: str) -> dict[str, Any] | None:
    row = approvals.get(conn, approval_id)
    if row is None:
        return None
    item = _item(vault, row)
    if item["call"] is None:
        raise Gone("this person was erased; the question can no longer be read")
    return item


def _item(vault: Vault, row: Row[Any]) -> dict[str, Any]:
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
    }
