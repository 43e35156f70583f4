"""Merging two profiles that are one person, without loosening anything.

The stricter consent, the fuller contact ledger, all suppressions, the journeys of both; their
lanes, taken in id order, go on under one new epoch. Whatever the joined profile forbids is no
longer queued. The journal is never touched: old entries keep the id they were written under, and
both keys live on until the person is erased.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, or_, select, update

from customers import consent, match_store, memory_text, merge_log, orders, profile, suppression
from customers.merge_log import Because
from customers.stopping import stop_where
from store import lanes, ledger, wakeups
from store.ledger import EffectStatus
from store.schema import (
    approvals,
    complaints,
    consents,
    contacts,
    customers,
    decisions,
    effects,
    events,
    identifiers,
    journeys,
    leases,
    memories,
    offers,
    receipts,
    soft_links,
    suppressions,
    tickets,
)
from store.schema import lanes as lanes_table
from store.schema import orders as orders_table
from store.schema import wakeups as wakeups_table
from store.sealing import Vault

MOVED = (
    approvals,
    complaints,
    contacts,
    decisions,
    effects,
    events,
    identifiers,
    leases,
    offers,
    orders_table,
    receipts,
    suppressions,
    tickets,
    wakeups_table,
)
# Built once: building a statement costs several times what running it does.
_HAND_OVER = {
    table.name: update(table)
    .where(table.c.customer_id == bindparam("absorbed"))
    .values(customer_id=bindparam("into"))
    for table in MOVED
}
#: The reason of a journey that another one about the same took the place of; its decisions end
#: with it.
MERGED = "merged"


def merge(
    conn: Connection,
    vault: Vault,
    *,
    into: str,
    absorbed: str,
    now_us: int,
    because: Because | None = None,
) -> str:
    """Make one customer of two; the merge's id, by which it can be undone (`customers.split`).

    Running work on either lane is stale from here on (P4). The survivor's lane is left something
    due, so that it is taken up even if nobody rings it.
    """
    merge_id = merge_log.begin(
        conn, vault, into=into, absorbed=absorbed, because=because or Because(), now_us=now_us
    )
    join_lanes(conn, into, absorbed)
    _consents(conn, into, absorbed)
    _journeys(conn, vault, merge_id, into, absorbed, now_us)
    for table in MOVED:
        merge_log.keep_moves(conn, merge_id, table, absorbed)
        conn.execute(_HAND_OVER[table.name], {"absorbed": absorbed, "into": into})
    merge_log.keep_moves(conn, merge_id, memories, absorbed)
    memory_text.hand_over(conn, to=into, of=absorbed)
    _profiles(conn, vault, into, absorbed, now_us)
    match_store.remove(conn, [absorbed])
    conn.execute(
        update(soft_links)
        .where(
            or_(soft_links.c.one_id == absorbed, soft_links.c.other_id == absorbed),
            soft_links.c.state == "open",
        )
        .values(state="joined", decided_by="usher", decided_at=now_us)
    )
    stop_what_is_forbidden(conn, into, now_us)
    wakeups.schedule_due(
        conn, kind="plan_again", ref=f"{merge_id}:{MERGED}", at=now_us, customer_id=into
    )
    return merge_id


def survivor(conn: Connection, customer_id: str) -> str:
    """Who a customer has been merged into, or itself."""
    seen = {customer_id}
    while True:
        into = conn.execute(
            select(customers.c.merged_into).where(customers.c.id == customer_id)
        ).scalar()
        if into is None or into in seen:
            return customer_id
        seen.add(str(into))
        customer_id = str(into)


def merged_into(conn: Connection, customer_id: str) -> list[str]:
    """Everybody who was merged into this customer, directly or by others; without itself."""
    found, frontier = [], [customer_id]
    while frontier:
        rows = conn.execute(
            select(customers.c.id)
            .where(customers.c.merged_into.in_(frontier))
            .order_by(customers.c.id)
        )
        frontier = [str(row.id) for row in rows]
        found.extend(frontier)
    return found


def join_lanes(conn: Connection, into: str, absorbed: str) -> None:
    """Both lanes under one epoch, newer than any that either had: claims of both stay behind it."""
    both = sorted((into, absorbed))
    top = max([lanes.take(conn, customer_id) for customer_id in both])
    of_both = lanes_table.c.customer_id.in_(both)
    latest = conn.execute(
        select(
            func.max(lanes_table.c.last_arrival_seq), func.max(lanes_table.c.last_plan_at)
        ).where(of_both)
    ).one()
    conn.execute(
        update(lanes_table)
        .where(of_both)
        .values(epoch=top, last_arrival_seq=latest[0], last_plan_at=latest[1])
    )


def _profiles(conn: Connection, vault: Vault, into: str, absorbed: str, now_us: int) -> None:
    one, other = (profile.load(conn, vault, customer_id) for customer_id in (into, absorbed))
    both = profile.joined(one, other)
    # An order that both stated is theirs twice over: counted with one, shared by the other.
    doubled = [h for h in both.shared if orders.owner_of(conn, h) == into]
    profile.save(conn, vault, into, profile.undoubled(both, doubled), now_us=now_us)
    held = conn.execute(
        select(func.max(customers.c.legal_hold)).where(customers.c.id.in_((into, absorbed)))
    ).scalar_one()
    conn.execute(update(customers).where(customers.c.id == into).values(legal_hold=held))
    conn.execute(
        update(customers)
        .where(customers.c.id == absorbed)
        .values(merged_into=into, updated_at=now_us)
    )


def _consents(conn: Connection, into: str, absorbed: str) -> None:
    kept = {(row.channel, row.purpose): row for row in consent.of_customer(conn, into)}
    for row in consent.of_customer(conn, absorbed):
        mine = kept.get((row.channel, row.purpose))
        here = (consents.c.channel == row.channel) & (consents.c.purpose == row.purpose)
        theirs = (consents.c.customer_id == absorbed) & here
        if mine is None:
            conn.execute(update(consents).where(theirs).values(customer_id=into))
            continue
        strict = max(mine, row, key=_strictness)
        conn.execute(delete(consents).where(theirs))
        conn.execute(
            update(consents)
            .where(consents.c.customer_id == into, here)
            .values(
                state=strict.state,
                # The newer instant of the two: nothing that either knew better than comes back.
                at=max(mine.at, row.at),
                expires_at=strict.expires_at,
                evidence_sealed=strict.evidence_sealed,
            )
        )


def _strictness(row: Row[Any]) -> tuple[int, float, int]:
    """The stricter word; of two grants the one that ends sooner; else the newer."""
    ends = float("inf") if row.expires_at is None else float(row.expires_at)
    return consent.STRICTNESS[row.state], -ends, row.at


def _journeys(
    conn: Connection, vault: Vault, merge_id: str, into: str, absorbed: str, now_us: int
) -> None:
    """Journeys move over. Of two about the same, the survivor's goes on and the other is closed; a
    goal that either has reached is reached."""
    taken = {
        (row.goal, row.subject_hash): row
        for row in conn.execute(select(journeys).where(journeys.c.customer_id == into))
    }
    closed: dict[str, list[str]] = {into: [], absorbed: []}
    merge_log.keep_moves(conn, merge_id, journeys, absorbed)
    for row in conn.execute(
        select(journeys).where(journeys.c.customer_id == absorbed).order_by(journeys.c.id)
    ).all():
        mine = taken.get((row.goal, row.subject_hash))
        if mine is None:
            conn.execute(update(journeys).where(journeys.c.id == row.id).values(customer_id=into))
            continue
        if _close(conn, row, absorbed, "closed", now_us):
            closed[absorbed].append(row.id)
        if row.status == "reached" and _close(conn, mine, into, "reached", now_us):
            closed[into].append(mine.id)
    merge_log.keep_closed(conn, vault, merge_id, into=closed[into], absorbed=closed[absorbed])


def _close(conn: Connection, journey: Row[Any], customer_id: str, status: str, now_us: int) -> bool:
    """Close a journey, and cancel what is queued in it. Its lane ends the decisions (`MERGED`).

    False where it was closed before.
    """
    closed = conn.execute(
        update(journeys)
        .where(journeys.c.id == journey.id, journeys.c.status == "open")
        .values(status=status, reason=MERGED, closed_at=now_us)
    )
    if closed.rowcount:
        wakeups.cancel(conn, "journey_expiry", journey.id)
    for row in ledger.open_effects(conn, customer_id, [EffectStatus.SCHEDULED]):
        if row.journey_id == journey.id:
            ledger.move(conn, row.id, to=EffectStatus.CANCELLED, at=now_us, reason=MERGED)
    return closed.rowcount > 0


def stop_what_is_forbidden(
    conn: Connection,
    into: str,
    now_us: int,
    *,
    reason: str = "the joined profile does not allow it",
) -> None:
    """What is queued stops where the consents and suppressions that hold now forbid it."""
    stopped = suppression.in_force(conn, into, now_us)
    agreed = consent.states(consent.of_customer(conn, into), now_us)
    addresses = profile.address_hashes_of(conn, into)

    def forbidden(row: Row[Any]) -> bool:
        if suppression.is_suppressed(
            stopped,
            purpose=row.purpose,
            channel=row.channel,
            address_hash=addresses.get(row.channel),
        ):
            return True
        state = agreed.get((row.channel, row.purpose), "absent")
        wanted = ("granted",) if row.purpose == "marketing" else ("granted", "absent")
        return state not in wanted

    stop_where(conn, into, forbidden, reason=reason, now_us=now_us)
