"""Consent: person × channel × purpose, with time, source and evidence. Absent is not granted.

An older event never undoes a newer one; at the same instant the stricter one holds. What is said for
`all` channels or purposes is written out for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from store.schema import consents
from store.sealing import Vault
from store.upsert import insert_or_ignore

CHANNELS = ("email", "sms")
PURPOSES = ("marketing", "service")
_STRICTNESS = {"granted": 0, "denied": 1, "revoked": 2}


def record(
    conn: Connection,
    vault: Vault,
    *,
    customer_id: str,
    channel: str,
    purpose: str,
    state: str,
    at: int,
    evidence: Mapping[str, Any],
    expires_at: int | None = None,
) -> bool:
    """Write one consent; False where a newer (or, at the same instant, stricter) one stands."""
    values = {
        "state": state,
        "at": at,
        "expires_at": expires_at,
        "evidence_sealed": vault.seal_json(customer_id, "consents.evidence", dict(evidence)),
    }
    if insert_or_ignore(
        conn, consents, customer_id=customer_id, channel=channel, purpose=purpose, **values
    ):
        return True
    milder = [s for s, rank in _STRICTNESS.items() if rank < _STRICTNESS[state]]
    replaced = conn.execute(
        update(consents)
        .where(
            consents.c.customer_id == customer_id,
            consents.c.channel == channel,
            consents.c.purpose == purpose,
            or_(consents.c.at < at, (consents.c.at == at) & consents.c.state.in_(milder)),
        )
        .values(**values)
    )
    return replaced.rowcount == 1


def spread(word: Any, known: tuple[str, ...]) -> tuple[str, ...]:
    """The channels (or purposes) that a word names: one, or all of them; none where it is unknown."""
    if word in (None, "all", "*"):
        return known
    return (word,) if word in known else ()


def of_customer(conn: Connection, customer_id: str) -> list[Row[Any]]:
    """All consents of a person."""
    return list(
        conn.execute(
            select(consents)
            .where(consents.c.customer_id == customer_id)
            .order_by(consents.c.channel, consents.c.purpose)
        )
    )


def states(rows: list[Row[Any]], now_us: int) -> dict[tuple[str, str], str]:
    """Channel and purpose → granted, denied, revoked or absent. An expired consent is absent."""
    found = {(c, p): "absent" for c in CHANNELS for p in PURPOSES}
    for row in rows:
        expired = row.expires_at is not None and row.expires_at <= now_us
        found[row.channel, row.purpose] = "absent" if expired else row.state
    return found
