"""Opening a decision, and finding again the ones that a crash left running."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, func, or_, select, update

from agent import journal_bodies as bodies
from agent import journeys
from agent.lane_unit import LaneUnit
from agent.mode_of import mode_of
from agent.planning import Usage
from agent.run import Opening, Wake
from agent.triage import named_somewhere
from store import documents, journal
from store.schema import decisions, events, lanes
from store.schema import journeys as opened
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
    opening = Opening(
        decision_id=unit.ground.fresh_id("dec"),
        journey_id=journey.id,
        customer_id=unit.customer_id,
        goal=journey.goal,
        agent=agent,
        agent_version=document.version if document is not None else 0,
        arm=journey.arm,
        mode=mode_of(unit.conn, agent),
        context=context,
        wakes=tuple(wakes),
        journey_opened_at=journey.opened_at,
        decisions_before=_decisions_in(unit, journey.id),
        entries_before=_entries(unit, journey),
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
            events=bodies.events_of(wakes),
            woken_by=[w.name for w in wakes if w.event_id is None],
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


def running(unit: LaneUnit) -> list[Row[Any]]:
    """The customer's running decisions, oldest first."""
    return list(
        unit.conn.execute(
            select(decisions)
            .where(decisions.c.customer_id == unit.customer_id, decisions.c.status == "running")
            .order_by(decisions.c.id)
        )
    )


def reopen(unit: LaneUnit, row: Row[Any]) -> Opening | None:
    """A decision as the loop can go on with it; None where its journey or its agent is gone."""
    journey = journeys.get(unit, row.journey_id)
    agent = unit.ground.agents.get(row.goal)
    if journey is None or agent is None:
        return None
    entries = journal.entries_of(unit.conn, unit.vault, row.id)
    bodies_of = [(e.kind, e.body) for e in entries if e.body is not None]
    told = [
        event["id"]
        for kind, body in bodies_of
        if kind in ("opened", "joined")
        for event in body["events"]
    ]
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
        wakes=tuple(_wakes(unit, row.id, told)),
        journey_opened_at=journey.opened_at,
        decisions_before=_decisions_in(unit, row.journey_id, before=row.id),
        entries_before=_entries(unit, journey),
        steps=tuple(body for kind, body in bodies_of if kind == "step"),
        spent=sum(
            (Usage.of_json(body["usage"]) for kind, body in bodies_of if kind == "planned"),
            Usage(),
        ),
    )


def _decisions_in(unit: LaneUnit, journey_id: str, *, before: str | None = None) -> int:
    """How many decisions the journey has had, before one of them."""
    query = select(func.count()).select_from(decisions).where(decisions.c.journey_id == journey_id)
    if before is not None:
        query = query.where(decisions.c.id < before)
    return int(unit.conn.execute(query).scalar_one())


def _entries(unit: LaneUnit, journey: Row[Any]) -> tuple[int, ...]:
    """When this customer came into a rule-based journey of this goal before, oldest first."""
    if journey.arm != "rules":
        return ()
    rows = unit.conn.execute(
        select(opened.c.opened_at)
        .where(
            opened.c.customer_id == unit.customer_id,
            opened.c.goal == journey.goal,
            opened.c.arm == journey.arm,
            opened.c.opened_at <= journey.opened_at,
            opened.c.id != journey.id,
        )
        .order_by(opened.c.opened_at, opened.c.id)
    )
    return tuple(int(row.opened_at) for row in rows)


def _wakes(unit: LaneUnit, decision_id: str, told: list[str]) -> list[Wake]:
    """A decision's events. One that several journeys ask about names only one decision."""
    rows = unit.conn.execute(
        select(events)
        .where(or_(events.c.decision_id == decision_id, events.c.id.in_(told)))
        .order_by(events.c.seq)
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
