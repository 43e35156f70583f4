"""What a marketer asks of a person: what did we send, what not and why, what comes next and when.

Read from the ledger, the ends of decisions and the wake-ups, in one snapshot; so at whatever moment
the plug is pulled, it says what is known, and "nobody knows" where that is so. Newest first; what
comes next is sorted by when.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, exists, select

from store import held
from store.ledger import EffectStatus
from store.schema import approvals, decisions, effects, journal, wakeups
from store.sealing import Vault
from tools import stops
from tools.tool import ActionKind

MOST: Final = 20
_SENT: Final = (EffectStatus.SENT.value, EffectStatus.UNKNOWN.value)
_NOT_SENT: Final = tuple(
    status.value
    for status in (
        EffectStatus.FAILED,
        EffectStatus.PREEMPTED,
        EffectStatus.CANCELLED,
        EffectStatus.EXPIRED,
    )
)
_CONTACT: Final = ActionKind.CONTACT.value
#: Wake-ups by which a journey is looked at again.
_LOOKS: Final = ("check_back", "another_look", held.HELD_BACK)


def three_answers(conn: Connection, vault: Vault, customer_id: str, now_us: int) -> dict[str, Any]:
    """`{sent, not_sent, next}` of one person who is not erased; instants in microseconds."""
    return {
        "sent": [_sent(row) for row in _of_ledger(conn, customer_id, _SENT)],
        "not_sent": _not_sent(conn, vault, customer_id),
        "next": _next(conn, vault, customer_id, now_us),
    }


def _of_ledger(
    conn: Connection, customer_id: str, statuses: tuple[str, ...], *, kind: str | None = None
) -> list[Row[Any]]:
    """Effects that go to somebody else than ourselves, with their goal."""
    query = (
        select(effects, decisions.c.goal)
        .join(decisions, decisions.c.id == effects.c.decision_id)
        .where(
            effects.c.customer_id == customer_id,
            effects.c.status.in_(statuses),
            effects.c.channel != "none",
        )
        .order_by(effects.c.claimed_at.desc(), effects.c.id.desc())
        .limit(MOST)
    )
    return list(conn.execute(query if kind is None else query.where(effects.c.kind == kind)))


def _sent(row: Row[Any]) -> dict[str, Any]:
    return {
        **_what(row),
        "at": row.settled_at or row.claimed_at,
        "known": row.status == EffectStatus.SENT.value,
        "reached_people": row.via is not None,
    }


def _what(row: Row[Any]) -> dict[str, Any]:
    return {
        "effect_id": row.id,
        "decision_id": row.decision_id,
        "goal": row.goal,
        "kind": row.kind,
        "channel": row.channel,
        "message": row.message,
        "mode": row.mode,
    }


def _not_sent(conn: Connection, vault: Vault, customer_id: str) -> list[dict[str, Any]]:
    """Contacts that came to nothing, and decisions that came to no contact."""
    made = [
        {
            **_what(row),
            "at": row.settled_at or row.claimed_at,
            "reason": row.reason or row.status,
            "look_again_at": None,
        }
        for row in _of_ledger(conn, customer_id, _NOT_SENT, kind=_CONTACT)
    ]
    contact = exists().where(effects.c.decision_id == decisions.c.id, effects.c.kind == _CONTACT)
    rows = conn.execute(
        select(decisions)
        .where(
            decisions.c.customer_id == customer_id,
            decisions.c.status.in_(["no_action", "withheld", "failed"]),
            ~contact,
        )
        .order_by(decisions.c.opened_at.desc(), decisions.c.id.desc())
        .limit(MOST)
    )
    never = [_came_to_nothing(conn, vault, row) for row in rows.all()]
    found = sorted([*made, *never], key=lambda item: (item["at"], item["decision_id"]))
    return found[::-1][:MOST]


def _came_to_nothing(conn: Connection, vault: Vault, row: Row[Any]) -> dict[str, Any]:
    sealed = conn.execute(
        select(journal.c.body_sealed)
        .where(journal.c.decision_id == row.id, journal.c.kind == "closed")
        .order_by(journal.c.pos.desc())
        .limit(1)
    ).scalar()
    body: dict[str, Any] = {} if sealed is None else vault.open_json("journal.body", sealed)
    outcome = body.get("outcome") or {}
    return {
        "effect_id": None,
        "decision_id": row.id,
        "goal": row.goal,
        "kind": None,
        "channel": None,
        "message": None,
        "mode": None,
        "at": row.closed_at or row.opened_at,
        "reason": body.get("reason") or row.status,
        "look_again_at": outcome.get("look_again_at"),
    }


def _next(conn: Connection, vault: Vault, customer_id: str, now_us: int) -> list[dict[str, Any]]:
    """Queued contacts, open questions, and when a journey is looked at again."""
    waiting = (EffectStatus.SCHEDULED.value, EffectStatus.CLAIMED.value)
    found = [
        {
            **_what(row),
            "at": row.not_before or now_us,
            "until": row.expires_at,
            "held": stops.holding(conn, row, now_us),
            "waits_for": "its hour" if row.status == waiting[0] else "the channel",
        }
        for row in _of_ledger(conn, customer_id, waiting)
    ]
    asked = conn.execute(
        select(approvals.c.id, approvals.c.decision_id, approvals.c.due_at, decisions.c.goal)
        .join(decisions, decisions.c.id == approvals.c.decision_id)
        .where(approvals.c.customer_id == customer_id, approvals.c.status == "pending")
    )
    found += [_plain(row, "an answer", until=row.due_at, at=row.due_at) for row in asked]
    looks = conn.execute(
        select(
            wakeups.c.ref.label("decision_id"),
            wakeups.c.due_at,
            decisions.c.goal,
        )
        .join(decisions, decisions.c.id == wakeups.c.ref)
        .where(
            wakeups.c.customer_id == customer_id,
            wakeups.c.kind.in_(_LOOKS),
            wakeups.c.state == "pending",
        )
    )
    found += [_plain(row, "another look", until=None, at=row.due_at) for row in looks]
    return sorted(found, key=lambda item: (item["at"], item["decision_id"]))[:MOST]


def _plain(row: Any, waits_for: str, *, until: int | None, at: int) -> dict[str, Any]:
    return {
        "effect_id": None,
        "decision_id": row.decision_id,
        "goal": row.goal,
        "kind": None,
        "channel": None,
        "message": None,
        "mode": None,
        "at": at,
        "until": until,
        "held": None,
        "waits_for": waits_for,
    }
