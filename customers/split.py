"""Un-merging: two records that are two people's after all, each as it was and with what is its own.

Each gets back its rows, its profile and its consents as they were before, and what was said since
under its own identifiers. What was refused or stopped while they were one holds for both, and what
was sent counts for both: nothing is looser than it would have been. Whatever is queued from that
time is cancelled, because it may be written to the wrong one. Neither becomes the other again by
itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Table,
    Text,
    cast,
    delete,
    or_,
    select,
    update,
)

from customers import consent, linking, memory_standing, merge, merge_log, suppression
from customers.merge import MOVED, join_lanes, stop_what_is_forbidden
from customers.merge_log import Before
from customers.split_parts import Arrival, arrivals_since, rebuilt, take_arrivals
from store import contacts_of_both, ledger, wakeups
from store.ledger import EffectStatus
from store.schema import (
    approvals,
    consents,
    customers,
    decisions,
    journeys,
    memories,
    merge_moves,
    merges,
    suppressions,
)
from store.sealing import Vault
from store.upsert import insert_or_ignore

#: The reason of what ended because two records were taken apart.
APART = "two records were taken apart"
_UNFINISHED = ("running", "awaiting_approval", "scheduled")


class CannotSplit(Exception):
    """These records cannot be taken apart."""


class UnknownMerge(CannotSplit):
    """There is no such merge of this customer, or it has been undone already."""


class MergedSince(CannotSplit):
    """The record they became has itself been joined to another since; take that apart first."""


@dataclass(frozen=True, slots=True)
class Split:
    """Who is who again, and what it changed. `arrivals` went to the one whose they are."""

    merge_id: str
    into: str
    absorbed: str
    rows: int
    arrivals: int
    cancelled: int


def split(
    conn: Connection, vault: Vault, *, merge_id: str, by: str, reason: str, now_us: int
) -> Split:
    """Undo one merge. Raises `CannotSplit`; then nothing has changed."""
    named = merge_log.find(conn, merge_id)
    if named is None:
        raise UnknownMerge(UnknownMerge.__doc__)
    into, absorbed = str(named.into_id), str(named.absorbed_id)
    # The lanes first: from here on whoever else would change either of the two waits.
    join_lanes(conn, into, absorbed)
    row = _undoable(conn, merge_id)
    mine, theirs = merge_log.into_before(vault, row), merge_log.absorbed_before(vault, row)
    cancelled = _stop_queued(conn, row, now_us)
    later = _absorbed_since(conn, vault, row)
    refused = _refused_since(conn, row, [mine, theirs, *later])
    conn.execute(
        update(customers)
        .where(customers.c.id == absorbed)
        .values(merged_into=None, updated_at=now_us)
    )
    moved = sum(_give_back(conn, merge_id, table, into, absorbed) for table in (*MOVED, journeys))
    moved += _give_back(conn, merge_id, memories, into, absorbed, indexed=0)
    own, gone = arrivals_since(conn, vault, row)
    take_arrivals(conn, vault, gone, to=absorbed)
    _end_journeys(conn, row, gone, now_us)
    # Who got what was sent while they were one cannot be told for certain.
    contacts_of_both.count_for(conn, other=absorbed, of=into, since_us=row.at)
    _stops_for_both(conn, vault, row)
    for customer_id, before, arrivals, others in (
        (into, mine, own, later),
        (absorbed, theirs, gone, []),
    ):
        _consents(conn, vault, customer_id, [before, *others], arrivals, refused)
        rebuilt(conn, vault, customer_id, [before, *others], arrivals, now_us=now_us)
        linking.refresh(conn, vault, customer_id, now_us=now_us)
        memory_standing.settle_all(conn, customer_id)
    _hold(conn, row, mine, theirs)
    _reopen(conn, row, (mine, theirs), now_us)
    merge_log.close(conn, vault, row, by=by, reason=reason, now_us=now_us)
    for customer_id in (into, absorbed):
        stop_what_is_forbidden(conn, customer_id, now_us, reason=APART)
        wakeups.schedule_due(
            conn,
            kind="plan_again",
            ref=f"{merge_id}:apart:{customer_id}",
            at=now_us,
            customer_id=customer_id,
        )
    return Split(merge_id, into, absorbed, moved, len(gone), cancelled)


def _undoable(conn: Connection, merge_id: str) -> Row[Any]:
    row = merge_log.find(conn, merge_id)
    if row is None or row.undone_at is not None:
        raise UnknownMerge(UnknownMerge.__doc__)
    standing = {
        r.id: r
        for r in conn.execute(
            select(customers.c.id, customers.c.merged_into, customers.c.erased_at).where(
                customers.c.id.in_([row.into_id, row.absorbed_id])
            )
        )
    }
    if any(r.erased_at is not None for r in standing.values()):
        raise UnknownMerge("one of these records was erased; nothing is left to take apart")
    if standing[row.into_id].merged_into is not None:
        raise MergedSince(MergedSince.__doc__)
    return row


def _stop_queued(conn: Connection, row: Row[Any], now_us: int) -> int:
    """What was queued for the two as one is not sent: its address may be the other's."""
    stopped = 0
    waiting = ledger.open_effects(conn, row.into_id, [EffectStatus.SCHEDULED, EffectStatus.CLAIMED])
    for effect in waiting:
        if effect.claimed_at >= row.at:
            stopped += ledger.move(
                conn, effect.id, to=EffectStatus.CANCELLED, at=now_us, reason=APART
            )
    return stopped


