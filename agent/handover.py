"""Hand-over: a claimed contact goes to its channel, what that says goes to the ledger (P3).

The channel asks just before hand-over whether the claim still stands. `not_sent` may be tried
again; `unknown` waits for a person, unless the channel itself deduplicates. A channel that fails in
a way of its own has handed nothing over if it had not asked yet, and is unknown after that. A
result that comes back to a lane somebody else has taken changes nothing here: whoever holds the
lane settles it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import Connection, Row, func, select
from tenacity import AsyncRetrying, retry_if_result, stop_after_attempt, wait_exponential

from agent.claiming import CLAIM_GOOD_FOR_US
from agent.environment import Environment
from agent.expiring import expire_claim, is_late
from agent.lane_unit import Ground, LaneUnit
from agent.opted_out import heed
from agent.parcels import STOPPED, Parcel, parcel_of, set_out, still_stands, way_of
from agent.queued import close_decision, note_effect
from customers import outcomes, receipts
from store import brakes, counters, held, lanes, ledger, wakeups
from store.ledger import EffectStatus
from store.schema import decisions
from store.sealing import Vault
from tools import stops
from tools.channels.channel import Channel, Letter, SendResult, SendStatus, StillOurs
from tools.channels.routing import NoRoute
from tools.tool import ActionKind

log = structlog.get_logger("usher.handover")

_ATTEMPTS = 3
CONTACT = ActionKind.CONTACT.value
_LONGEST_DETAIL = 200
#: An address or a number of somebody, as a channel's answer may quote it.
_NAMES_SOMEBODY = re.compile(r"@|\d[\d ()/-]{5,}\d")
#: After a channel took nothing three times in a row; twice as long each time it happens again.
TRY_AGAIN_AFTER_US = 15 * 60 * 1_000_000


async def hand_over(
    env: Environment, *, customer_id: str, effect_id: str, epoch: int
) -> str | None:
    """Send a claimed effect and settle it; the status its decision ends with.

    Raises `StaleEpoch` where the lane has gone on.
    """
    parcel = await env.db.read(parcel_of, env.db.vault, env.sender, effect_id)
    result = _not_sent(STOPPED) if parcel is None else await _by_its_way(env, parcel, epoch)
    return await env.db.write(
        settle,
        env.db.vault,
        env.ground,
        customer_id=customer_id,
        effect_id=effect_id,
        epoch=epoch,
        now_us=env.clock.now_us(),
        result=result,
    )


async def recover(env: Environment, *, customer_id: str, effect_id: str, epoch: int) -> str | None:
    """A claim that a crash left behind: sent again where the channel deduplicates, else unknown.

    Where it had not set out by a channel that reaches people, nothing was handed over: it is not
    sent now, however long ago it was decided, but looked at again. Returns the status its decision
    ends with.
    """
    kind = await env.db.write(
        _reclaim,
        customer_id=customer_id,
        effect_id=effect_id,
        epoch=epoch,
        claim_until=int(env.monotonic() * 1_000_000) + CLAIM_GOOD_FOR_US,
    )
    if kind is None:
        return None
    parcel = await env.db.read(parcel_of, env.db.vault, env.sender, effect_id)
    way = NoRoute(STOPPED) if parcel is None else way_of(env.router, parcel)
    harmless = not isinstance(way, NoRoute) and way.channel.deduplicates
    if parcel is not None and parcel.via is not None:
        harmless &= not await env.db.read(is_late, effect_id, env.clock.now_us())
    if parcel is None or harmless:
        return await hand_over(env, customer_id=customer_id, effect_id=effect_id, epoch=epoch)
    why = "the process stopped during hand-over"
    begun = SendResult(SendStatus.UNKNOWN, None, why)
    result = begun if parcel.via is not None else _not_sent("the process stopped before hand-over")
    return await env.db.write(
        settle,
        env.db.vault,
        env.ground,
        customer_id=customer_id,
        effect_id=effect_id,
        epoch=epoch,
        now_us=env.clock.now_us(),
        result=result,
    )


async def _by_its_way(env: Environment, parcel: Parcel, epoch: int) -> SendResult:
    """Send by the channel that carries it; which one is written down before it reaches people."""
    way = way_of(env.router, parcel)
    if isinstance(way, NoRoute):
        return SendResult(SendStatus.REFUSED, None, way.why)
    if way.reaches_people:
        stays = await env.db.write(set_out, parcel, epoch=epoch, via=way.channel.name)
        if stays is not None:
            return _not_sent(stays)
    result = await _send(env, way.channel, parcel, epoch)
    sent = result.status is SendStatus.SENT
    return replace(result, detail=way.says) if sent and way.says else result


async def _send(env: Environment, channel: Channel, parcel: Parcel, epoch: int) -> SendResult:
    """Send; try again what reached nobody, or may be sent twice, while the claim stands."""

    async def still_ours() -> bool:
        now = int(env.monotonic() * 1_000_000)
        return await env.db.read(
            still_stands, parcel, epoch=epoch, monotonic_us=now, now_us=env.clock.now_us()
        )

    lost: SendResult | None = None

    async def attempt() -> tuple[SendResult, bool]:
        nonlocal lost
        result = await _attempt(channel, parcel.letter, still_ours)
        if result.status is SendStatus.UNKNOWN:
            lost = result
        elif result.status is SendStatus.NOT_SENT and lost is not None:
            result = lost  # this try handed nothing over, and an earlier one may have
        harmless = result.status is SendStatus.NOT_SENT or (
            result.status is SendStatus.UNKNOWN and channel.deduplicates
        )
        return result, harmless and await still_ours()

    retrying = AsyncRetrying(
        retry=retry_if_result(lambda tried: tried[1]),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_exponential(multiplier=0.1, max=2),
        sleep=env.sleep,
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    tried: tuple[SendResult, bool] = await retrying(attempt)
    return tried[0]


async def _attempt(channel: Channel, letter: Letter, still_ours: StillOurs) -> SendResult:
    """One try. A channel that raises broke its promise; what it had done by then is what counts."""
    allowed = False

    async def asked() -> bool:
        nonlocal allowed
        allowed = await still_ours()
        return allowed

    try:
        return await channel.send(letter, still_ours=asked)
    except Exception as fault:
        # Named by its class only: a channel's message may hold an address.
        why = f"the channel failed: {type(fault).__name__}"
        log.error("channel_failed", channel=channel.name, error=type(fault).__name__)
        return SendResult(SendStatus.UNKNOWN, None, why) if allowed else _not_sent(why)


def _not_sent(why: str) -> SendResult:
    return SendResult(SendStatus.NOT_SENT, None, why)


def _reclaim(
    conn: Connection, *, customer_id: str, effect_id: str, epoch: int, claim_until: int
) -> str | None:
    lanes.hold(conn, customer_id, epoch)
    return ledger.reclaim(conn, effect_id, epoch=epoch, claim_until=claim_until)


_BECOMES = {
    SendStatus.SENT: EffectStatus.SENT,
    SendStatus.REFUSED: EffectStatus.FAILED,
    SendStatus.NOT_SENT: EffectStatus.FAILED,
    SendStatus.UNKNOWN: EffectStatus.UNKNOWN,
}

_ENDS = {
    EffectStatus.SENT: ("completed", "sent", "done"),
    EffectStatus.FAILED: ("failed", "the channel did not take it", "failed"),
    EffectStatus.UNKNOWN: (
        "completed",
        "the channel lost it after hand-over: a person must look",
        "unconfirmed",
    ),
}


def settle(
    conn: Connection,
    vault: Vault,
    ground: Ground,
    *,
    customer_id: str,
    effect_id: str,
    epoch: int,
    now_us: int,
    result: SendResult,
) -> str | None:
    """Write down what became of a hand-over, and end its decision, under the lane's epoch (P4).

    Returns the decision's status; None where it goes on, or somebody has settled it already. A
    contact that was not sent because people have stopped it stays, and goes out when they let go.
    """
    brakes.beside_others(conn)
    unit = LaneUnit.hold(conn, vault, ground, customer_id=customer_id, epoch=epoch, now_us=now_us)
    row = ledger.get(conn, effect_id)
    if row is None:
        return None
    late = expire_claim(unit, row) if result.status is SendStatus.NOT_SENT else None
    if late is not None:
        return late if row.kind == CONTACT else None
    if row.kind != CONTACT:
        _settle_deed(unit, row, result)
        return None
    if result.status is SendStatus.NOT_SENT and row.status == EffectStatus.CLAIMED.value:
        stopped = stops.holding(conn, row, now_us)
        if stopped is not None:
            return _held(unit, row, stopped)
    status, detail = _BECOMES[result.status], result.detail or None
    reported = receipts.shown(conn, effect_id) if status is EffectStatus.UNKNOWN else None
    if reported is not None:  # the channel has told meanwhile what its answer would have
        status, detail = reported, "a receipt of the channel tells"
    if not ledger.move(conn, effect_id, to=status, at=now_us, reason=_in_the_clear(detail)):
        if row.status != EffectStatus.CANCELLED.value:
            return None
        if status is EffectStatus.FAILED:
            return _stopped(unit, row)
        ledger.sent_after_all(conn, effect_id, to=status, at=now_us)
        detail = "it was handed over just before it could be stopped"
    note_effect(unit, row, status, detail, provider_id=result.provider_id)
    heed(unit, row, result)
    if status is EffectStatus.SENT:
        outcomes.keep_send(conn, vault, row, at=now_us, reached=row.via is not None)
    ended, reason, outcome = _ENDS[status]
    again = _try_later(unit, row) if result.status is SendStatus.NOT_SENT else None
    close_decision(unit, row.decision_id, ended, reason, outcome, look_again_at=again)
    return ended


def _settle_deed(unit: LaneUnit, row: Row[Any], result: SendResult) -> None:
    """What is no contact: its decision goes on with what became of it, whatever that is.

    Money that it held is spent once the other system has it, or may have it.
    """
    status, detail = _BECOMES[result.status], result.detail or None
    at = unit.now_us
    if not ledger.move(unit.conn, row.id, to=status, at=at, reason=_in_the_clear(detail)):
        return
    if status in (EffectStatus.SENT, EffectStatus.UNKNOWN):
        counters.commit(unit.conn, row.id)
    note_effect(unit, row, status, detail, provider_id=result.provider_id)


def became(conn: Connection, effect_id: str) -> dict[str, Any]:
    """What the planner is told of an effect that was handed over."""
    row = ledger.get(conn, effect_id)
    assert row is not None
    return {"status": row.status, **({"reason": row.reason} if row.reason else {})}


def _in_the_clear(detail: str | None) -> str | None:
    """A channel's words as the ledger keeps them, unsealed: none that may name somebody.

    The journal keeps them whole, sealed under the person.
    """
    if detail is None or not (_NAMES_SOMEBODY.search(detail) or len(detail) > _LONGEST_DETAIL):
        return detail
    return "the channel gave a reason that may name somebody; the decision's journal holds it"


def _held(unit: LaneUnit, row: Row[Any], why: str) -> str:
    ledger.move(
        unit.conn, row.id, to=EffectStatus.SCHEDULED, at=unit.now_us, not_before=unit.now_us
    )
    held.keep(
        unit.conn,
        effect_id=row.id,
        at=unit.now_us,
        customer_id=unit.customer_id,
        journey_id=row.journey_id,
    )
    note_effect(unit, row, EffectStatus.SCHEDULED, why, not_before=unit.now_us)
    close_decision(unit, row.decision_id, "scheduled", why, "scheduled")
    return "scheduled"


def _stopped(unit: LaneUnit, row: Row[Any]) -> str:
    ledger.stopped_in_time(unit.conn, row.id)
    reason = row.reason or "cancelled before it was sent"
    note_effect(unit, row, EffectStatus.CANCELLED, reason)
    close_decision(unit, row.decision_id, "no_action", reason, "cancelled")
    return "no_action"


def _try_later(unit: LaneUnit, row: Row[Any]) -> int:
    """Nothing was handed over: the journey is looked at again, later each time."""
    times = unit.conn.execute(
        select(func.count())
        .select_from(decisions)
        .where(decisions.c.journey_id == row.journey_id, decisions.c.status == "failed")
    ).scalar_one()
    again = unit.now_us + (TRY_AGAIN_AFTER_US << min(int(times), 6))
    wakeups.schedule(
        unit.conn,
        kind="another_look",
        ref=row.decision_id,
        due_at=again,
        customer_id=unit.customer_id,
        journey_id=row.journey_id,
    )
    return again
