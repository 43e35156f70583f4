"""A journal with something in it, for tests that read, audit or spoil one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from store import journal, lanes
from store.database import Database
from store.sealing import Vault


def write_entry(
    conn: Connection,
    vault: Vault,
    person: str,
    *,
    decision: str | None = "dec_1",
    kind: str = "step",
    body: dict[str, Any] | None = None,
    at: int = 1,
) -> str:
    """A unit that appends one entry under the lane's first epoch."""
    lanes.open_lane(conn, person)
    lanes.hold(conn, person, 0)
    return journal.append(
        conn,
        vault,
        customer_id=person,
        decision_id=decision,
        kind=kind,
        body={"said": kind} if body is None else body,
        at=at,
        epoch=0,
    )


def fill(db: Database, *, people: int = 8, each: int = 5) -> list[str]:
    """Entries of several people in turn. Returns whose."""
    everyone = db.vault.reserve(people)
    for n in range(each):
        for person in everyone:
            body = {"n": n, "of": person}
            db.write_now(write_entry, db.vault, person, decision=f"dec_{person}", body=body, at=n)
    return everyone
