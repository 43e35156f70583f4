"""The approval queue: one row a question, decided once by compare-and-set (P9).

A row binds the exact call (its digest) and the rules that were disclosed. Requester and approver
are never the same principal (a CHECK keeps it so). What is not decided in time lapses, and lapse
means *not done*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from store.schema import approvals
from store.sealing import Vault


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `body` (call, facts, rules, the words the customer would get) is sealed."""

    id: str
    decision_id: str
    journey_id: str
    customer_id: str
    call_digest: str
    outcome: str
    requested_by: str
    requested_at: int
    due_at: int
    body: dict[str, Any]
    assignee: str | None = None


def ask(conn: Connection, vault: Vault, question: Question) -> None:
    """Queue a question; an older one of the same decision that is still pending is superseded."""
    supersede(conn, question.decision_id, at=question.requested_at)
    conn.execute(
        approvals.insert().values(
            id=question.id,
            decision_id=question.decision_id,
            journey_id=question.journey_id,
            customer_id=question.customer_id,
            call_digest=question.call_digest,
            outcome=question.outcome,
            status="pending",
            requested_by=question.requested_by,
            assignee=question.assignee,
            requested_at=question.requested_at,
            due_at=question.due_at,
            body_sealed=vault.seal_json(question.customer_id, "approvals.body", question.body),
        )
    )


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose questions are wanted: `name`'s; with `nobodys` those that are nobody's; else all."""

    name: str | None = None
    nobodys: bool = False


EVERYBODYS = Whose()


def settle(conn: Connection, approval_id: str, *, status: str, by: str | None, at: int) -> bool:
    """Decide a pending question; False where somebody, or its due time, was first, or where it is
    somebody else's.

    `by` None: nobody decided it (it lapsed).
    """
    still_open = (approvals.c.id == approval_id) & (approvals.c.status == "pending")
    if by is not None:
        still_open &= approvals.c.due_at > at
        still_open &= approvals.c.assignee.is_(None) | (approvals.c.assignee == by)
    decided = conn.execute(
        update(approvals).where(still_open).values(status=status, decided_by=by, decided_at=at)
    )
    return decided.rowcount == 1


def assign(conn: Connection, approval_id: str, *, to: str | None, at: int) -> bool:
    """Give a pending question to somebody, or back to everybody; False where it is too late."""
    still_open = (
        (approvals.c.id == approval_id)
        & (approvals.c.status == "pending")
        & (approvals.c.due_at > at)
    )
    given = conn.execute(update(approvals).where(still_open).values(assignee=to))
    return given.rowcount == 1


def supersede(conn: Connection, decision_id: str, *, at: int) -> int:
    """Take a decision's pending questions off the queue. Returns how many there were."""
    return conn.execute(
        update(approvals)
        .where(approvals.c.decision_id == decision_id, approvals.c.status == "pending")
        .values(status="superseded", decided_at=at)
    ).rowcount


def amend(conn: Connection, vault: Vault, approval_id: str, body: dict[str, Any]) -> None:
    """Write the answer's words (edited arguments, the reason) beside the question."""
    row = get(conn, approval_id)
    if row is None:
        raise LookupError(f"no approval {approval_id}")
    conn.execute(
        update(approvals)
        .where(approvals.c.id == approval_id)
        .values(body_sealed=vault.seal_json(row.customer_id, "approvals.body", body))
    )


def get(conn: Connection, approval_id: str) -> Row[Any] | None:
    """One question's row, sealed body included."""
    return conn.execute(select(approvals).where(approvals.c.id == approval_id)).first()


def of_decision(conn: Connection, decision_id: str) -> list[Row[Any]]:
    """A decision's questions, oldest first."""
    return list(
        conn.execute(
            select(approvals).where(approvals.c.decision_id == decision_id).order_by(approvals.c.id)
        )
    )


def newest_answer(conn: Connection, decision_id: str) -> str | None:
    """The decision's newest question, where a person's answer to it waits to be carried out."""
    rows = of_decision(conn, decision_id)
    if rows and rows[-1].status in ("approved", "edited", "responded"):
        return str(rows[-1].id)
    return None


def listing(
    conn: Connection,
    *,
    status: str | None,
    after: str | None,
    limit: int,
    whose: Whose = EVERYBODYS,
) -> list[Row[Any]]:
    """The queue in the order in which it was asked."""
    query = select(approvals).order_by(approvals.c.id).limit(limit)
    if status is not None:
        query = query.where(approvals.c.status == status)
    if whose.name is not None:
        query = query.where(approvals.c.assignee == whose.name)
    if whose.nobodys:
        query = query.where(approvals.c.assignee.is_(None))
    if after is not None:
        query = query.where(approvals.c.id > after)
    return list(conn.execute(query))