def _give_back(
    conn: Connection, merge_id: str, table: Table, into: str, absorbed: str, **also: int
) -> int:
    """The rows of one table that the merge moved over, and that are still there, go back."""
    noted = select(merge_moves.c.row_key).where(
        merge_moves.c.merge_id == merge_id, merge_moves.c.moved == table.name
    )
    here = cast(merge_log.key_of(table), Text).in_(noted)
    returned = conn.execute(
        update(table).where(table.c.customer_id == into, here).values(customer_id=absorbed, **also)
    )
    return returned.rowcount


def _end_journeys(conn: Connection, row: Row[Any], gone: Sequence[Arrival], now_us: int) -> None:
    """Decisions since the merge about the other one's matters end; so do journeys that one of the
    other one's messages had opened here."""
    opened = {a.journey_id for a in gone if a.journey_id is not None}
    conn.execute(
        update(journeys)
        .where(
            journeys.c.id.in_(sorted(opened)),
            journeys.c.customer_id == row.into_id,
            journeys.c.opened_at >= row.at,
            journeys.c.status == "open",
        )
        .values(status="closed", reason=APART, closed_at=now_us)
    )
    returned = select(journeys.c.id).where(journeys.c.customer_id == row.absorbed_id)
    about = or_(decisions.c.journey_id.in_(returned), decisions.c.journey_id.in_(sorted(opened)))
    theirs = select(decisions.c.id).where(decisions.c.customer_id == row.into_id, about)
    conn.execute(
        update(approvals)
        .where(approvals.c.decision_id.in_(theirs), approvals.c.status == "pending")
        .values(status="superseded", decided_at=now_us)
    )
    conn.execute(
        update(decisions)
        .where(decisions.c.customer_id == row.into_id, about, decisions.c.status.in_(_UNFINISHED))
        .values(status="withheld", closed_at=now_us)
    )


def _stops_for_both(conn: Connection, vault: Vault, row: Row[Any]) -> None:
    """Suppressions since the merge hold for both."""
    since = select(suppressions).where(
        suppressions.c.customer_id == row.into_id, suppressions.c.at >= row.at
    )
    for each in conn.execute(since).all():
        values = dict(each._mapping)
        if each.reason_sealed is not None:
            reason = vault.open(suppression.REASON, each.reason_sealed)
            values["reason_sealed"] = vault.seal(row.absorbed_id, suppression.REASON, reason)
        values |= {"id": f"{each.id}~{row.absorbed_id}", "customer_id": row.absorbed_id}
        insert_or_ignore(conn, suppressions, **values)


