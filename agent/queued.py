"""What is queued and has not reached anybody: scheduled contacts, open questions, unused offers.

Whatever ends the reason for it ends it here, with the reason in the decision that made it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from agent import journal_bodies as bodies
from agent.arbitration import ANOTHER_LOOK_US
from agent.lane_unit import LaneUnit
from customers import outcomes, receipts
from customers.merge import MERGED
from store import approvals, counters, ledger, wakeups
from store.ledger import EffectStatus
from store.schema import decisions, effects, events, journal, journeys, offers

_NOT_HANDED_OVER = (EffectStatus.SCHEDULED,)
_MAY_REACH = (
    EffectStatus.SCHEDULED,
    EffectStatus.CLAIMED,
    EffectStatus.SENT,
    EffectStatus.UNKNOWN,
)


def cancel_queued(unit: LaneUnit, journey_id: str, reason: str) -> list[str]:
    """Cancel the journey's scheduled contacts and open questions; the decisions concerned."""
    touched: list[str] = []
    for row in ledger.open_effects(unit.conn, unit.customer_id, _NOT_HANDED_OVER):
        if row.journey_id == journey_id and ledger.move(
            unit.conn, row.id, to=EffectStatus.CANCELLED, at=unit.now_us, reason=reason
        ):
            note_effect(unit, row, EffectStatus.CANCELLED, reason)
            close_decision(unit, row.decision_id, "no_action", reason, "cancelled")
            touched.append(row.decision_id)
    waiting = unit.conn.execute(
        select(decisions.c.id).where(
            decisions.c.journey_id == journey_id, decisions.c.status == "awaiting_approval"
        )
    )
    for (decision_id,) in waiting.all():
        withdraw_questions(unit, decision_id, reason)
        touched.append(decision_id)
    return touched


# Built once: building a statement costs several times what running it does.
_CANCELLED = (
    select(effects)
    .join(decisions, decisions.c.id == effects.c.decision_id)
    .where(
        effects.c.customer_id == bindparam("customer"),
        effects.c.kind == "contact",
        effects.c.status == EffectStatus.CANCELLED.value,
        decisions.c.status.in_(["scheduled", "running"]),
    )
)


def journal_cancelled(unit: LaneUnit) -> None:
    """Write down what the resolver cancelled at once (an opt-out, a revoked consent).

    The resolver holds no epoch and so may not append; the lane catches up here. A decision that was
    about to hand the contact over when its worker failed ends here too; where the contact had set
    out for the person by then, nobody knows whether it arrived, and it counts.
    """
    rows = unit.conn.execute(_CANCELLED, {"customer": unit.customer_id}).all()
    for row in rows:
        if row.via is not None and _told(unit, row):
            continue
        if row.via is not None:
            ledger.sent_after_all(unit.conn, row.id, to=EffectStatus.UNKNOWN, at=unit.now_us)
            reason = "it was stopped while it was handed over: a person must look"
            note_effect(unit, row, EffectStatus.UNKNOWN, reason)
            close_decision(unit, row.decision_id, "completed", reason, "unconfirmed")
            continue
        reason = row.reason or "cancelled"
        note_effect(unit, row, EffectStatus.CANCELLED, reason)
        close_decision(unit, row.decision_id, "no_action", reason, "cancelled")


def _told(unit: LaneUnit, row: Row[Any]) -> bool:
    """Whether a receipt of the channel tells what became of it; then that is written down."""
    reported = receipts.shown(unit.conn, row.id)
    reason = "a receipt of the channel tells"
    if reported is EffectStatus.SENT:
        ledger.sent_after_all(unit.conn, row.id, to=reported, at=unit.now_us)
        note_effect(unit, row, reported, reason)
        outcomes.keep_send(unit.conn, unit.vault, row, at=unit.now_us, reached=True)
        close_decision(unit, row.decision_id, "completed", reason, "done")
    elif reported is EffectStatus.FAILED:
        ledger.stopped_in_time(unit.conn, row.id)
        note_effect(unit, row, EffectStatus.CANCELLED, reason)
        close_decision(unit, row.decision_id, "no_action", reason, "cancelled")
    return reported is not None


def end_merged(unit: LaneUnit) -> None:
    """End what a merge left open: decisions of a journey that another about the same replaced."""
    claimed = select(effects.c.decision_id).where(
        effects.c.customer_id == unit.customer_id,
        effects.c.status == EffectStatus.CLAIMED.value,
    )
    rows = unit.conn.execute(
        select(decisions.c.id)
        .join(journeys, journeys.c.id == decisions.c.journey_id)
        .where(
            decisions.c.customer_id == unit.customer_id,
            decisions.c.status.in_(["running", "awaiting_approval"]),
            decisions.c.id.not_in(claimed),
            journeys.c.reason == MERGED,
        )
        .order_by(decisions.c.id)
    ).all()
    for (decision_id,) in rows:
        withdraw_questions(unit, decision_id, "another journey about the same goes on")


def withdraw_questions(unit: LaneUnit, decision_id: str, reason: str) -> None:
    """Take a decision's question off the queue and end the decision undone."""
    for row in approvals.of_decision(unit.conn, decision_id):
        if row.status == "pending":
            wakeups.cancel(unit.conn, "approval_lapse", row.id)
            unit.append(
                decision_id,
                "approval",
                bodies.approval(approval_id=row.id, status="superseded", by=None, reason=reason),
            )
    approvals.supersede(unit.conn, decision_id, at=unit.now_us)
    close_decision(unit, decision_id, "no_action", reason, "superseded")


