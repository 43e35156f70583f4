"""Undoing an effect: what can be done about it, until when, and doing that once (DESIGN part F).

One compensation a kind of effect. It is done in one unit beside the lane's worker, as an effect of
its own that names what it takes back, so that two people cannot do it twice; the reason is the
journal's. What has reached somebody is final, and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import Connection, Row, select, update

from agent.fact_words import counted, money
from agent.lane_unit import Ground, LaneUnit
from agent.queued import close_decision, note_effect
from store import counters, ledger, wakeups
from store.ledger import EffectStatus, NewEffect
from store.schema import effects, offer_codes, offers, suppressions, systems, tickets
from store.sealing import Vault
from tools.registry import TOOLS
from tools.tool import ActionKind, Reversibility

UNDO = "undo"


class Undo(BaseModel):
    """Why it is taken back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Annotated[str, Field(min_length=1, max_length=500)]

    @field_validator("reason")
    @classmethod
    def _says_something(cls, reason: str) -> str:
        if not reason.strip():
            raise ValueError("say why: it stays with the decision")
        return reason.strip()


@dataclass(frozen=True, slots=True)
class Undoable:
    """What can be done about one effect. `does`: what that would be, in a sentence; or why not.

    `until` is in microseconds; None: no end is known.
    """

    reversibility: Reversibility
    does: str
    until: int | None = None

    @property
    def possible(self) -> bool:
        """Whether anything can be done."""
        return self.reversibility is not Reversibility.FINAL

    def as_json(self) -> dict[str, Any]:
        """As programs see it."""
        return {
            "reversibility": self.reversibility.value,
            "undo": {"possible": self.possible, "says": self.does, "until": self.until},
        }


Looks = Callable[[Connection, Vault, Row[Any], int], Undoable]
Does = Callable[[LaneUnit, Row[Any], str], None]


@dataclass(frozen=True, slots=True)
class Compensation:
    """One kind of effect: `look` says what could be done, `do` does it (the words are why)."""

    look: Looks
    do: Does


class CannotUndo(Exception):
    """Nothing can be done about it; the text says why."""


def look(conn: Connection, vault: Vault, row: Row[Any], now_us: int) -> Undoable:
    """What can be done about an effect now."""
    if row.undoes is not None:
        return _final(f"this is what took {row.undoes} back; it is not undone itself")
    done = _undone_by(conn, row.id)
    if done is not None:
        return _final(f"it was undone already: {done}")
    if row.status in _NOTHING_DONE:
        return _final(f"it is {row.status}: there is nothing to undo")
    if row.status == EffectStatus.UNKNOWN.value:
        return _final("nobody knows whether it arrived: say that first")
    known = COMPENSATIONS.get(row.kind)
    if known is None:
        return _final("this tool's effects cannot be undone here")
    found = known.look(conn, vault, row, now_us)
    tool = TOOLS.get(row.tool)
    if row.kind != ActionKind.CONTACT.value and tool is not None and found.possible:
        return Undoable(tool.reversibility, found.does, found.until)
    return found


def undo(
    conn: Connection,
    vault: Vault,
    ground: Ground,
    effect_id: str,
    request: Undo,
    *,
    undo_id: str,
    by: str,
    now_us: int,
) -> str:
    """Undo one effect. Whose lane is to be woken. Raises `CannotUndo`."""
    customer_id = conn.execute(
        select(effects.c.customer_id).where(effects.c.id == effect_id)
    ).scalar_one()
    unit = LaneUnit.beside(conn, vault, ground, customer_id=customer_id, now_us=now_us)
    row = ledger.get(conn, effect_id)
    assert row is not None
    found = look(conn, vault, row, now_us)
    if not found.possible:
        raise CannotUndo(found.does)
    said = f"{by} took it back ({request.reason})"
    claimed = ledger.claim(
        conn,
        vault,
        _as_effect(row, undo_id, by=by, request=request, now_us=now_us),
        epoch=unit.epoch,
        now_us=now_us,
        claim_until=0,
    )
    if not claimed:
        raise CannotUndo("somebody else has just undone it")
    conn.execute(update(effects).where(effects.c.id == undo_id).values(undoes=effect_id))
    COMPENSATIONS[row.kind].do(unit, row, said)
    done = ledger.get(conn, undo_id)
    assert done is not None
    note_effect(unit, done, EffectStatus.SENT, f"{said}: {found.does}")
    return str(customer_id)


def _as_effect(row: Row[Any], undo_id: str, *, by: str, request: Undo, now_us: int) -> NewEffect:
    return NewEffect(
        id=undo_id,
        idempotency_key=f"{UNDO}:{row.id}",
        decision_id=row.decision_id,
        journey_id=row.journey_id,
        customer_id=row.customer_id,
        call_digest=row.call_digest,
        tool=row.tool,
        kind=UNDO,
        channel="none",
        message_class="none",
        purpose=row.purpose,
        mode=row.mode,
        status=EffectStatus.SENT,
        score=0,
        expires_at=now_us,
        body={"result": {"undoes": row.id}, "by": by, "reason": request.reason},
    )


_NOTHING_DONE = frozenset(status.value for status in ledger.REACHED_NOBODY)


def _final(why: str) -> Undoable:
    return Undoable(Reversibility.FINAL, why)


def _undone_by(conn: Connection, effect_id: str) -> str | None:
    value = conn.execute(select(effects.c.id).where(effects.c.undoes == effect_id)).scalar()
    return None if value is None else str(value)


# -- contacts --------------------------------------------------------------------------------------


