"""One person as an operator looks at them: all that is theirs, with when and by whom.

Traits with their time and source, consents with theirs, why contact was stopped, what is remembered
and what of it is withheld, and every effect, sent or not. Bounded lists, newest first.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from agent import lifetime
from agent.merges_shown import links_of, merges_of
from agent.three_answers import three_answers
from customers import complaints, consent, engagement, memory_text, profile, suppression
from customers.memory_standing import MARKETING, why_withheld
from store.schema import customers, effects, erasures
from store.sealing import Vault

MOST = 50
#: What is withheld depends on what for; operators are shown what marketing is not told.
_PURPOSE = MARKETING


def look(conn: Connection, vault: Vault, customer_id: str, now_us: int) -> dict[str, Any]:
    """What is known of one person who is not erased."""
    person = profile.load(conn, vault, customer_id)
    expected, why_not = lifetime.told(conn, person, now_us)
    return {
        "lifetime": expected,
        "lifetime_why_not": why_not,
        "traits": [
            {"name": name, "value": trait.value, "at": trait.at, "source": trait.source}
            for name, trait in sorted(person.traits.items())
        ],
        "engaged": engagement.told(person.engaged),
        "revenue": dict(sorted(person.revenue.items())),
        **three_answers(conn, vault, customer_id, now_us),
        "merges": merges_of(conn, vault, customer_id),
        "links": links_of(conn, customer_id),
        "consents": _consents(conn, vault, customer_id, now_us),
        "suppressions": [
            _suppression(vault, row) for row in suppression.in_force(conn, customer_id, now_us)
        ],
        "complaint": complaints.open_complaint(conn, customer_id),
        "effects": [
            _effect(row)
            for row in conn.execute(
                select(effects)
                .where(effects.c.customer_id == customer_id)
                .order_by(effects.c.claimed_at.desc(), effects.c.id.desc())
                .limit(MOST)
            )
        ],
        "memories": [
            _memory(vault, row, now_us)
            for row in memory_text.of_customer(conn, customer_id, limit=MOST)
        ],
    }


def newest(conn: Connection, *, limit: int) -> list[dict[str, Any]]:
    """Who was heard of for the first time last."""
    rows = conn.execute(
        select(customers.c.id, customers.c.created_at)
        .where(customers.c.erased_at.is_(None), customers.c.merged_into.is_(None))
        .order_by(customers.c.id.desc())
        .limit(limit)
    )
    return [{"id": row.id, "created_at": row.created_at} for row in rows]


def receipt(conn: Connection, customer_id: str) -> str | None:
    """The receipt of an erasure, as JSON; None where this id was never erased."""
    return conn.execute(
        select(erasures.c.receipt).where(erasures.c.customer_id == customer_id)
    ).scalar()


def _consents(
    conn: Connection, vault: Vault, customer_id: str, now_us: int
) -> list[dict[str, Any]]:
    rows = consent.of_customer(conn, customer_id)
    said = {(row.channel, row.purpose): row for row in rows}
    found = []
    for (channel, purpose), state in sorted(consent.states(rows, now_us).items()):
        row = said.get((channel, purpose))
        found.append(
            {
                "channel": channel,
                "purpose": purpose,
                "state": "pending" if row is not None and row.state == "pending" else state,
                "at": None if row is None else row.at,
                "expires_at": None if row is None else row.expires_at,
                "evidence": {}
                if row is None
                else vault.open_json(consent.LABEL, row.evidence_sealed),
            }
        )
    return found


def _suppression(vault: Vault, row: Row[Any]) -> dict[str, Any]:
    reason = None
    if row.reason_sealed is not None:
        reason = vault.open("suppressions.reason", row.reason_sealed).decode()
    kept = ("id", "scope", "purpose", "channel", "by", "at", "until")
    return {**{name: row._mapping[name] for name in kept}, "reason": reason}


def _effect(row: Row[Any]) -> dict[str, Any]:
    kept = ("id", "decision_id", "tool", "kind", "purpose", "mode", "status", "reason")
    return {
        **{name: row._mapping[name] for name in kept},
        "channel": None if row.channel == "none" else row.channel,
        "at": row.claimed_at,
        "settled_at": row.settled_at,
        "not_before": row.not_before,
        "expires_at": row.expires_at,
        "amount_minor": row.amount_minor,
        "currency": row.currency,
    }


def _memory(vault: Vault, row: Row[Any], now_us: int) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "at": row.at,
        "expires_at": row.expires_at,
        "text": memory_text.text_of(vault, row),
        "withheld": why_withheld(row, purpose=_PURPOSE, now_us=now_us),
    }
