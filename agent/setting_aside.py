"""Setting aside what cannot be taken up, so that it stops nothing else; and trying again (P7).

An event that no drain gets through is `dead`, with the class of what went wrong as its reason, and
so is a message that cannot be resolved. Both can be seen and tried again once the cause is mended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, update

from store import lanes
from store.schema import events, inbox, wakeups

_MOST_SHOWN = 100


def set_aside(
    conn: Connection,
    *,
    customer_id: str,
    epoch: int,
    event_ids: Sequence[str],
    wakeup_id: int | None,
    reason: str,
) -> None:
    """Set events, or a wake-up, of one customer aside, under the lane's epoch (P4)."""
    lanes.hold(conn, customer_id, epoch)
    conn.execute(
        update(events)
        .where(events.c.id.in_(list(event_ids)), events.c.state == "waiting")
        .values(state="dead", reason=f"set aside: {reason}")
    )
    if wakeup_id is not None:
        conn.execute(update(wakeups).where(wakeups.c.id == wakeup_id).values(state="cancelled"))


def give_back(
    conn: Connection, *, customer_id: str, epoch: int, decision_id: str, event_ids: Sequence[str]
) -> None:
    """Events for a decision that has ended without hearing of them wait again."""
    lanes.hold(conn, customer_id, epoch)
    conn.execute(
        update(events)
        .where(events.c.id.in_(list(event_ids)), events.c.decision_id == decision_id)
        .values(state="waiting", reason=None, journey_id=None, decision_id=None)
    )


@dataclass(frozen=True, slots=True)
class Again:
    """A dead letter that waits again: by its place in the inbox, or in a customer's lane."""

    seq: int
    customer_id: str | None


def try_again(conn: Connection, event_id: str) -> Again | None:
    """Take a dead letter up again; None where there is none of this id."""
    resolved = conn.execute(
        update(events)
        .where(events.c.id == event_id, events.c.state == "dead")
        .values(state="waiting", reason=None)
    )
    if resolved.rowcount == 1:
        row = conn.execute(
            select(events.c.seq, events.c.customer_id).where(events.c.id == event_id)
        ).one()
        return Again(int(row.seq), str(row.customer_id))
    unresolved = conn.execute(
        update(inbox)
        .where(
            inbox.c.event_id == event_id,
            inbox.c.status == "dead",
            inbox.c.payload_sealed.is_not(None),
        )
        .values(status="accepted", attempts=0, reason=None)
    )
    if unresolved.rowcount != 1:
        return None
    seq = conn.execute(select(inbox.c.seq).where(inbox.c.event_id == event_id)).scalar_one()
    return Again(int(seq), None)


def waiting_and_dead(conn: Connection) -> dict[str, Any]:
    """How many messages wait to be resolved, and the dead letters, newest first."""
    waiting = conn.execute(
        select(func.count()).select_from(inbox).where(inbox.c.status == "accepted")
    ).scalar_one()
    unresolved = conn.execute(
        select(inbox.c.event_id, inbox.c.kind, inbox.c.received_at, inbox.c.reason)
        .where(inbox.c.status == "dead")
        .order_by(inbox.c.seq.desc())
        .limit(_MOST_SHOWN)
    ).all()
    unsorted = conn.execute(
        select(events.c.id.label("event_id"), events.c.kind, events.c.received_at, events.c.reason)
        .where(events.c.state == "dead")
        .order_by(events.c.seq.desc())
        .limit(_MOST_SHOWN)
    ).all()
    letters = [
        {"event_id": row.event_id, "type": row.kind, "at": row.received_at, "reason": row.reason}
        for row in (*unresolved, *unsorted)
    ]
    letters.sort(key=lambda letter: (letter["at"], letter["event_id"]), reverse=True)
    return {"waiting": int(waiting), "dead_letters": letters[:_MOST_SHOWN]}
