"""Opening a decision, and finding again the ones that a crash left running."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, func, select, update

from agent import journal_bodies as bodies
from agent import journeys
from agent.lane_unit import LaneUnit
from agent.run import Opening, Wake
from agent.triage import named_somewhere
from store import documents, journal
from store.schema import decisions, events, lanes
from store.sealing import Vault


def open_decision(
    unit: LaneUnit,
    journey: Row[Any],
    wakes: list[Wake],
    context: dict[str, Any],
    *,
    status: str = "running",
) -> Opening:
    """Write a new decision and its first entry. Another status than `running` closes it at once."""
    agent = unit.ground.agents[journey.goal]
    document = documents.live(unit.conn, kind="agent", name=agent.name)
    before = unit.conn.execute(
        select(func.count()).select_from(decisions).where(decisions.c.journey_id == journey.id)
    ).scalar_one()
    opening = Opening(
        decision_id=unit.ground.fresh_id("dec"),
        journey_id=journey.id,
        customer_id=unit.customer_id,
        goal=journey.goal,
        agent=agent,
        agent_version=document.version if document is not None else 0,
        arm=journey.arm,
        mode=agent.mode.value,
        context=context,
        wakes=tuple(wakes),
        journey_opened_at=journey.opened_at,
        decisions_before=int(before),
    )
    unit.conn.execute(
        decisions.insert().values(
            id=opening.decision_id,
            journey_id=journey.id,
            customer_id=unit.customer_id,
            goal=journey.goal,
            agent=agent.name,
            agent_version=opening.agent_version,
            arm=journey.arm,
            mode=opening.mode,
            status=status,
            opened_at=unit.now_us,
            closed_at=None if status == "running" else unit.now_us,
            epoch=unit.epoch,
        )
    )
    unit.append(
        opening.decision_id,
        "opened",
        bodies.opened(
            journey_id=journey.id,
            goal=journey.goal,
            agent=agent.name,
            agent_version=opening.agent_version,
            agent_sha256=agent.sha256,
            arm=journey.arm,
            mode=opening.mode,
            events=[
                {"id": w.event_id, "name": w.name, "occurred_at": w.occurred_at} for w in wakes
            ],
            trigger_context=context,
        ),
    )
    if status == "running":
        unit.conn.execute(
            update(lanes)
            .where(lanes.c.customer_id == unit.customer_id)
            .values(last_plan_at=unit.now_us)
        )
    return opening


def left_running(unit: LaneUnit) -> list[Opening]:
    """The customer's running decisions with the steps their journal holds, oldest first."""
    rows = unit.conn.execute(
        select(decisions)
        .where(decisions.c.customer_id == unit.customer_id, decisions.c.status == "running")
        .order_by(decisions.c.id)
    ).all()
    found = (reopen(unit, row) for row in rows)
    return [opening for opening in found if opening is not None]


def reopen(unit: LaneUnit, row: Row[Any]) -> Opening | None:
    """A decision as the loop can go on with it; None where its journey is gone."""
    journey = journeys.get(unit, row.journey_id)
    if journey is None:
        return None
    agent = unit.ground.agents[row.goal]
    entries = journal.entries_of(unit.conn, unit.vault, row.id)
    return Opening(
        decision_id=row.id,
        journey_id=row.journey_id,
        customer_id=unit.customer_id,
        goal=row.goal,
        agent=agent,
        agent_version=row.agent_version,
        arm=row.arm,
        mode=row.mode,
        context=unit.vault.open_json("journeys.context", journey.context_sealed),
        wakes=tuple(_wakes(unit, row.id)),
        journey_opened_at=journey.opened_at,
        decisions_before=0,
        steps=tuple(e.body for e in entries if e.kind == "step" and e.body is not None),
    )


def _wakes(unit: LaneUnit, decision_id: str) -> list[Wake]:
    rows = unit.conn.execute(
        select(events).where(events.c.decision_id == decision_id).order_by(events.c.seq)
    )
    return [wake_of(unit.vault, row, unit) for row in rows]


def wake_of(vault: Vault, row: Row[Any], unit: LaneUnit) -> Wake:
    """An event's row as a wake."""
    body = vault.open_json("events.body", row.body_sealed)
    name = str(body.get("event") or row.kind)
    return Wake(
        event_id=row.id,
        name=name,
        properties=dict(body.get("properties") or {}),
        occurred_at=row.occurred_at,
        unprogrammed=row.kind == "track" and not named_somewhere(name, unit.ground.agents.values()),
    )
