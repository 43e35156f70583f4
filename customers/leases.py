"""Leases: a person takes a customer into their hands, and everything else is silent meanwhile.

One person holds a customer at a time, until an instant; joined profiles keep the leases of both.
Taking, ending and claiming stand in line behind the lane's row, so that nothing is claimed for a
customer once somebody has taken them. A reason may be about the person: it is sealed under them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from store import lanes, wakeups
from store.schema import lanes as lanes_table
from store.schema import leases
from store.sealing import Vault

_LABEL = "leases.reason"


@dataclass(frozen=True, slots=True)
class Lease:
    """One lease: who holds whom, from when until when."""

    id: str
    customer_id: str
    holder: str
    at: int
    until: int


class Held(Exception):
    """Somebody else holds this customer."""

    def __init__(self, lease: Lease) -> None:
        super().__init__(lease.holder)
        self.lease = lease


def in_line(conn: Connection, customer_id: str) -> None:
    """Wait behind whoever works on this lane; they wait behind us until this unit commits."""
    lanes.open_lane(conn, customer_id)
    conn.execute(
        select(lanes_table.c.epoch)
        .where(lanes_table.c.customer_id == customer_id)
        .with_for_update()
    )


def take(conn: Connection, vault: Vault, lease: Lease, *, reason: str, over: bool) -> None:
    """Take a customer. Whoever holds them already prolongs, or shortens, their own.

    `over`: take them out of somebody else's hands. Raises `Held` where that is not allowed.
    """
    in_line(conn, lease.customer_id)
    for other in in_force(conn, lease.customer_id, lease.at):
        if other.holder != lease.holder and not over:
            raise Held(other)
        _end(conn, other.id, by=lease.holder, at=lease.at)
    conn.execute(
        leases.insert().values(
            id=lease.id,
            customer_id=lease.customer_id,
            holder=lease.holder,
            reason_sealed=vault.seal(lease.customer_id, _LABEL, reason.encode()),
            at=lease.at,
            until=lease.until,
            ended_by=None,
            ended_at=None,
        )
    )
    wakeups.schedule(
        conn,
        kind="lease_expiry",
        ref=lease.id,
        due_at=lease.until,
        customer_id=lease.customer_id,
    )


def end(conn: Connection, customer_id: str, *, by: str, over: bool, now_us: int) -> int:
    """Let go of a customer; how many leases ended. Raises `Held` for somebody else's."""
    in_line(conn, customer_id)
    held = in_force(conn, customer_id, now_us)
    for lease in held:
        if lease.holder != by and not over:
            raise Held(lease)
        _end(conn, lease.id, by=by, at=now_us)
    return len(held)


# Built once: building a statement costs several times what running it does.
_IN_FORCE = (
    select(leases)
    .where(
        leases.c.customer_id == bindparam("customer"),
        leases.c.ended_at.is_(None),
        leases.c.until > bindparam("now"),
    )
    .order_by(leases.c.id)
)


def in_force(conn: Connection, customer_id: str, now_us: int) -> tuple[Lease, ...]:
    """The customer's leases that hold now, oldest first."""
    rows = conn.execute(_IN_FORCE, {"customer": customer_id, "now": now_us})
    return tuple(Lease(r.id, r.customer_id, r.holder, r.at, r.until) for r in rows)


def shown(conn: Connection, vault: Vault, customer_id: str, now_us: int) -> dict[str, Any] | None:
    """The lease that holds longest, for people to look at; None where nobody holds the customer."""
    rows = conn.execute(_IN_FORCE, {"customer": customer_id, "now": now_us}).all()
    if not rows:
        return None
    row = max(rows, key=lambda r: (r.until, r.id))
    reason = vault.open(_LABEL, row.reason_sealed).decode()
    return {"holder": row.holder, "at": row.at, "until": row.until, "reason": reason}


def _end(conn: Connection, lease_id: str, *, by: str, at: int) -> None:
    conn.execute(update(leases).where(leases.c.id == lease_id).values(ended_by=by, ended_at=at))
    wakeups.cancel(conn, "lease_expiry", lease_id)
