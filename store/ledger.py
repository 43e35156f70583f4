"""The ledger of effects: one row an idempotency key, one way through its states (P2, P3).

An effect exists only from `claim` on, which runs in the same unit as its reservations and under the
lane's epoch. Every later move is a conditional update, so two movers never both win. What an effect
holds (its place in the contact caps, its budget, its promised stock) follows its state here and
nowhere else: a state that did not reach the customer gives everything back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from store import counters
from store.schema import contacts, effects, journeys, lanes
from store.sealing import Vault
from store.upsert import insert_or_ignore


class EffectStatus(StrEnum):
    """What became of an effect."""

    CLAIMED = "claimed"
    SENT = "sent"
    SCHEDULED = "scheduled"
    UNKNOWN = "unknown"
    FAILED = "failed"
    PREEMPTED = "preempted"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


#: From where each state may be reached. `claimed` again: a scheduled effect is to be handed over.
MOVES: dict[EffectStatus, tuple[EffectStatus, ...]] = {
    EffectStatus.CLAIMED: (EffectStatus.SCHEDULED,),
    EffectStatus.SCHEDULED: (EffectStatus.CLAIMED,),
    EffectStatus.SENT: (EffectStatus.CLAIMED, EffectStatus.UNKNOWN),
    EffectStatus.UNKNOWN: (EffectStatus.CLAIMED,),
    EffectStatus.FAILED: (EffectStatus.CLAIMED, EffectStatus.UNKNOWN),
    EffectStatus.PREEMPTED: (EffectStatus.SCHEDULED,),
    EffectStatus.CANCELLED: (EffectStatus.SCHEDULED, EffectStatus.CLAIMED),
    EffectStatus.EXPIRED: (EffectStatus.SCHEDULED,),
}

#: Counters of exceptions to soft rules: an exception is made once its effect has reached somebody.
EXCEPTIONS = "override:"
#: Such an effect has given back whatever it held.
REACHED_NOBODY = {
    EffectStatus.FAILED,
    EffectStatus.PREEMPTED,
    EffectStatus.CANCELLED,
    EffectStatus.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class NewEffect:
    """What `claim` writes. `body` (address, rendered bytes, offer) is sealed under the customer."""

    id: str
    idempotency_key: str
    decision_id: str
    journey_id: str
    customer_id: str
    call_digest: str
    tool: str
    kind: str
    channel: str
    message_class: str
    purpose: str
    mode: str
    status: EffectStatus
    score: int
    expires_at: int
    body: dict[str, Any]
    not_before: int | None = None
    amount_minor: int | None = None
    currency: str | None = None
    sha256: str | None = None
    agent: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """The effect's place in the person's contact caps. `at` is when it will reach them."""

    at: int
    local_day: str


# Built once: building a statement costs several times what running it does.
_BY_ID = select(effects).where(effects.c.id == bindparam("of"))
_BY_KEY = select(effects).where(effects.c.idempotency_key == bindparam("of"))
_OPEN = (
    select(effects)
    .where(
        effects.c.customer_id == bindparam("customer"),
        effects.c.status.in_(bindparam("statuses", expanding=True)),
    )
    .order_by(effects.c.id)
)
_CONTACTS = (
    select(
        contacts,
        effects.c.journey_id,
        effects.c.status,
        journeys.c.goal,
        journeys.c.subject_hash,
    )
    .outerjoin(effects, effects.c.id == contacts.c.effect_id)
    .outerjoin(journeys, journeys.c.id == effects.c.journey_id)
    .where(
        contacts.c.customer_id == bindparam("customer"),
        contacts.c.at > bindparam("since"),
        contacts.c.state != "released",
    )
    .order_by(contacts.c.at)
)


def claim(
    conn: Connection,
    vault: Vault,
    effect: NewEffect,
    *,
    epoch: int,
    now_us: int,
    claim_until: int,
    contact: Contact | None = None,
) -> bool:
    """Write the effect under its lane's epoch, which the caller holds in this unit.

    False where the idempotency key is taken: the effect exists already and nothing is changed.
    """
    added = insert_or_ignore(
        conn,
        effects,
        id=effect.id,
        idempotency_key=effect.idempotency_key,
        decision_id=effect.decision_id,
        journey_id=effect.journey_id,
        customer_id=effect.customer_id,
        call_digest=effect.call_digest,
        tool=effect.tool,
        kind=effect.kind,
        channel=effect.channel,
        **{"class": effect.message_class},
        purpose=effect.purpose,
        mode=effect.mode,
        status=effect.status.value,
        score=effect.score,
        amount_minor=effect.amount_minor,
        currency=effect.currency,
        not_before=effect.not_before,
        expires_at=effect.expires_at,
        claimed_at=now_us,
        claim_epoch=epoch,
        claim_until=claim_until,
        settled_at=now_us if effect.status is EffectStatus.SENT else None,
        sha256=effect.sha256,
        agent=effect.agent,
        message=effect.message,
        body_sealed=vault.seal_json(effect.customer_id, "effects.body", effect.body),
    )
    if added and contact is not None:
        conn.execute(
            contacts.insert().values(
                effect_id=effect.id,
                customer_id=effect.customer_id,
                channel=effect.channel,
                **{"class": effect.message_class},
                purpose=effect.purpose,
                at=contact.at,
                local_day=contact.local_day,
                state="reserved",
            )
        )
    return added


def move(
    conn: Connection,
    effect_id: str,
    *,
    to: EffectStatus,
    at: int,
    reason: str | None = None,
    not_before: int | None = None,
) -> bool:
    """Move one effect along; False where it is not in a state from which that is possible.

    What is cancelled after it has set out by a channel may have reached them: it keeps what it
    holds until somebody knows (`sent_after_all`, `stopped_in_time`).
    """
    values: dict[str, Any] = {"status": to.value}
    if reason is not None:
        values["reason"] = reason
    if not_before is not None:
        values["not_before"] = not_before
    if to not in (EffectStatus.CLAIMED, EffectStatus.SCHEDULED):
        values["settled_at"] = at
    if to is EffectStatus.SCHEDULED:
        values["via"] = None  # what waits again has been handed to no channel
    sources = [s.value for s in MOVES[to]]
    moved = conn.execute(
        update(effects)
        .where(effects.c.id == effect_id, effects.c.status.in_(sources))
        .values(**values)
        .returning(effects.c.via)
    ).first()
    if moved is None:
        return False
    if to is EffectStatus.CANCELLED and moved.via is not None:
        return True
    if to in REACHED_NOBODY:
        give_back(conn, effect_id)
    elif to in (EffectStatus.SENT, EffectStatus.UNKNOWN):
        contact_state(conn, effect_id, "committed")
        counters.commit(conn, effect_id, prefix=EXCEPTIONS)
    return True


def sent_after_all(conn: Connection, effect_id: str, *, to: EffectStatus, at: int) -> bool:
    """An opt-out cancelled it while it was handed over: it has, or may have, reached them.

    It keeps its place in the caps, or takes it again. False where it was not cancelled.
    """
    assert to in (EffectStatus.SENT, EffectStatus.UNKNOWN)
    moved = conn.execute(
        update(effects)
        .where(effects.c.id == effect_id, effects.c.status == EffectStatus.CANCELLED.value)
        .values(status=to.value, settled_at=at, reason="handed over before it could be stopped")
    )
    if moved.rowcount != 1:
        return False
    conn.execute(
        update(contacts).where(contacts.c.effect_id == effect_id).values(state="committed")
    )
    counters.spend_after_all(conn, effect_id, prefix=EXCEPTIONS)
    return True


def stopped_in_time(conn: Connection, effect_id: str) -> None:
    """What was cancelled while it was handed over has reached nobody: it gives everything back."""
    row = get(conn, effect_id)
    if row is not None and row.status == EffectStatus.CANCELLED.value:
        give_back(conn, effect_id)


def take_for_handover(
    conn: Connection,
    effect_id: str,
    *,
    epoch: int,
    now_us: int,
    local_day: str,
    claim_until: int,
) -> bool:
    """Claim a scheduled effect for hand-over under a fresh epoch; False where it is not one.

    What was scheduled has been handed to no channel, so this claim may go by another one than an
    earlier claim set out by.
    """
    if not move(conn, effect_id, to=EffectStatus.CLAIMED, at=now_us):
        return False
    conn.execute(
        update(effects)
        .where(effects.c.id == effect_id)
        .values(claimed_at=now_us, claim_epoch=epoch, claim_until=claim_until, via=None)
    )
    _contact_at(conn, effect_id, Contact(now_us, local_day))
    return True


def postpone(conn: Connection, effect_id: str, *, not_before: int, local_day: str) -> bool:
    """Give a scheduled effect, and its place in the caps, a later time; False if it is not one."""
    put_off = conn.execute(
        update(effects)
        .where(effects.c.id == effect_id, effects.c.status == EffectStatus.SCHEDULED.value)
        .values(not_before=not_before)
    )
    if put_off.rowcount != 1:
        return False
    _contact_at(conn, effect_id, Contact(not_before, local_day))
    return True


def reclaim(conn: Connection, effect_id: str, *, epoch: int, claim_until: int) -> str | None:
    """Take over a claim that nobody settled, under a newer epoch. Returns its channel, or None."""
    taken = conn.execute(
        update(effects)
        .where(
            effects.c.id == effect_id,
            effects.c.status == EffectStatus.CLAIMED.value,
            effects.c.claim_epoch < epoch,
        )
        .values(claim_epoch=epoch, claim_until=claim_until)
    )
    row = get(conn, effect_id) if taken.rowcount == 1 else None
    return None if row is None else str(row.channel)


def hand_over_by(conn: Connection, effect_id: str, *, epoch: int, via: str) -> bool:
    """Write down by which channel a claim is handed over, before it is; False if it is no claim.

    What was written once stays: a claim never goes by two channels.
    """
    written = conn.execute(
        update(effects)
        .where(
            effects.c.id == effect_id,
            effects.c.status == EffectStatus.CLAIMED.value,
            effects.c.claim_epoch == epoch,
            effects.c.via.is_(None) | (effects.c.via == via),
        )
        .values(via=via)
    )
    return written.rowcount == 1


def still_claimed(conn: Connection, effect_id: str, *, epoch: int, monotonic_us: int) -> bool:
    """Asked just before hand-over: claimed by this epoch, the claim is still good, the lane too.

    `monotonic_us` is of the clock that `claim_until` was reckoned by: that of the claiming process.
    """
    held = conn.execute(
        select(effects.c.id)
        .join(lanes, lanes.c.customer_id == effects.c.customer_id)
        .where(
            effects.c.id == effect_id,
            effects.c.status == EffectStatus.CLAIMED.value,
            effects.c.claim_epoch == epoch,
            effects.c.claim_until > monotonic_us,
            lanes.c.epoch == epoch,
        )
    ).first()
    return held is not None


def get(conn: Connection, effect_id: str) -> Row[Any] | None:
    """One effect's row, sealed body included."""
    return conn.execute(_BY_ID, {"of": effect_id}).first()


