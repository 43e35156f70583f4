"""Hand-over: a claimed contact goes to its channel, and what the channel says goes to the ledger (P3).

The channel asks just before hand-over whether the claim still stands. `not_sent` may be tried again;
`unknown` waits for a person, unless the channel itself deduplicates. A result that comes back to a lane
somebody else has taken changes nothing here: whoever holds the lane settles it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection
from tenacity import AsyncRetrying, retry_if_result, stop_after_attempt, wait_exponential

from agent.claiming import CLAIM_GOOD_FOR_US
from agent.environment import Environment
from agent.lane_unit import Ground, LaneUnit
from agent.queued import close_decision, note_effect
from store import lanes, ledger
from store.ledger import EffectStatus
from store.sealing import Vault
from tools.channels.channel import Channel, Letter, SendResult, SendStatus
from tools.claim import waiting_letter

_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is handed over, and to which kind of channel."""

    letter: Letter
    channel: str


async def hand_over(env: Environment, *, customer_id: str, effect_id: str, epoch: int) -> None:
    """Send a claimed effect and settle it. Raises `StaleEpoch` where the lane has gone on."""
    parcel = await env.db.read(_parcel, env.db.vault, env.sender, effect_id)
    if parcel is None:
        return
    result = await _send(env, env.channels[parcel.channel], parcel.letter, epoch)
    await env.db.write(
        settle,
        env.db.vault,
        env.ground,
        customer_id=customer_id,
        effect_id=effect_id,
        epoch=epoch,
        now_us=env.clock.now_us(),
        result=result,
    )


async def recover(env: Environment, *, customer_id: str, effect_id: str, epoch: int) -> None:
    """A claim that a crash left behind: sent again where the channel deduplicates, else unknown."""
    row = await env.db.write(
        _reclaim,
        customer_id=customer_id,
        effect_id=effect_id,
        epoch=epoch,
        claim_until=int(env.monotonic() * 1_000_000) + CLAIM_GOOD_FOR_US,
    )
    if row is None:
        return
    if env.channels[row].deduplicates:
        await hand_over(env, customer_id=customer_id, effect_id=effect_id, epoch=epoch)
        return
    await env.db.write(
        settle,
        env.db.vault,
        env.ground,
        customer_id=customer_id,
        effect_id=effect_id,
        epoch=epoch,
        now_us=env.clock.now_us(),
        result=SendResult(SendStatus.UNKNOWN, None, "the process stopped during hand-over"),
    )


async def _send(env: Environment, channel: Channel, letter: Letter, epoch: int) -> SendResult:
    """Send, and try again what was certainly not handed over while the claim still stands."""

    async def still_ours() -> bool:
        now = int(env.monotonic() * 1_000_000)
        return await env.db.read(
            ledger.still_claimed, letter.effect_id, epoch=epoch, monotonic_us=now
        )

    async def attempt() -> tuple[SendResult, bool]:
        result = await channel.send(letter, still_ours=still_ours)
        return result, result.status is SendStatus.NOT_SENT and await still_ours()

    retrying = AsyncRetrying(
        retry=retry_if_result(lambda tried: tried[1]),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_exponential(multiplier=0.1, max=2),
        sleep=env.sleep,
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    tried: tuple[SendResult, bool] = await retrying(attempt)
    return tried[0]


def _parcel(
    conn: Connection, vault: Vault, sender: Mapping[str, str], effect_id: str
) -> Parcel | None:
    row = ledger.get(conn, effect_id)
    body = waiting_letter(conn, vault, effect_id)
    if row is None or body is None:
        return None
    letter = Letter(
        effect_id=effect_id,
        idempotency_key=row.idempotency_key,
        customer_id=row.customer_id,
        channel=row.channel,
        to=body["to"],
        raw=body["raw"].encode("utf-8"),
        sha256=row.sha256,
        sender=sender[row.channel],
    )
    return Parcel(letter, row.channel)


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
) -> None:
    """Write down what became of a hand-over, and end its decision, under the lane's epoch (P4)."""
    unit = LaneUnit.hold(conn, vault, ground, customer_id=customer_id, epoch=epoch, now_us=now_us)
    row = ledger.get(conn, effect_id)
    if row is None:
        return
    status = _BECOMES[result.status]
    if not ledger.move(conn, effect_id, to=status, at=now_us, reason=result.detail or None):
        status = EffectStatus(row.status)
        if status is EffectStatus.CANCELLED:
            reason = row.reason or "cancelled before it was sent"
            note_effect(unit, row, status, reason)
            close_decision(unit, row.decision_id, "no_action", reason, "cancelled")
        return
    note_effect(unit, row, status, result.detail or None, provider_id=result.provider_id)
    ended, reason, outcome = _ENDS[status]
    close_decision(unit, row.decision_id, ended, reason, outcome)
