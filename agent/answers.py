"""What people answered: an approval is claimed, an edit is a new call, a rejection ends it (P9).

The answer itself was a compare-and-set in the approvals table. Here, under the lane's epoch, its
consequence is drawn: the approved call is decided again when it is claimed, and may still be
refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from agent import journal_bodies as bodies
from agent import journeys
from agent.act import propose
from agent.environment import Environment
from agent.lane_unit import Ground, LaneUnit
from agent.openings import reopen
from agent.perceive import perceive
from agent.queued import close_decision
from agent.run import Opening, Run
from agent.steps import add_step
from customers import outcome_words, outcomes
from store import approvals, wakeups
from store.schema import decisions
from store.sealing import Vault
from tools.gate import Proposed, decide

_UNDONE = {
    "rejected": "rejected by {by}: {reason}",
    "lapsed": "nobody answered in time, so it was not done",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answered question and the decision it belongs to."""

    approval_id: str
    status: str
    by: str | None
    body: dict[str, Any]
    opening: Opening


def take_answer(
    conn: Connection,
    vault: Vault,
    ground: Ground,
    *,
    customer_id: str,
    epoch: int,
    now_us: int,
    approval_id: str,
) -> Answer | None:
    """Take up an answer: rejected or lapsed, it ends its decision here; others are returned."""
    unit = LaneUnit.hold(conn, vault, ground, customer_id=customer_id, epoch=epoch, now_us=now_us)
    wakeups.cancel(conn, "approval_decided", approval_id)
    wakeups.cancel(conn, "approval_lapse", approval_id)
    row = approvals.get(conn, approval_id)
    if row is None or row.status in ("pending", "superseded"):
        return None
    if approvals.of_decision(conn, row.decision_id)[-1].id != approval_id:
        return None  # a newer question of the same decision has taken its place
    decision = conn.execute(select(decisions).where(decisions.c.id == row.decision_id)).first()
    if decision is None or decision.status not in ("awaiting_approval", "running"):
        return None
    body = vault.open_json("approvals.body", row.body_sealed)
    if decision.status == "awaiting_approval":
        _note(unit, row, body)
    if row.status in _UNDONE:
        reason = _UNDONE[row.status].format(by=row.decided_by, reason=body.get("reason") or "–")
        if row.status == "rejected":
            _remember(unit, row, body, decision.goal)
        close_decision(unit, row.decision_id, "no_action", reason, row.status)
        return None
    opening = reopen(unit, decision)
    over = journeys.over(unit, decision.journey_id)
    if opening is None or over is not None:
        reason = over or "nobody pursues its goal any more"
        close_decision(unit, row.decision_id, "no_action", reason, "cancelled")
        return None
    conn.execute(
        update(decisions)
        .where(decisions.c.id == row.decision_id)
        .values(status="running", epoch=epoch)
    )
    return Answer(approval_id, row.status, row.decided_by, body, opening)


def _remember(unit: LaneUnit, row: Row[Any], body: dict[str, Any], goal: str) -> None:
    """That a person said no to this for them, and why, is remembered for the agent's purpose."""
    agent, call = unit.ground.agents.get(goal), body["call"]
    outcomes.keep(
        unit.conn,
        unit.vault,
        kind="rejected",
        customer_id=unit.customer_id,
        source_id=row.id,
        text=outcome_words.rejected(
            call["tool"],
            message=str(call["args"].get("message") or ""),
            reason=body.get("reason") or "",
        ),
        at=unit.now_us,
        purpose=outcomes.ANY if agent is None else agent.purpose,
    )


def _note(unit: LaneUnit, row: Row[Any], body: dict[str, Any]) -> None:
    for given in body.get("assigned", []):
        to = f"for {given['to']}" if given["to"] else "for anybody who may answer"
        said = f"{to}: {given['reason']}" if given["reason"] else to
        unit.append(
            row.decision_id,
            "approval",
            bodies.approval(approval_id=row.id, status="assigned", by=given["by"], reason=said),
        )
    unit.append(
        row.decision_id,
        "approval",
        bodies.approval(
            approval_id=row.id, status=row.status, by=row.decided_by, reason=body.get("reason")
        ),
    )


async def follow(env: Environment, answer: Answer, *, epoch: int) -> tuple[Run, str]:
    """A run that goes on from an answer, and where it starts: `claim`, `plan` or `close`."""
    run = Run.of(answer.opening, epoch=epoch)
    run.turn = max(run.turn, 1)
    await perceive(env, run)
    if run.closing is not None:
        return run, "close"
    assert run.picture is not None and run.setting is not None
    call = answer.body["call"]
    asked = Proposed(
        id=call["id"],
        tool=call["tool"],
        args=call["args"],
        reasoning=answer.body.get("reasoning") or "",
        confidence_bp=answer.body.get("confidence_bp"),
        overrides=dict(answer.body.get("overrides") or {}),
    )
    if answer.status == "responded":
        decided = decide(run.picture, asked, run.setting)
        add_step(run, decided, {"a_person_says": answer.body.get("reason") or ""})
        return run, "plan"
    if answer.status == "edited":
        edited = Proposed(
            id=f"{call['id']}:edited",
            tool=call["tool"],
            args=answer.body["args"],
            reasoning=f"edited by {answer.by}",
            confidence_bp=answer.body.get("confidence_bp"),
            overrides=dict(answer.body.get("overrides") or {}),
        )
        run.look_again_at = answer.body.get("look_again_at")
        run.asked_by = answer.by
        return run, await propose(env, run, edited)
    where = await propose(env, run, asked)
    if run.contender is None:
        return run, where
    run.approval_id = answer.approval_id
    run.look_again_at = answer.body.get("look_again_at")
    return run, "claim"
