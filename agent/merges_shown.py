"""Merges and probable matches as people see them: why two are one, or may be; what each brought."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Row, select

from customers import linking, merge, merge_log
from store.schema import customers, identifiers, merge_moves
from store.sealing import Erased, Vault


def merges_of(conn: Connection, vault: Vault, customer_id: str) -> list[dict[str, Any]]:
    """Every merge that this person took part in, newest first; undone ones too."""
    everyone = [customer_id, *merge.merged_into(conn, customer_id)]
    return [_shown(conn, vault, row) for row in merge_log.of_customers(conn, everyone)]


def links_of(conn: Connection, customer_id: str) -> list[dict[str, Any]]:
    """Open soft links of one person."""
    return [
        {
            "other_id": row.other_id if row.one_id == customer_id else row.one_id,
            "at": row.at,
            "posterior_bp": row.posterior_bp,
            "because": row.because,
            "fields": json.loads(row.shown)["fields"],
        }
        for row in linking.of_customer(conn, customer_id)
    ]


def _shown(conn: Connection, vault: Vault, row: Row[Any]) -> dict[str, Any]:
    gone = conn.execute(
        select(customers.c.merged_into).where(customers.c.id == row.into_id)
    ).scalar()
    kept = ("id", "into_id", "absorbed_id", "why", "at", "by", "undone_at", "undone_by")
    return {
        **{name: row._mapping[name] for name in kept},
        "undone_reason": merge_log.reason_of(vault, row),
        "can_be_undone": row.undone_at is None and gone is None,
        "evidence": merge_log.evidence_of(vault, row),
        "brought": _brought(conn, vault, row.id),
    }


def _brought(conn: Connection, vault: Vault, merge_id: str) -> list[dict[str, str]]:
    """The identifiers that the absorbed record brought along."""
    moved = select(merge_moves.c.row_key).where(
        merge_moves.c.merge_id == merge_id, merge_moves.c.moved == identifiers.name
    )
    rows = conn.execute(
        select(identifiers)
        .where(identifiers.c.value_hash.in_(moved))
        .order_by(identifiers.c.kind, identifiers.c.first_seen_at)
    )
    found = []
    for row in rows:
        try:
            value = vault.open("identifiers.value", row.value_sealed).decode()
        except Erased:
            continue
        found.append({"kind": row.kind, "value": value})
    return found
