"""Answers kept for `Idempotency-Key`: the same request again gets the same answer, for 24 hours.

The body may hold what a person said, so it is sealed under the intake key and becomes noise with
the next erasure; that the request was carried out stays known, so nothing is done twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from store.schema import replies
from store.sealing import Erased, Vault
from store.upsert import insert_or_ignore

KEEP_US = 24 * 3_600 * 1_000_000
LABEL = "replies.body"


@dataclass(frozen=True, slots=True)
class Reply:
    """An earlier answer. `body` None: it was destroyed together with somebody's data."""

    request_sha256: str
    status: int
    body: bytes | None


def find(
    conn: Connection, vault: Vault, *, principal_id: str, key: str, now_us: int
) -> Reply | None:
    """The answer this principal got under this key within the last day."""
    row = conn.execute(
        select(replies).where(
            replies.c.principal_id == principal_id,
            replies.c.key_hash == vault.lookup("idempotency", key),
            replies.c.created_at > now_us - KEEP_US,
        )
    ).first()
    if row is None:
        return None
    try:
        body = vault.open(LABEL, row.body_sealed)
    except Erased:
        body = None
    return Reply(row.request_sha256, row.status, body)


def keep(
    conn: Connection,
    vault: Vault,
    *,
    principal_id: str,
    key: str,
    request_sha256: str,
    status: int,
    body: bytes,
    now_us: int,
) -> None:
    """Keep an answer, and drop those that are older than a day."""
    conn.execute(delete(replies).where(replies.c.created_at <= now_us - KEEP_US))
    insert_or_ignore(
        conn,
        replies,
        principal_id=principal_id,
        key_hash=vault.lookup("idempotency", key),
        request_sha256=request_sha256,
        status=status,
        body_sealed=vault.seal(vault.intake(), LABEL, body),
        created_at=now_us,
    )
