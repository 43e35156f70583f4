"""Who is behind a figure: the decisions it counts, newest first, each with its summary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from agent.explain import summary_of
from agent.names import names_of
from agent.projection import project
from store import journal
from store.schema import decisions, effects
from store.sealing import Erased, Vault

_ERASED = "this person was erased; the decision can no longer be read"


def ended(conn: Connection, *, start: int, status: str | None, limit: int) -> list[str]:
    """Decisions opened since, that stand in this status; None: in any."""
    query = select(decisions.c.id).where(decisions.c.opened_at >= start)
    if status is not None:
        query = query.where(decisions.c.status == status)
    return [str(row.id) for row in conn.execute(query.order_by(decisions.c.id.desc()).limit(limit))]


def sent(conn: Connection, *, start: int, channel: str, class_: str, limit: int) -> list[str]:
    """Decisions of contacts that went out since, of one class and channel; one for each contact."""
    rows = conn.execute(
        select(effects.c.decision_id)
        .where(
            effects.c.kind == "contact",
            effects.c.status == "sent",
            effects.c.settled_at >= start,
            effects.c.channel == channel,
            effects.c["class"] == class_,
        )
        .order_by(effects.c.id.desc())
        .limit(limit)
    )
    return [str(row.decision_id) for row in rows]


def told(conn: Connection, vault: Vault, decision_ids: Sequence[str]) -> list[dict[str, Any]]:
    """These decisions in words: `{id, name, goal, status, opened_at, summary}`, in this order."""
    rows = {
        row.id: row
        for row in conn.execute(select(decisions).where(decisions.c.id.in_(list(decision_ids))))
    }
    names = names_of(conn, vault, sorted({row.customer_id for row in rows.values()}))
    found = []
    for decision_id in decision_ids:
        row = rows[decision_id]
        try:
            summary = summary_of(
                project(dict(row._mapping), journal.entries_of(conn, vault, decision_id))
            )
        except Erased:
            summary = _ERASED
        found.append(
            {
                "id": decision_id,
                "name": names[row.customer_id],
                "goal": row.goal,
                "status": row.status,
                "opened_at": row.opened_at,
                "summary": summary,
            }
        )
    return found
