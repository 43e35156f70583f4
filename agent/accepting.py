"""Accepting: a message is in the inbox, durably, before anybody is told so (DESIGN §3.1).

It is sealed under the intake key, since nobody knows yet whose it is, and deduplicated on its
source and its own id. What has no id of its own gets one and is new each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from store.schema import inbox
from store.sealing import Vault
from store.upsert import insert_or_ignore

LABEL = "inbox.payload"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message on its way into the inbox. `body` is what the resolver will read."""

    event_id: str
    kind: str
    message_id: str | None
    body: dict[str, Any]
    urgent: bool = False
    historical: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """The event's id; `duplicate`: it had been accepted before, and this is its first id."""

    event_id: str
    duplicate: bool
    seq: int


def accept(
    conn: Connection, vault: Vault, source: str, messages: Sequence[Incoming], *, now_us: int
) -> list[Accepted]:
    """Write messages to the inbox, all or none."""
    return [_one(conn, vault, source, message, now_us) for message in messages]


def _one(conn: Connection, vault: Vault, source: str, message: Incoming, now_us: int) -> Accepted:
    own = message.message_id if message.message_id is not None else message.event_id
    message_hash = vault.lookup("message", own)
    added = insert_or_ignore(
        conn,
        inbox,
        event_id=message.event_id,
        source=source,
        message_hash=message_hash,
        kind=message.kind,
        urgent=int(message.urgent),
        historical=int(message.historical),
        payload_sealed=vault.seal_json(vault.intake(), LABEL, message.body),
        received_at=now_us,
        status="accepted",
        attempts=0,
    )
    row = conn.execute(
        select(inbox.c.event_id, inbox.c.seq).where(
            inbox.c.source == source, inbox.c.message_hash == message_hash
        )
    ).one()
    return Accepted(row.event_id, not added, row.seq)
