"""Due times: every wait of more than a moment is a row here, and survives any restart (P7).

A row is unique on kind and what it is about; scheduling it again moves it. `release` turns what is
due by an instant from `pending` to `due`, in order; the lane then takes it and says `done`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from store.schema import wakeups
from store.upsert import insert_or_ignore

# Built once: building a statement costs several times what running it does.
_DUE_OF = (
    select(wakeups)
    .where(wakeups.c.customer_id == bindparam("customer"), wakeups.c.state == "due")
    .order_by(wakeups.c.due_at, wakeups.c.id)
    .with_for_update()
)
_DONE = (
    update(wakeups)
    .where(wakeups.c.id == bindparam("of"), wakeups.c.state == "due")
    .values(state="done")
)
_DUE_AT = select(wakeups.c.due_at).where(
    wakeups.c.kind == bindparam("of_kind"), wakeups.c.ref == bindparam("of_ref")
)
_CANCEL = (
    update(wakeups)
    .where(
        wakeups.c.kind == bindparam("of_kind"),
        wakeups.c.ref == bindparam("of_ref"),
        wakeups.c.state.in_(["pending", "due"]),
    )
    .values(state="cancelled")
)


def schedule(
    conn: Connection,
    *,
    kind: str,
    ref: str,
    due_at: int,
    customer_id: str | None = None,
    journey_id: str | None = None,
    state: str = "pending",
) -> None:
    """Wake at `due_at` (microseconds). The same kind and ref again: the newer time counts."""
    values = {
        "due_at": due_at,
        "customer_id": customer_id,
        "journey_id": journey_id,
        "state": state,
        "reason": None,
    }
    if not insert_or_ignore(conn, wakeups, kind=kind, ref=ref, **values):
        conn.execute(
            update(wakeups).where(wakeups.c.kind == kind, wakeups.c.ref == ref).values(**values)
        )


def schedule_later(
    conn: Connection, *, kind: str, ref: str, due_at: int, customer_id: str | None = None
) -> None:
    """Wake at `due_at`, unless it was set for then or later before, whatever became of that.

    What is heard twice, or out of order, neither brings it forward nor back to life.
    """
    known = conn.execute(_DUE_AT, {"of_kind": kind, "of_ref": ref}).scalar()
    if known is None or known < due_at:
        schedule(conn, kind=kind, ref=ref, due_at=due_at, customer_id=customer_id)


def schedule_due(
    conn: Connection, *, kind: str, ref: str, at: int, customer_id: str | None = None
) -> None:
    """Something the lane must take up at its next turn."""
    schedule(conn, kind=kind, ref=ref, due_at=at, customer_id=customer_id, state="due")


def cancel(conn: Connection, kind: str, ref: str) -> bool:
    """Call a wake-up off; False where none was waiting."""
    called_off = conn.execute(_CANCEL, {"of_kind": kind, "of_ref": ref})
    return called_off.rowcount == 1


def next_due(conn: Connection) -> int | None:
    """The earliest pending instant."""
    value = conn.execute(
        select(func.min(wakeups.c.due_at)).where(wakeups.c.state == "pending")
    ).scalar()
    return None if value is None else int(value)


def release(conn: Connection, now_us: int, limit: int = 500) -> list[Row[Any]]:
    """Turn what is due by now into `due`, earliest first. Returns the rows; each only once."""
    rows = conn.execute(
        select(wakeups)
        .where(wakeups.c.state == "pending", wakeups.c.due_at <= now_us)
        .order_by(wakeups.c.due_at, wakeups.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if rows:
        conn.execute(
            update(wakeups).where(wakeups.c.id.in_([row.id for row in rows])).values(state="due")
        )
    return list(rows)


def due_of(conn: Connection, customer_id: str) -> list[Row[Any]]:
    """What is due for one customer, earliest first; it stays so until this unit commits."""
    return list(conn.execute(_DUE_OF, {"customer": customer_id}))


def done(conn: Connection, wakeup_id: int) -> None:
    """The lane has taken it. One that was given a new time since stays."""
    conn.execute(_DONE, {"of": wakeup_id})
