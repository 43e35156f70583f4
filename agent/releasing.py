"""Releasing a queued contact: decided again on fresh facts, then handed over, put off or cancelled.

What held at planning time is no excuse: the live pack, the facts of now and the read barrier speak again
in the unit that takes the effect for hand-over (P1).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, select

from agent.claiming import CLAIM_GOOD_FOR_US
from agent.environment import Environment
from agent.handover import hand_over
from agent.lane_unit import Ground, LaneUnit
from agent.openings import reopen
from agent.perceive import setting_of
from agent.queued import close_decision, expire_effect, last_step, note_effect
from agent.run import Opening, Run
from agent.steps import step_body
from customers.barrier import barrier
from policies.pack import Pack
from store import approvals, ledger, wakeups
from store.ledger import EffectStatus
from store.schema import decisions
from store.sealing import Vault
from tools.claim import permitted
from tools.gate import Decided, Proposed, decide
from tools.packs import PackShelf
from tools.picture import Picture, load_picture
from tools.tool import Setting


async def release(env: Environment, *, customer_id: str, effect_id: str, epoch: int) -> None:
    """Release one scheduled contact whose time has come."""
    go = await env.db.write(
        _release,
        env.db.vault,
        env.ground,
        env.shelf,
        customer_id=customer_id,
        effect_id=effect_id,
        epoch=epoch,
        now_us=env.clock.now_us(),
        claim_until=int(env.monotonic() * 1_000_000) + CLAIM_GOOD_FOR_US,
        pack_name=env.pack_name,
        setting_for=partial(setting_of, env, env.ground),
    )
    if go:
        await hand_over(env, customer_id=customer_id, effect_id=effect_id, epoch=epoch)


def _release(
    conn: Connection,
    vault: Vault,
    ground: Ground,
    shelf: PackShelf,
    *,
    customer_id: str,
    effect_id: str,
    epoch: int,
    now_us: int,
    claim_until: int,
    pack_name: str,
    setting_for: Callable[[Opening, Pack], Setting],
) -> bool:
    unit = LaneUnit.hold(conn, vault, ground, customer_id=customer_id, epoch=epoch, now_us=now_us)
    wakeups.cancel(conn, "release", effect_id)
    row = ledger.get(conn, effect_id)
    if row is None or row.status != EffectStatus.SCHEDULED.value:
        return False
    if row.expires_at <= now_us:
        expire_effect(unit, effect_id)
        return False
    barred = barrier(conn, vault, customer_id, purpose=row.purpose, now_us=now_us)
    if barred is not None:
        _cancel(unit, row, f"this person is {barred}")
        return False
    step = last_step(unit, effect_id, row.decision_id)
    decision = conn.execute(select(decisions).where(decisions.c.id == row.decision_id)).first()
    opening = reopen(unit, decision) if decision is not None else None
    if step is None or opening is None:
        _cancel(unit, row, "its decision is gone")
        return False
    setting = setting_for(opening, shelf.live(conn, pack_name))
    picture = load_picture(
        conn,
        vault,
        customer_id=customer_id,
        context=opening.context,
        pack=setting.pack,
        now_us=now_us,
        without=frozenset({effect_id}),
    )
    decided = decide(picture, _as_proposed(step), setting)
    return _act_on(unit, row, opening, picture, decided, claim_until)


def _act_on(
    unit: LaneUnit,
    row: Row[Any],
    opening: Opening,
    picture: Picture,
    decided: Decided,
    claim_until: int,
) -> bool:
    run = Run.of(opening, epoch=unit.epoch)
    run.turn += 1
    body = step_body(run, decided, {"released": True}, effect_id=row.id)
    unit.append(row.decision_id, "step", body)
    approved = next(
        (a.id for a in approvals.of_decision(unit.conn, row.decision_id) if a.status == "approved"),
        None,
    )
    if not permitted(unit.conn, unit.vault, decided, approved):
        because = "; ".join(f.because for f in decided.verdict.fired) or "it needs a person now"
        _cancel(unit, row, because)
        return False
    letter = unit.vault.open_json("effects.body", row.body_sealed)
    if picture.addresses.get(row.channel) != letter["to"]:
        _cancel(unit, row, "the address has changed since it was written")
        return False
    later = decided.verdict.obligations.get("not_before_us")
    if isinstance(later, int) and later > unit.now_us:
        _put_off(unit, row, later, picture.local_day(later))
        return False
    return ledger.take_for_handover(
        unit.conn,
        row.id,
        epoch=unit.epoch,
        now_us=unit.now_us,
        local_day=picture.local_day(unit.now_us),
        claim_until=claim_until,
    )


def _as_proposed(step: dict[str, Any]) -> Proposed:
    call = step["call"]
    return Proposed(
        id=call["id"],
        tool=call["tool"],
        args=call["args"],
        reasoning="its time has come: decided again on what is known now",
        confidence_bp=step["confidence_bp"],
        overrides=step["overrides"],
    )


def _cancel(unit: LaneUnit, row: Row[Any], reason: str) -> None:
    if ledger.move(unit.conn, row.id, to=EffectStatus.CANCELLED, at=unit.now_us, reason=reason):
        note_effect(unit, row, EffectStatus.CANCELLED, reason)
        close_decision(unit, row.decision_id, "no_action", reason, "cancelled")


def _put_off(unit: LaneUnit, row: Row[Any], not_before: int, local_day: str) -> None:
    ledger.postpone(unit.conn, row.id, not_before=not_before, local_day=local_day)
    wakeups.schedule(
        unit.conn,
        kind="release",
        ref=row.id,
        due_at=not_before,
        customer_id=unit.customer_id,
        journey_id=row.journey_id,
    )
    note_effect(unit, row, EffectStatus.SCHEDULED, "still quiet hours", not_before=not_before)
