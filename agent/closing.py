"""Closing and pausing: the last commit of a decision's turn.

A pause is data: the question stands in the approvals table with the exact call, the decision rests,
and a later run goes on from the journal. Nothing waits in memory.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, update

from agent import journal_bodies as bodies
from agent.environment import Environment
from agent.lane_unit import Ground, LaneUnit
from agent.questions import NEEDS
from agent.queued import cancel_queued, close_decision, settle_events
from agent.run import Closing, Run
from agent.steps import step_body
from store import approvals, principals, wakeups
from store.approvals import Question
from store.closed_counts import count
from store.held import HELD_BACK
from store.schema import decisions
from store.sealing import Vault
from tools import stops

_HOLDS = ("escalate",)


async def close(env: Environment, run: Run) -> None:
    """Flush and close a run that has come to its end."""
    await env.db.write(_close, env.db.vault, env.ground, run=run, now_us=env.clock.now_us())
    _flushed(run)
    run.left = run.left or (run.closing.status if run.closing is not None else None)


async def pause(env: Environment, run: Run) -> None:
    """Flush a run and put its question to people."""
    await env.db.write(_pause, env.db.vault, env.ground, run=run, now_us=env.clock.now_us())
    _flushed(run)
    run.left = "awaiting_approval"


def _flushed(run: Run) -> None:
    run.unflushed.clear()
    run.missing.clear()


def _unit(conn: Connection, vault: Vault, ground: Ground, run: Run, now_us: int) -> LaneUnit:
    return LaneUnit.hold(
        conn,
        vault,
        ground,
        customer_id=run.opening.customer_id,
        epoch=run.epoch,
        now_us=now_us,
    )


def _flush(unit: LaneUnit, run: Run) -> None:
    unit.append_all(run.id, run.unflushed)
    for (fact, action), n in run.missing.items():
        count(unit.conn, fact=fact, action=action, n=n, at=unit.now_us)


def _close(conn: Connection, vault: Vault, ground: Ground, *, run: Run, now_us: int) -> None:
    unit = _unit(conn, vault, ground, run, now_us)
    _flush(unit, run)
    closing = run.closing
    assert closing is not None
    if closing.status == "scheduled":
        return
    if _held(run, closing):
        cancel_queued(unit, run.opening.journey_id, f"held back: {closing.reason}")
    if closing.look_again_at is not None:
        wakeups.schedule(
            conn,
            kind="another_look" if closing.outcome == {"kind": "lost"} else "check_back",
            ref=run.id,
            due_at=closing.look_again_at,
            customer_id=run.opening.customer_id,
            journey_id=run.opening.journey_id,
        )
    if _stopped(run):
        wakeups.schedule(
            conn,
            kind=HELD_BACK,
            ref=run.id,
            due_at=run.opening.journey_opened_at + run.opening.agent.expires_after_us,
            customer_id=run.opening.customer_id,
            journey_id=run.opening.journey_id,
        )
    close_decision(
        unit,
        run.id,
        closing.status,
        closing.reason,
        str((closing.outcome or {}).get("kind", closing.status)),
        look_again_at=closing.look_again_at,
    )


def _held(run: Run, closing: Closing) -> bool:
    """Whether this decision ends with people taking over what was queued in its journey."""
    if (closing.outcome or {}).get("kind") == "held":
        return True
    return any(step["call"]["tool"] in _HOLDS and step.get("effect_id") for step in run.steps)


def _stopped(run: Run) -> bool:
    """Whether a brake or a lease denied this decision something; it is looked at again after it."""
    return any(
        fired["rule"] in stops.RULES for step in run.steps for fired in step["verdict"]["fired"]
    )


def _pause(conn: Connection, vault: Vault, ground: Ground, *, run: Run, now_us: int) -> None:
    unit = _unit(conn, vault, ground, run, now_us)
    contender, approval_id = run.contender, run.approval_id
    assert contender is not None and approval_id is not None and run.setting is not None
    asks = run.setting.pack.approvals
    run_step = step_body(run, contender.decided, {"awaiting": approval_id})
    _flush(unit, run)
    unit.append(run.id, "step", run_step)
    due_at = min(now_us + asks.answer_within_us, contender.prepared.expires_at)
    outcome = contender.decided.verdict.outcome.value
    asked_by = run.asked_by or f"agent:{run.opening.agent.name}"
    approvals.ask(
        conn,
        vault,
        Question(
            id=approval_id,
            decision_id=run.id,
            journey_id=run.opening.journey_id,
            customer_id=run.opening.customer_id,
            call_digest=contender.decided.digest,
            outcome=outcome,
            requested_by=asked_by,
            requested_at=now_us,
            due_at=due_at,
            assignee=_assignee(conn, run, asks.assignee, outcome=outcome, but=asked_by),
            body=_disclosed(run, run_step),
        ),
    )
    wakeups.schedule(
        conn,
        kind="approval_lapse",
        ref=approval_id,
        due_at=due_at,
        customer_id=run.opening.customer_id,
        journey_id=run.opening.journey_id,
    )
    unit.append(
        run.id,
        "approval",
        bodies.approval(approval_id=approval_id, status="pending", by=None, reason=None),
    )
    conn.execute(
        update(decisions)
        .where(decisions.c.id == run.id)
        .values(status="awaiting_approval", epoch=run.epoch)
    )
    settle_events(unit, run.id)


def _assignee(
    conn: Connection, run: Run, trait: str | None, *, outcome: str, but: str
) -> str | None:
    """Whom this person's trait names, if they have a key that may answer; None: anybody who may."""
    if trait is None or run.picture is None:
        return None
    stated = run.picture.profile.traits.get(trait)
    if stated is None or not isinstance(stated.value, str):
        return None
    named = principals.of_name(conn, stated.value.strip())
    if named is None or named.name == but or not named.may(NEEDS[outcome]):
        return None
    return named.name


def _disclosed(run: Run, step: dict[str, Any]) -> dict[str, Any]:
    """What the person who is asked gets to see, and what the approval is bound to."""
    contender = run.contender
    assert contender is not None
    shown = {
        key: value for key, value in contender.prepared.body.items() if key in ("subject", "text")
    }
    return {
        "call": step["call"],
        "rules": [fired["rule"] for fired in step["verdict"]["fired"]],
        "fired": step["verdict"]["fired"],
        "facts": step["facts"],
        "policy_sha256": step["verdict"]["sha256"],
        "reasoning": step["reasoning"],
        "confidence_bp": step["confidence_bp"],
        "overrides": step["overrides"],
        "look_again_at": run.look_again_at,
        "amount_minor": contender.prepared.amount_minor,
        "currency": contender.prepared.currency,
        "message": shown,
    }