def _absorbed_since(conn: Connection, vault: Vault, row: Row[Any]) -> list[Before]:
    """What joined the same record later, and is still in it."""
    others = conn.execute(
        select(merges)
        .where(
            merges.c.into_id == row.into_id,
            merges.c.undone_at.is_(None),
            merges.c.id != row.id,
            or_(merges.c.at > row.at, (merges.c.at == row.at) & (merges.c.at_seq > row.at_seq)),
        )
        .order_by(merges.c.at, merges.c.id)
    ).all()
    return [merge_log.absorbed_before(vault, other) for other in others]


def _refused_since(conn: Connection, row: Row[Any], befores: Sequence[Before]) -> list[Row[Any]]:
    """Refusals that came while they were one: not those that a record had brought with it."""
    newest: dict[tuple[str, str], int] = {}
    refused: set[tuple[str, str]] = set()
    for said in (said for before in befores for said in before.consents):
        key = said["channel"], said["purpose"]
        newest[key] = max(said["at"], newest.get(key, 0))
        if said["state"] in consent.REFUSALS:
            refused.add(key)
    return [
        said
        for said in consent.of_customer(conn, row.into_id)
        if said.state in consent.REFUSALS
        and said.at >= row.at
        # A merge dates what it keeps by the newest word of either.
        and not ((key := (said.channel, said.purpose)) in refused and said.at <= newest.get(key, 0))
    ]


def _consents(
    conn: Connection,
    vault: Vault,
    customer_id: str,
    befores: Sequence[Before],
    arrivals: Sequence[Arrival],
    refused: Sequence[Row[Any]],
) -> None:
    """As they were, then what was said since; a refusal of either is one of both."""
    evidence = [vault.open_json(consent.LABEL, said.evidence_sealed) for said in refused]
    conn.execute(delete(consents).where(consents.c.customer_id == customer_id))

    def record(channel: str, purpose: str, state: str, at: int, **more: Any) -> None:
        consent.record(
            conn,
            vault,
            customer_id=customer_id,
            channel=channel,
            purpose=purpose,
            state=state,
            at=at,
            **more,
        )

    for before in befores:
        for stated in before.consents:
            record(**stated)
    for arrival in arrivals:
        shown = {k: v for k, v in arrival.properties.items() if k in consent.EVIDENCE}
        for each in consent.statements(arrival.event, arrival.properties):
            if arrival.event == "Consent Confirmed":
                consent.confirm(
                    conn,
                    vault,
                    customer_id=customer_id,
                    said=each,
                    at=arrival.occurred_at,
                    evidence=shown,
                )
                continue
            ends = {"expires_at": each.expires_at, "evidence": shown}
            record(each.channel, each.purpose, each.state, arrival.occurred_at, **ends)
    for said, shown in zip(refused, evidence, strict=True):
        record(said.channel, said.purpose, said.state, said.at, expires_at=None, evidence=shown)


def _hold(conn: Connection, row: Row[Any], mine: Before, theirs: Before) -> None:
    """A legal hold from before goes back to whose it was; one that came since stays on both."""
    held = conn.execute(
        select(customers.c.legal_hold).where(customers.c.id == row.into_id)
    ).scalar_one()
    since = bool(held) and not (mine.legal_hold or theirs.legal_hold)
    for customer_id, before in ((row.into_id, mine), (row.absorbed_id, theirs)):
        on = int(bool(held) and (since or bool(before.legal_hold)))
        conn.execute(update(customers).where(customers.c.id == customer_id).values(legal_hold=on))


def _reopen(conn: Connection, row: Row[Any], befores: Sequence[Before], now_us: int) -> None:
    """Journeys that ended only because of the merge go on, unless their time is over."""
    for before in befores:
        for journey in conn.execute(
            select(journeys).where(
                journeys.c.id.in_(before.closed_journeys),
                journeys.c.reason == merge.MERGED,
                journeys.c.expires_at > now_us,
            )
        ).all():
            conn.execute(
                update(journeys)
                .where(journeys.c.id == journey.id)
                .values(status="open", reason=None, closed_at=None)
            )
            wakeups.schedule(
                conn,
                kind="journey_expiry",
                ref=journey.id,
                due_at=journey.expires_at,
                customer_id=journey.customer_id,
                journey_id=journey.id,
            )
