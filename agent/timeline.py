"""One person's timeline: what arrived, what was decided, what was done, newest first.

At one instant the order is that in which things came to be, which their ids tell: an event, the
decision it led to, its effect. The order and the page come from plain columns; only what is on the
page is opened.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, and_, func, literal, or_, select, union_all

from agent.detecting import SOURCE
from agent.errors import BadRequest
from customers.receipts import told
from store.schema import approvals, decisions, effects, events, receipts, suppressions
from store.sealing import Vault

#: Ids are three letters, an underscore, and a ULID that sorts by when it was made (`store.ids`).
_PREFIX = 4
_LONGEST_INSTANT = 18


def timeline(
    conn: Connection, vault: Vault, customer_id: str, *, after: str | None, limit: int
) -> list[dict[str, Any]]:
    """Items `{kind, at, id, …}` older than the cursor `after` (`at:id`)."""
    reports = select(receipts.c.event_id).where(receipts.c.customer_id == customer_id)
    parts = union_all(
        # What a channel reported is one item, as a receipt.
        _part("event", events, events.c.received_at, customer_id).where(
            events.c.id.not_in(reports)
        ),
        _part("receipt", receipts, receipts.c.at, customer_id, of=receipts.c.event_id),
        _part("decision", decisions, decisions.c.opened_at, customer_id),
        _part("effect", effects, effects.c.claimed_at, customer_id),
        _part("approval", approvals, approvals.c.requested_at, customer_id),
        _part("suppression", suppressions, suppressions.c.at, customer_id),
    ).subquery()
    query = select(parts.c.kind, parts.c.at, parts.c.id)
    if after is not None:
        at, ref = _cursor(after)
        born = ref[_PREFIX:]
        query = query.where(
            or_(
                parts.c.at < at,
                and_(parts.c.at == at, parts.c.born < born),
                and_(parts.c.at == at, parts.c.born == born, parts.c.id < ref),
            )
        )
    query = query.order_by(parts.c.at.desc(), parts.c.born.desc(), parts.c.id.desc()).limit(limit)
    return [
        {
            "kind": row.kind,
            "at": row.at,
            "id": row.id,
            "cursor": f"{row.at}:{row.id}",
            **_DETAILS[row.kind](conn, vault, row.id),
        }
        for row in conn.execute(query).all()
    ]


def _part(kind: str, table: Any, at: Any, customer_id: str, *, of: Any = None) -> Select[Any]:
    """`of`: the id, where it is no column `id`."""
    ref = table.c.id if of is None else of
    return select(
        literal(kind).label("kind"),
        at.label("at"),
        ref.label("id"),
        func.substr(ref, _PREFIX + 1).label("born"),
    ).where(table.c.customer_id == customer_id)


def _cursor(text: str) -> tuple[int, str]:
    at, _, ref = text.partition(":")
    if not (at.isascii() and at.isdecimal() and len(at) <= _LONGEST_INSTANT and len(ref) > _PREFIX):
        raise BadRequest("cursor is not one that this list gave")
    return int(at), ref


def _event(conn: Connection, vault: Vault, event_id: str) -> dict[str, Any]:
    row = conn.execute(select(events).where(events.c.id == event_id)).one()
    body = vault.open_json("events.body", row.body_sealed)
    return {
        "type": row.kind,
        "event": body.get("event"),
        "occurred_at": row.occurred_at,
        "state": row.state,
        "reason": row.reason,
        "detected": body.get("because") if body.get("source") == SOURCE else None,
        "decision_id": row.decision_id,
    }


def _receipt(conn: Connection, vault: Vault, event_id: str) -> dict[str, Any]:
    row = conn.execute(select(receipts).where(receipts.c.event_id == event_id)).one()
    event = conn.execute(select(events).where(events.c.id == event_id)).first()
    body = {} if event is None else vault.open_json("events.body", event.body_sealed)
    of = told(row)
    return {
        "event": body.get("event"),
        "receipt": of["kind"],
        "machine": of["machine"],
        "reason": of["reason"],
        "provider": of["provider"],
        "effect_id": row.effect_id,
    }


def _decision(conn: Connection, vault: Vault, decision_id: str) -> dict[str, Any]:
    row = conn.execute(select(decisions).where(decisions.c.id == decision_id)).one()
    return {"goal": row.goal, "agent": row.agent, "arm": row.arm, "status": row.status}


def _effect(conn: Connection, vault: Vault, effect_id: str) -> dict[str, Any]:
    row = conn.execute(select(effects).where(effects.c.id == effect_id)).one()
    return {
        "effect": row.kind,
        "channel": None if row.channel == "none" else row.channel,
        "status": row.status,
        "reason": row.reason,
        "not_before": row.not_before,
        "decision_id": row.decision_id,
    }


def _approval(conn: Connection, vault: Vault, approval_id: str) -> dict[str, Any]:
    row = conn.execute(select(approvals).where(approvals.c.id == approval_id)).one()
    return {"outcome": row.outcome, "status": row.status, "decision_id": row.decision_id}


def _suppression(conn: Connection, vault: Vault, suppression_id: str) -> dict[str, Any]:
    row = conn.execute(select(suppressions).where(suppressions.c.id == suppression_id)).one()
    kept = ("scope", "purpose", "channel", "by", "until", "lifted_at")
    return {name: row._mapping[name] for name in kept}


_DETAILS = {
    "event": _event,
    "receipt": _receipt,
    "decision": _decision,
    "effect": _effect,
    "approval": _approval,
    "suppression": _suppression,
}