def question_stopped(unit: LaneUnit, approval_id: str) -> None:
    """A brake has taken this question off the queue: write it down, and end its decision undone."""
    row = approvals.get(unit.conn, approval_id)
    if row is None or row.status != "superseded":
        return
    waits = select(decisions.c.id).where(
        decisions.c.id == row.decision_id, decisions.c.status == "awaiting_approval"
    )
    if unit.conn.execute(waits).first() is None:
        return
    reason = "the brake was pulled before anybody had answered"
    unit.append(
        row.decision_id,
        "approval",
        bodies.approval(approval_id=row.id, status="superseded", by=None, reason=reason),
    )
    close_decision(unit, row.decision_id, "no_action", reason, "cancelled")


def expire_effect(unit: LaneUnit, effect_id: str) -> None:
    """An effect's time has run out: unsent it expires; what it still held is given back.

    That nothing came back on a message that was sent is remembered.
    """
    row = ledger.get(unit.conn, effect_id)
    if row is None:
        return
    outcomes.keep_ignored(unit.conn, unit.vault, row, at=unit.now_us)
    if ledger.move(
        unit.conn,
        effect_id,
        to=EffectStatus.EXPIRED,
        at=unit.now_us,
        reason="it was no longer of use",
    ):
        note_effect(unit, row, EffectStatus.EXPIRED, "it was no longer of use")
        close_decision(unit, row.decision_id, "no_action", "it was no longer of use", "expired")
    unit.conn.execute(
        update(offers)
        .where(offers.c.effect_id == effect_id, offers.c.status == "issued")
        .values(status="expired")
    )
    counters.release(unit.conn, effect_id)


def void_unused_offers(unit: LaneUnit, decision_id: str) -> None:
    """Take back this decision's offers that no contact carries, and their budget with them."""
    rows = unit.conn.execute(
        select(offers.c.id, offers.c.effect_id, offers.c.journey_id).where(
            offers.c.decision_id == decision_id, offers.c.status == "issued"
        )
    ).all()
    if not rows:
        return
    carried = _carried(unit, rows[0].journey_id)
    for offer_id, effect_id, _ in rows:
        if offer_id in carried:
            continue
        unit.conn.execute(update(offers).where(offers.c.id == offer_id).values(status="void"))
        counters.release(unit.conn, effect_id)
        wakeups.cancel(unit.conn, "effect_expiry", effect_id)


def _carried(unit: LaneUnit, journey_id: str) -> set[str]:
    """Offers that a contact of this journey has taken, or may yet take, to the person."""
    live = ledger.open_effects(unit.conn, unit.customer_id, _MAY_REACH)
    bodies_of = (
        unit.vault.open_json("effects.body", row.body_sealed)
        for row in live
        if row.kind == "contact" and row.journey_id == journey_id
    )
    return {body["offer_id"] for body in bodies_of if body.get("offer_id")}


def preempted(unit: LaneUnit, effect_ids: Iterable[str], *, journey_id: str) -> None:
    """Write down which queued contacts a stronger one has replaced, and end their decisions.

    Another journey than the stronger contact's is looked at again later.
    """
    for effect_id in effect_ids:
        row = ledger.get(unit.conn, effect_id)
        if row is None or row.status != EffectStatus.PREEMPTED.value:
            continue
        again = None if row.journey_id == journey_id else unit.now_us + ANOTHER_LOOK_US
        note_effect(unit, row, EffectStatus.PREEMPTED, row.reason)
        if again is not None:
            wakeups.schedule(
                unit.conn,
                kind="another_look",
                ref=row.decision_id,
                due_at=again,
                customer_id=unit.customer_id,
                journey_id=row.journey_id,
            )
        close_decision(
            unit,
            row.decision_id,
            "no_action",
            row.reason or "a stronger contact took its place",
            "preempted",
            look_again_at=again,
        )


def note_effect(
    unit: LaneUnit,
    row: Row[Any],
    status: EffectStatus,
    reason: str | None,
    *,
    not_before: int | None = None,
    provider_id: str | None = None,
) -> None:
    """One `effect` entry: what became of it."""
    unit.append(
        row.decision_id,
        "effect",
        bodies.effect(
            effect_id=row.id,
            kind=row.kind,
            channel=row.channel,
            status=status.value,
            not_before=not_before,
            amount_minor=row.amount_minor,
            currency=row.currency,
            reason=reason,
            provider_id=provider_id,
        ),
    )


def close_decision(
    unit: LaneUnit,
    decision_id: str,
    status: str,
    reason: str,
    outcome: str,
    *,
    look_again_at: int | None = None,
) -> None:
    """End a decision with its last entry. It may end again: a queued contact is cancelled."""
    unit.append(
        decision_id,
        "closed",
        bodies.closed(
            status=status, reason=reason, outcome={"kind": outcome, "look_again_at": look_again_at}
        ),
    )
    unit.conn.execute(
        update(decisions)
        .where(decisions.c.id == decision_id)
        .values(status=status, closed_at=unit.now_us, epoch=unit.epoch)
    )
    settle_events(unit, decision_id)
    if status in ("no_action", "withheld", "failed"):
        void_unused_offers(unit, decision_id)


def settle_events(unit: LaneUnit, decision_id: str) -> None:
    """The events that went into this decision have been decided on (P7)."""
    unit.conn.execute(
        update(events)
        .where(events.c.decision_id == decision_id, events.c.state == "taken")
        .values(state="decided")
    )


def last_step(unit: LaneUnit, effect_id: str, decision_id: str) -> dict[str, Any] | None:
    """The newest journalled step that made (or released) this effect."""
    rows = unit.conn.execute(
        select(journal.c.body_sealed)
        .where(journal.c.decision_id == decision_id, journal.c.kind == "step")
        .order_by(journal.c.pos.desc())
    )
    for (sealed,) in rows:
        body: dict[str, Any] = unit.vault.open_json("journal.body", sealed)
        if body.get("effect_id") == effect_id:
            return body
    return None
