"""Lanes and epochs: who works for a customer holds the newest epoch; nobody else can write (P4).

`hold` is the first statement of every guarded unit. It is a conditional update, so on PostgreSQL it
also locks the lane's row: all claims and appends of one customer stand in line.
"""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select, update

from store.schema import lanes
from store.upsert import insert_or_ignore

_TAKE = (
    update(lanes)
    .where(lanes.c.customer_id == bindparam("customer"))
    .values(epoch=lanes.c.epoch + 1)
)
_EPOCH = select(lanes.c.epoch).where(lanes.c.customer_id == bindparam("customer"))
_JOIN = (
    update(lanes)
    .where(lanes.c.customer_id == bindparam("customer"))
    .values(epoch=lanes.c.epoch)
    .returning(lanes.c.epoch)
)
_HOLD = (
    update(lanes)
    .where(lanes.c.customer_id == bindparam("customer"), lanes.c.epoch == bindparam("held"))
    .values(epoch=lanes.c.epoch)
)


class StaleEpoch(Exception):
    """Somebody else has taken this lane since; what was about to be written is not."""


def open_lane(conn: Connection, customer_id: str) -> None:
    """Make the lane's row unless there is one."""
    insert_or_ignore(
        conn, lanes, customer_id=customer_id, epoch=0, last_arrival_seq=0, last_plan_at=0
    )


def take(conn: Connection, customer_id: str) -> int:
    """Take the lane under a new epoch, which is returned; every older holder is now stale."""
    open_lane(conn, customer_id)
    conn.execute(_TAKE, {"customer": customer_id})
    return int(conn.execute(_EPOCH, {"customer": customer_id}).scalar_one())


def hold(conn: Connection, customer_id: str, epoch: int) -> None:
    """Refuse unless `epoch` is the lane's newest; keeps it so until the unit commits."""
    held = conn.execute(_HOLD, {"customer": customer_id, "held": epoch})
    if held.rowcount != 1:
        raise StaleEpoch(f"the lane of {customer_id} has left epoch {epoch}")


def join(conn: Connection, customer_id: str) -> int:
    """The newest epoch, kept so until this unit commits, beside whoever works the lane under it.

    For one unit in which a person changes something that no worker has in hand: it reads and writes
    in the same transaction, so it is never stale, and it takes the lane from nobody.
    """
    open_lane(conn, customer_id)
    return int(conn.execute(_JOIN, {"customer": customer_id}).scalar_one())
