"""Journeys of one customer: found or opened by goal and subject, and closed once, with a reason.

A journey is unique on customer, goal and subject. It remembers by keyed hash which event names it
has met, so that an event of a new name is noticed without keeping names.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from agent.arms import assign
from agent.lane_unit import LaneUnit
from agent.queued import cancel_queued
from agent.subjects import subject_of
from agent.triage import OpenJourney
from store import ledger, wakeups
from store.ledger import EffectStatus
from store.schema import journeys
from tools import stock

_HANDED_OVER = (EffectStatus.SENT, EffectStatus.UNKNOWN)

# Built once: building a statement costs several times what running it does.
_BY_ID = select(journeys).where(journeys.c.id == bindparam("of"))
_OPEN = (
    select(journeys)
    .where(journeys.c.customer_id == bindparam("customer"), journeys.c.status == "open")
    .order_by(journeys.c.id)
)


def get(unit: LaneUnit, journey_id: str) -> Row[Any] | None:
    """One journey's row."""
    return unit.conn.execute(_BY_ID, {"of": journey_id}).first()


def open_journeys(unit: LaneUnit) -> list[Row[Any]]:
    """The customer's open journeys, oldest first. Goals that nobody pursues only expire."""
    rows = unit.conn.execute(_OPEN, {"customer": unit.customer_id})
    return [row for row in rows if row.goal in unit.ground.agents]


def over(unit: LaneUnit, journey_id: str) -> str | None:
    """Why nothing more is decided in this journey; None where it is open."""
    row = get(unit, journey_id)
    if row is None:
        return "its journey is gone"
    if row.status == "open":
        return None
    return f"this journey is {row.status}: {row.reason or 'closed'}"


def for_triage(unit: LaneUnit, row: Row[Any], *, event_name: str, contending: bool) -> OpenJourney:
    """The journey as triage sees it, asked about one event name."""
    queued = any(
        effect.journey_id == row.id
        for effect in ledger.open_effects(unit.conn, unit.customer_id, [EffectStatus.SCHEDULED])
    )
    met = _digest(unit, event_name) in json.loads(row.seen_events)
    return OpenJourney(
        id=row.id,
        goal=row.goal,
        agent=unit.ground.agents[row.goal],
        met=frozenset({event_name} if met else ()),
        has_queued_contact=queued or contending,
    )


def meet(unit: LaneUnit, journey_id: str, event_name: str) -> None:
    """Remember that this journey has met an event of this name."""
    row = get(unit, journey_id)
    if row is None:
        return
    met = json.loads(row.seen_events)
    digest = _digest(unit, event_name)
    if digest not in met:
        unit.conn.execute(
            update(journeys)
            .where(journeys.c.id == journey_id)
            .values(seen_events=json.dumps([*met, digest]))
        )


def find_or_open(unit: LaneUnit, goal: str, context: dict[str, Any]) -> Row[Any]:
    """The journey of this goal and subject; a newer context (the cart now) replaces the old."""
    subject = unit.vault.lookup(f"subject:{goal}", subject_of(goal, context))
    found = unit.conn.execute(
        select(journeys).where(
            journeys.c.customer_id == unit.customer_id,
            journeys.c.goal == goal,
            journeys.c.subject_hash == subject,
        )
    ).first()
    if found is None:
        return _open(unit, goal, subject, context)
    if found.status == "open" and context:
        unit.conn.execute(
            update(journeys)
            .where(journeys.c.id == found.id)
            .values(
                context_sealed=unit.vault.seal_json(unit.customer_id, "journeys.context", context)
            )
        )
        found = get(unit, found.id)
        assert found is not None
    return found


def end(unit: LaneUnit, journey_id: str, *, status: str, reason: str) -> bool:
    """Close an open journey and cancel what is queued in it; False where it is closed already.

    Where its goal is reached, what its messages promised of the stock has been taken, and is no
    longer held for it.
    """
    closed = unit.conn.execute(
        update(journeys)
        .where(journeys.c.id == journey_id, journeys.c.status == "open")
        .values(status=status, reason=reason, closed_at=unit.now_us)
    )
    if closed.rowcount != 1:
        return False
    wakeups.cancel(unit.conn, "journey_expiry", journey_id)
    cancel_queued(unit, journey_id, reason)
    if status == "reached":
        for row in ledger.open_effects(unit.conn, unit.customer_id, _HANDED_OVER):
            if row.journey_id == journey_id:
                stock.let_go(unit.conn, row.id)
    return True


def _open(unit: LaneUnit, goal: str, subject: str, context: dict[str, Any]) -> Row[Any]:
    agent = unit.ground.agents[goal]
    journey_id = unit.ground.fresh_id("jrn")
    expires_at = unit.now_us + agent.expires_after_us
    unit.conn.execute(
        journeys.insert().values(
            id=journey_id,
            customer_id=unit.customer_id,
            goal=goal,
            subject_hash=subject,
            agent=agent.name,
            arm=assign(
                unit.customer_id,
                goal=goal,
                arms={arm.value: share for arm, share in agent.arms.items()},
            ),
            status="open",
            opened_at=unit.now_us,
            expires_at=expires_at,
            context_sealed=unit.vault.seal_json(unit.customer_id, "journeys.context", context),
            seen_events="[]",
        )
    )
    wakeups.schedule(
        unit.conn,
        kind="journey_expiry",
        ref=journey_id,
        due_at=expires_at,
        customer_id=unit.customer_id,
        journey_id=journey_id,
    )
    made = get(unit, journey_id)
    assert made is not None
    return made


def _digest(unit: LaneUnit, event_name: str) -> str:
    return unit.vault.lookup("event-name", event_name)
