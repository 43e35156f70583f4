"""What a brake or a lease holds back, and taking it up again when that ends.

A held contact stays `scheduled` with its hour in the past. A decision that came to nothing because
of a stop leaves a wake-up `held_back`, by which its journey is looked at again.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, select, update

from store import wakeups
from store.ledger import EffectStatus
from store.schema import effects
from store.schema import wakeups as table

RELEASE, HELD_BACK = "release", "held_back"
_AT_ONCE = 500


def keep(conn: Connection, *, effect_id: str, at: int, customer_id: str, journey_id: str) -> None:
    """Remember that a contact is held, so that `take_up` finds it."""
    wakeups.schedule(
        conn,
        kind=RELEASE,
        ref=effect_id,
        due_at=at,
        customer_id=customer_id,
        journey_id=journey_id,
        state="cancelled",
    )


def take_up(conn: Connection, *, now_us: int, customer_id: str | None = None) -> list[str]:
    """Make everything that is held due, everybody's or one customer's. Returns whose lanes to wake.

    What another brake or lease still holds goes back to where it was when its lane looks at it.
    """
    waiting = select(effects.c.id).where(
        effects.c.status == EffectStatus.SCHEDULED.value, effects.c.not_before <= now_us
    )
    released = (table.c.kind == RELEASE) & table.c.ref.in_(waiting)
    looked_at = (table.c.kind == HELD_BACK) & (table.c.state == "pending")
    anybody, somebody = table.c.customer_id.is_not(None), table.c.customer_id == customer_id
    theirs: ColumnElement[bool] = anybody if customer_id is None else somebody
    ids = [row.id for row in conn.execute(select(table.c.id).where(theirs, released | looked_at))]
    for start in range(0, len(ids), _AT_ONCE):
        conn.execute(
            update(table)
            .where(table.c.id.in_(ids[start : start + _AT_ONCE]))
            .values(state="due", due_at=now_us)
        )
    found = select(table.c.customer_id).where(theirs, table.c.state == "due").distinct()
    kinds = table.c.kind.in_([RELEASE, HELD_BACK])
    return sorted(str(row[0]) for row in conn.execute(found.where(kinds)))
