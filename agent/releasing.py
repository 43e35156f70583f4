"""Releasing a queued contact: decided again on fresh facts, then handed over, put off or cancelled.

What held at planning time is no excuse: the live pack, the facts of now and the read barrier speak
again in the unit that takes the effect for hand-over (P1). What has been written is sent as it
stands or not at all: where it would be written differently now, it is cancelled and the journey
looked at again. When a fact changes earlier, the same is asked at once, without a model and without
handing over. What people hold back stays as it is until they let go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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
from policies.verdict import Outcome
from store import approvals, brakes, ledger, wakeups
from store.ledger import EffectStatus
from store.schema import decisions
from store.sealing import Vault
from tools import radius, stops
from tools.claim import permitted
from tools.gate import Decided, Proposed, decide
from tools.packs import PackShelf
from tools.picture import Picture, load_picture
from tools.tool import Setting, ToolRefused


async def release(env: Environment, *, customer_id: str, effect_id: str, epoch: int) -> None:
    """Release one scheduled contact whose time has come."""
    if await _ask(env, customer_id=customer_id, effect_id=effect_id, epoch=epoch, early=False):
        await hand_over(env, customer_id=customer_id, effect_id=effect_id, epoch=epoch)


async def regate(
    env: Environment, *, customer_id: str, effect_id: str, epoch: int, why: str | None = None
) -> None:
    """A fact has changed: cancel, put off or confirm a queued contact, without handing it over.

    `why`: what came, in words; without it, what stays as it is leaves no entry.
    """
    await _ask(env, customer_id=customer_id, effect_id=effect_id, epoch=epoch, early=True, why=why)


async def _ask(
    env: Environment,
    *,
    customer_id: str,
    effect_id: str,
    epoch: int,
    early: bool,
    why: str | None = None,
) -> bool:
    return await env.db.write(
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
        early=early,
        why=why,
    )


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
    early: bool,
    why: str | None,
) -> bool:
    """Whether the contact has been taken for hand-over."""
    brakes.beside_others(conn)
    unit = LaneUnit.hold(conn, vault, ground, customer_id=customer_id, epoch=epoch, now_us=now_us)
    wakeups.cancel(conn, "regate" if early else "release", effect_id)
    row = ledger.get(conn, effect_id)
    if row is None or row.status != EffectStatus.SCHEDULED.value:
        return False
    if row.expires_at <= now_us:
        expire_effect(unit, effect_id)
        return False
    held = stops.holding(conn, row, now_us)
    if held is not None:
        if not early:
            note_effect(unit, row, EffectStatus.SCHEDULED, held, not_before=row.not_before)
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
    setting = setting_for(opening, shelf.live(conn, pack_name, opening.goal))
    # It has waited for its hour; it is held for another one no more.
    setting = replace(setting, waits_for_hour=early)
    radius.in_turn(conn, setting)
    picture = load_picture(
        conn,
        vault,
        customer_id=customer_id,
        context=opening.context,
        pack=setting.pack,
        now_us=now_us,
        without=frozenset({effect_id}),
        agent=opening.agent.name,
    ).unstopped()
    decided = decide(picture, _as_proposed(step, early, why), setting)
    stopped = _what_stops(unit, row, picture, decided, setting)
    later = decided.leaves_at
    waits = later is not None and later > now_us
    stays = early and stopped is None and (not waits or later == row.not_before)
    if stays and why is None:
        return False
    run = Run.of(opening, epoch=epoch)
    run.turn += 1
    said: dict[str, Any] = (
        {"looked_at_again": True} if early else {"released": stopped is None and not waits}
    )
    if stays:
        said["confirmed"] = True
    if decided.held_because is not None:
        said["held_because"] = decided.held_because
    unit.append(row.decision_id, "step", step_body(run, decided, said, effect_id=row.id))
    if stopped is not None:
        _cancel(unit, row, stopped.reason, look_again=stopped.look_again)
        return False
    if stays:
        return False
    if later is not None and later > now_us:
        held_for = decided.held_because or "still quiet hours"
        _put_off(unit, row, later, picture.local_day(later), held_for)
        return False
    return ledger.take_for_handover(
        conn,
        effect_id,
        epoch=epoch,
        now_us=now_us,
        local_day=picture.local_day(now_us),
        claim_until=claim_until,
    )


@dataclass(frozen=True, slots=True)
class _Stopped:
    """Why a queued contact does not go out; `look_again`: another one might."""

    reason: str
    look_again: bool


def _what_stops(
    unit: LaneUnit, row: Row[Any], picture: Picture, decided: Decided, setting: Setting
) -> _Stopped | None:
    approved = next(
        (a.id for a in approvals.of_decision(unit.conn, row.decision_id) if a.status == "approved"),
        None,
    )
    if not permitted(unit.conn, unit.vault, decided, approved):
        outcome = decided.verdict.outcome
        said = [f.because for f in decided.verdict.fired if f.outcome is outcome]
        asks = outcome is not Outcome.DENY
        return _Stopped("; ".join(said) or "it needs a person now", look_again=asks)
    letter = unit.vault.open_json("effects.body", row.body_sealed)
    if picture.addresses.get(row.channel) != letter["to"]:
        return _Stopped("the address has changed since it was written", look_again=True)
    assert decided.tool is not None and decided.tool.prepare is not None
    try:
        now = decided.tool.prepare(picture, decided.args, setting, row.id)
    except ToolRefused as refused:
        return _Stopped(f"it can no longer be written: {refused}", look_again=True)
    if any(now.body[part] != letter[part] for part in ("subject", "text")):
        return _Stopped("what it says has changed since it was written", look_again=True)
    return None


def _as_proposed(step: dict[str, Any], early: bool, why: str | None) -> Proposed:
    call = step["call"]
    what = (why or "a fact has changed") if early else "its time has come"
    return Proposed(
        id=call["id"],
        tool=call["tool"],
        args=call["args"],
        reasoning=f"{what}: decided again on what is known now",
        confidence_bp=step["confidence_bp"],
        overrides=step["overrides"],
    )


def _cancel(unit: LaneUnit, row: Row[Any], reason: str, *, look_again: bool = False) -> None:
    if not ledger.move(unit.conn, row.id, to=EffectStatus.CANCELLED, at=unit.now_us, reason=reason):
        return
    note_effect(unit, row, EffectStatus.CANCELLED, reason)
    if look_again:
        wakeups.schedule(
            unit.conn,
            kind="another_look",
            ref=row.decision_id,
            due_at=unit.now_us,
            customer_id=unit.customer_id,
            journey_id=row.journey_id,
            state="due",
        )
    close_decision(
        unit,
        row.decision_id,
        "no_action",
        reason,
        "cancelled",
        look_again_at=unit.now_us if look_again else None,
    )


def _put_off(unit: LaneUnit, row: Row[Any], not_before: int, local_day: str, why: str) -> None:
    ledger.postpone(unit.conn, row.id, not_before=not_before, local_day=local_day)
    wakeups.schedule(
        unit.conn,
        kind="release",
        ref=row.id,
        due_at=not_before,
        customer_id=unit.customer_id,
        journey_id=row.journey_id,
    )
    note_effect(unit, row, EffectStatus.SCHEDULED, why, not_before=not_before)
