"""From contender to effect: the claim transaction with the decision's journal in it."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from agent import journal_bodies as bodies
from agent.environment import Environment
from agent.lane_unit import Ground, LaneUnit
from agent.perceive import perceive
from agent.queued import close_decision, preempted
from agent.run import Closing, Contender, Run
from agent.steps import add_step, count_missing, denied_result, step_body
from policies.nearness import Closeness
from store import near_misses, wakeups
from store.closed_counts import count
from store.ledger import EffectStatus
from store.schema import lanes
from store.sealing import Vault
from tools.claim import Claim, Claimed, Moved, Overspent, Refused, claim
from tools.gate import decide
from tools.tool import ActionKind

#: A claim is good for 30 s of real time (P3).
CLAIM_GOOD_FOR_US = 30 * 1_000_000
QUEUED = "queued until it may be sent"
_IN_VAIN = {
    EffectStatus.FAILED,
    EffectStatus.PREEMPTED,
    EffectStatus.CANCELLED,
    EffectStatus.EXPIRED,
}


class Unsettled(Exception):
    """Something has arrived that the lane has not seen; nothing is claimed before it has."""


async def claim_effect(env: Environment, run: Run, *, approval_id: str | None = None) -> None:
    """Claim the run's contender. What the gate refuses now goes back to the planner as a result.

    Where something newer has arrived the contender stays one, and waits.
    """
    contender, setting = run.contender, run.setting
    assert contender is not None and setting is not None
    now_us = env.clock.now_us()
    preempts = run.queued_here if contender.decided.kind is ActionKind.CONTACT else ()
    request = Claim(
        proposed=contender.decided.proposed,
        prepared=contender.prepared,
        setting=setting,
        customer_id=run.opening.customer_id,
        context=run.opening.context,
        pack_name=env.pack_name,
        effect_id=contender.effect_id,
        epoch=run.epoch,
        now_us=now_us,
        claim_until=int(env.monotonic() * 1_000_000) + CLAIM_GOOD_FOR_US,
        score=contender.terms.score,
        record=partial(_record, env.db.vault, env.ground, run, now_us, preempts),
        approval_id=approval_id,
        preempts=preempts,
    )
    run.contender = None
    try:
        claimed = await env.db.write(claim, env.db.vault, env.shelf, request)
    except Unsettled:
        run.contender = contender
        return
    except Refused as refused:
        add_step(run, refused.decided, denied_result(refused.decided, None))
        await perceive(env, run)
        return
    except (Moved, Overspent) as changed:
        await _changed_under_us(env, run, contender, str(changed))
        return
    _claimed(run, claimed)


async def _changed_under_us(env: Environment, run: Run, contender: Contender, why: str) -> None:
    """The world moved between decision and claim: look and decide again, tell the planner."""
    await perceive(env, run)
    if run.closing is not None:
        return
    assert run.picture is not None and run.setting is not None
    decided = decide(run.picture, contender.decided.proposed, run.setting)
    add_step(run, decided, {"changed": why, **denied_result(decided, None)})


def _claimed(run: Run, claimed: Claimed) -> None:
    run.steps.append(
        step_body(run, claimed.decided, result_of(claimed), effect_id=claimed.effect_id)
    )
    if claimed.fresh:
        run.unflushed.clear()
        run.missing.clear()
    else:
        count_missing(run, claimed.decided)
    if claimed.decided.kind is not ActionKind.CONTACT:
        run.picture = None
        run.goes_on = claimed.status is EffectStatus.CLAIMED
        run.handing_over = claimed.effect_id if run.goes_on else None
    elif claimed.status is EffectStatus.CLAIMED:
        run.handing_over = claimed.effect_id
    elif claimed.status is EffectStatus.SCHEDULED:
        run.closing = Closing("scheduled", QUEUED, {"kind": "scheduled"})
        run.left = "scheduled" if claimed.fresh else None
    else:
        status = "no_action" if claimed.status in _IN_VAIN else "completed"
        run.closing = Closing(status, f"the contact is {claimed.status}", {"kind": "done"})


def result_of(claimed: Claimed) -> dict[str, Any]:
    """What the planner, and the journal, read of an effect."""
    result = dict(claimed.prepared.result)
    if claimed.prepared.hands_over:
        result |= {"effect_id": claimed.effect_id, "status": claimed.status.value}
        if claimed.not_before is not None:
            result["not_before"] = claimed.not_before
            if claimed.decided.held_because is not None:
                result["held_because"] = claimed.decided.held_because
    return result


def _record(
    vault: Vault,
    ground: Ground,
    run: Run,
    now_us: int,
    preempts: tuple[str, ...],
    conn: Connection,
    claimed: Claimed,
) -> None:
    """All the decision has thought so far, the step, the effect: in the claim's own unit."""
    unit = LaneUnit(conn, vault, ground, run.opening.customer_id, run.epoch, now_us)
    _nothing_newer(unit, run.seen_arrival)
    for (fact, action), n in run.missing.items():
        count(conn, fact=fact, action=action, n=n, at=now_us)
    count_near(conn, claimed, now_us)
    step = step_body(run, claimed.decided, result_of(claimed), effect_id=claimed.effect_id)
    effect = bodies.effect(
        effect_id=claimed.effect_id,
        kind=claimed.prepared.kind,
        channel=claimed.prepared.channel,
        status=claimed.status.value,
        not_before=claimed.not_before,
        amount_minor=claimed.prepared.amount_minor,
        currency=claimed.prepared.currency,
        reason=claimed.decided.held_because,
        provider_id=None,
    )
    unit.append_all(run.id, [*run.unflushed, ("step", step), ("effect", effect)])
    preempted(unit, preempts, journey_id=run.opening.journey_id)
    if run.look_again_at is not None and claimed.decided.kind is ActionKind.CONTACT:
        wakeups.schedule(
            conn,
            kind="check_back",
            ref=run.id,
            due_at=run.look_again_at,
            customer_id=run.opening.customer_id,
            journey_id=run.opening.journey_id,
        )
    if claimed.status is EffectStatus.SCHEDULED:
        close_decision(unit, run.id, "scheduled", QUEUED, "scheduled")


def count_near(conn: Connection, claimed: Claimed, now_us: int) -> None:
    """Count each hard limit that this effect came close to, for whoever sets the limits."""
    for one in claimed.near:
        if one.closeness is not Closeness.PAST:
            near_misses.count(
                conn,
                rule=one.rule,
                action=claimed.decided.kind.value,
                exactly=one.closeness is Closeness.AT,
                used_bp=one.used_bp,
                at=now_us,
            )


def _nothing_newer(unit: LaneUnit, seen: int | None) -> None:
    """A marketing contact is claimed only while the lane is empty (DESIGN §3.7)."""
    if seen is None:
        return
    newest = unit.conn.execute(
        select(lanes.c.last_arrival_seq).where(lanes.c.customer_id == unit.customer_id)
    ).scalar_one()
    if newest != seen:
        raise Unsettled