def _look_contact(conn: Connection, vault: Vault, row: Row[Any], now_us: int) -> Undoable:
    if row.status == EffectStatus.SCHEDULED.value:
        return Undoable(
            Reversibility.REVERSIBLE,
            "cancels the queued message: it is not sent, and counts nowhere",
            row.not_before,
        )
    if row.status == EffectStatus.CLAIMED.value:
        return _final("it is being handed over")
    return _final("it has reached its person")


def _cancel(unit: LaneUnit, row: Row[Any], said: str) -> None:
    reason = "somebody took it back before it was sent"
    if ledger.move(unit.conn, row.id, to=EffectStatus.CANCELLED, at=unit.now_us, reason=reason):
        wakeups.cancel(unit.conn, "release", row.id)
        note_effect(unit, row, EffectStatus.CANCELLED, said)
        close_decision(unit, row.decision_id, "no_action", said, "cancelled")


# -- offers ----------------------------------------------------------------------------------------


def _look_offer(conn: Connection, vault: Vault, row: Row[Any], now_us: int) -> Undoable:
    offer = conn.execute(select(offers).where(offers.c.effect_id == row.id)).first()
    if offer is None:
        return _final("its code is gone")
    if offer.status != "issued":
        return _final(f"its code is {offer.status} already")
    if offer.expires_at <= now_us:
        return _final("its code has run out")
    carried = _carrying(conn, vault, row.customer_id, offer.id)
    if any(one.status == EffectStatus.CLAIMED.value for one in carried):
        return _final("a message with its code is being handed over: try again in a moment")
    does = f"makes the code void and gives {money(offer.cost_minor, offer.currency)} back"
    queued = [one for one in carried if one.status == EffectStatus.SCHEDULED.value]
    if queued:
        does += f"; cancels {counted(len(queued), 'queued message')} with it"
    if any(one.status in _MAY_HAVE_IT for one in carried):
        does += "; its person may have read the code, which is not taken any more"
    if conn.execute(select(offer_codes.c.pool).where(offer_codes.c.effect_id == row.id)).first():
        does += "; the code is of the shop's own pool: take it out of force there too"
    return Undoable(Reversibility.COMPENSABLE, does, offer.expires_at)


_MAY_HAVE_IT = (EffectStatus.SENT.value, EffectStatus.UNKNOWN.value)


def _carrying(conn: Connection, vault: Vault, customer_id: str, offer_id: str) -> list[Row[Any]]:
    live = (
        EffectStatus.SCHEDULED,
        EffectStatus.CLAIMED,
        EffectStatus.SENT,
        EffectStatus.UNKNOWN,
    )
    rows = ledger.open_effects(conn, customer_id, live)
    return [
        row
        for row in rows
        if row.kind == ActionKind.CONTACT.value
        and vault.open_json("effects.body", row.body_sealed).get("offer_id") == offer_id
    ]


def _void_offer(unit: LaneUnit, row: Row[Any], said: str) -> None:
    offer = unit.conn.execute(select(offers).where(offers.c.effect_id == row.id)).one()
    for one in _carrying(unit.conn, unit.vault, row.customer_id, offer.id):
        if one.status == EffectStatus.SCHEDULED.value:
            _cancel(unit, one, said)
    unit.conn.execute(update(offers).where(offers.c.id == offer.id).values(status="void"))
    counters.release(unit.conn, row.id)
    wakeups.cancel(unit.conn, "effect_expiry", row.id)


# -- tickets ---------------------------------------------------------------------------------------


def _look_ticket(conn: Connection, vault: Vault, row: Row[Any], now_us: int) -> Undoable:
    if row.via is not None:
        return _final(f"it was opened in another system, by {row.via}: close it there")
    ticket = conn.execute(select(tickets).where(tickets.c.effect_id == row.id)).first()
    if ticket is None or ticket.status != "open":
        return _final("the ticket is closed already")
    return Undoable(
        Reversibility.COMPENSABLE, f"closes the ticket in the queue {ticket.queue}, undone"
    )


def _close_ticket(unit: LaneUnit, row: Row[Any], said: str) -> None:
    unit.conn.execute(update(tickets).where(tickets.c.effect_id == row.id).values(status="closed"))


# -- suppressions ----------------------------------------------------------------------------------


def _suppression_of(conn: Connection, vault: Vault, row: Row[Any]) -> Row[Any] | None:
    own = vault.open_json("effects.body", row.body_sealed).get("suppression_id")
    return conn.execute(select(suppressions).where(suppressions.c.id == own)).first()


def _look_suppression(conn: Connection, vault: Vault, row: Row[Any], now_us: int) -> Undoable:
    one = _suppression_of(conn, vault, row)
    if one is None:
        return _final("it is not known which entry it made: lift it on the customer's page")
    if one.lifted_at is not None:
        return _final("it was lifted already")
    does = "lifts this stop; what was cancelled by it stays so, and any other stop goes on"
    if conn.execute(select(systems.c.name).limit(1)).first() is not None:
        does += "; other systems that were told to stop are not told otherwise"
    return Undoable(Reversibility.REVERSIBLE, does)


def _lift(unit: LaneUnit, row: Row[Any], said: str) -> None:
    one = _suppression_of(unit.conn, unit.vault, row)
    assert one is not None
    unit.conn.execute(
        update(suppressions).where(suppressions.c.id == one.id).values(lifted_at=unit.now_us)
    )


COMPENSATIONS: dict[str, Compensation] = {
    ActionKind.CONTACT.value: Compensation(_look_contact, _cancel),
    ActionKind.OFFER.value: Compensation(_look_offer, _void_offer),
    ActionKind.TICKET.value: Compensation(_look_ticket, _close_ticket),
    "escalation": Compensation(_look_ticket, _close_ticket),
    ActionKind.SUPPRESSION.value: Compensation(_look_suppression, _lift),
}
