"""What systems were told of people, as it is shown: by their pages, receipts and proofs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from customers import merge, outward
from store import deliveries

MOST = 50


def shown(row: Row[Any]) -> dict[str, Any]:
    """A delivery without what it holds. `due_at`: when it is told again, where it waits."""
    kept = ("id", "target", "topic", "customer_id", "state", "attempts", "made_at", "settled_at")
    told = {name: row._mapping[name] for name in kept}
    return {**told, "due_at": row.due_at if row.state == "waiting" else None, "reason": row.reason}


def told_of(conn: Connection, customer_id: str) -> list[dict[str, Any]]:
    """Stops and erasures of one person as systems were told, newest first."""
    survivor = merge.survivor(conn, customer_id)
    everyone = [survivor, *merge.merged_into(conn, survivor)]
    rows = deliveries.listing(conn, customer_ids=everyone, kind="sync", limit=MOST)
    return [{**shown(row), "system": row.target.partition(":")[2]} for row in rows]


def of_erasure(conn: Connection, customer_id: str) -> list[dict[str, Any]]:
    """Which systems were told of an erasure, as it stands now.

    `acknowledged` false: not yet, or it has given up (`state` dead); until then the delivery holds
    what the system needs to find the person.
    """
    return [
        {
            "system": told["system"],
            "acknowledged": told["state"] == "done",
            "state": told["state"],
            "attempts": told["attempts"],
            "at": told["settled_at"],
            "reason": told["reason"],
        }
        for told in told_of(conn, customer_id)
        if told["topic"] == outward.ERASED
    ]


def not_acknowledged(systems: Sequence[Mapping[str, Any]]) -> list[str]:
    """The systems of an erasure that still have to be told, by name."""
    return sorted(each["system"] for each in systems if each["state"] in ("waiting", "dead"))