def by_key(conn: Connection, idempotency_key: str) -> Row[Any] | None:
    """The effect that took this idempotency key."""
    return conn.execute(_BY_KEY, {"of": idempotency_key}).first()


def open_effects(
    conn: Connection, customer_id: str, statuses: Iterable[EffectStatus]
) -> list[Row[Any]]:
    """The customer's effects in these states, oldest first."""
    wanted = [s.value for s in statuses]
    return list(conn.execute(_OPEN, {"customer": customer_id, "statuses": wanted}))


def contacts_since(conn: Connection, customer_id: str, since_us: int) -> list[Row[Any]]:
    """The person's contacts that count (not released) after an instant, future ones too.

    Each with its effect's journey and state, and that journey's goal and subject.
    """
    return list(conn.execute(_CONTACTS, {"customer": customer_id, "since": since_us}))


def give_back(conn: Connection, effect_id: str) -> None:
    """It has reached nobody: what it held, money and stock and its place in the caps, is free."""
    counters.release(conn, effect_id)
    contact_state(conn, effect_id, "released")


def _contact_at(conn: Connection, effect_id: str, contact: Contact) -> None:
    conn.execute(
        update(contacts)
        .where(contacts.c.effect_id == effect_id)
        .values(at=contact.at, local_day=contact.local_day)
    )


def contact_state(conn: Connection, effect_id: str, state: str) -> None:
    """Its place in the caps counts (`committed`) or no longer (`released`, for good)."""
    conn.execute(
        update(contacts)
        .where(contacts.c.effect_id == effect_id, contacts.c.state != "released")
        .values(state=state)
    )
