"""A restored database starts on hold and sends nothing stale: the marking, in one unit (P2, P3).

Nobody knows what was sent between the backup and its restoring. So a brake stops everything that
reaches customers until an approver lifts it; what was being handed over, or was due by then, waits
for a person as unknown and counts in the caps; what was being decided ends unconfirmed; what was to
be looked at again by then is not. People whose keys are destroyed were erased since, and are again.
Queued contacts that come due later stay, held, and are decided again once the brake is lifted.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, or_, select, update

from agent.lane_unit import Ground, LaneUnit
from agent.queued import close_decision, note_effect
from customers import erasure
from store import brakes, lanes, restored, uncertain, wakeups
from store.brakes import Brake
from store.ids import new_id
from store.ledger import EffectStatus
from store.schema import approvals, customers, decisions, effects
from store.schema import wakeups as table
from store.sealing import Vault

BY = "restore"
_UNKNOWN = "restored from a backup: nobody knows whether it was sent since; a person must look"
_UNFINISHED = "restored from a backup: nobody knows how it went on"
#: Wake-ups that only end something, or keep their own question of what is held.
_GO_ON = ("journey_expiry", "effect_expiry", "approval_lapse", "lease_expiry", "question_stopped")

_ERASED = select(customers.c.id).where(customers.c.erased_at.is_not(None))


@dataclass(frozen=True, slots=True)
class Marked:
    """What was put on hold: counts, and the brake that an approver lifts."""

    brake_id: str
    unknown: int
    waiting: int
    unfinished: int
    not_looked_again: int
    erased_again: int

    def lines(self) -> list[str]:
        """As sentences."""
        return [
            f"on hold: the brake {self.brake_id} stops everything that reaches customers",
            f"{self.unknown} effects may have been sent since the backup: unknown, for a person",
            f"{self.waiting} queued contacts come due later: held, decided again after the brake",
            f"{self.unfinished} decisions were under way: ended, nothing more is done for them",
            f"{self.not_looked_again} looks at journeys were due by then: not taken again",
            f"{self.erased_again} people were erased since the backup: erased again",
        ]


def mark(
    conn: Connection,
    vault: Vault,
    *,
    brake_id: str,
    now_us: int,
    until_us: int,
    made_at: str | None,
    keyed: Collection[str],
) -> Marked:
    """Put a restored database on hold. May run again: what is marked stays so.

    `until_us`: up to when the original may have worked. `keyed`: who has a key.
    """
    brakes.stand_alone(conn)
    restored.note(conn, at=now_us, until=until_us, made_at=made_at)
    held = _hold(conn, brake_id, now_us, made_at)
    again = _erase_again(conn, frozenset(keyed), now_us)
    ground = Ground(agents={}, fresh_id=new_id)
    unknown = _nobody_knows(conn, vault, ground, now_us=now_us, until_us=until_us)
    unfinished = _end_unfinished(conn, vault, ground, now_us=now_us)
    looks = conn.execute(
        update(table)
        .where(
            table.c.customer_id.is_not(None),
            table.c.kind.not_in(_GO_ON),
            table.c.kind != "release",
            or_(
                table.c.state == "due", (table.c.state == "pending") & (table.c.due_at <= until_us)
            ),
        )
        .values(state="cancelled")
    ).rowcount
    waiting = conn.execute(
        select(effects.c.id).where(effects.c.status == EffectStatus.SCHEDULED.value)
    ).all()
    return Marked(held, unknown, len(waiting), unfinished, looks, again)


def _hold(conn: Connection, brake_id: str, now_us: int, made_at: str | None) -> str:
    for brake in brakes.in_force(conn):
        if (brake.by, brake.scope, brake.in_flight) == (BY, brakes.ALL, "hold"):
            return brake.id
    of = f" made {made_at}" if made_at else ""
    reason = (
        f"restored from a backup{of}: look at the unknown effects first, then an approver lifts "
        "this brake, and what is held is decided again"
    )
    brakes.pull(conn, Brake(brake_id, brakes.ALL, "hold", BY, reason, now_us))
    return brake_id


def _erase_again(conn: Connection, keyed: frozenset[str], now_us: int) -> int:
    """Cut off whom the backup still knows and whose key is gone; the start deletes what is left."""
    known = conn.execute(
        select(customers.c.id).where(
            customers.c.erased_at.is_(None), customers.c.merged_into.is_(None)
        )
    )
    gone = sorted({str(row.id) for row in known} - keyed)
    for customer_id in gone:
        # A key is destroyed only where no hold forbids it, so one that stands here is older.
        conn.execute(update(customers).where(customers.c.id == customer_id).values(legal_hold=0))
        erasure.prepare(conn, customer_id, now_us=now_us)
    return len(gone)


def _nobody_knows(
    conn: Connection, vault: Vault, ground: Ground, *, now_us: int, until_us: int
) -> int:
    due = or_(effects.c.not_before.is_(None), effects.c.not_before <= until_us)
    rows = conn.execute(
        select(effects)
        .where(
            or_(
                effects.c.status == EffectStatus.CLAIMED.value,
                (effects.c.status == EffectStatus.SCHEDULED.value) & due,
            ),
            effects.c.customer_id.not_in(_ERASED),
        )
        .order_by(effects.c.id)
    ).all()
    for row in rows:
        uncertain.nobody_knows(conn, row.id, at=now_us, reason=_UNKNOWN)
        wakeups.cancel(conn, "release", row.id)
        unit = _unit(conn, vault, ground, row.customer_id, now_us)
        note_effect(unit, row, EffectStatus.UNKNOWN, _UNKNOWN)
        if row.kind == "contact":
            close_decision(unit, row.decision_id, "completed", _UNKNOWN, "unconfirmed")
    return len(rows)


def _end_unfinished(conn: Connection, vault: Vault, ground: Ground, *, now_us: int) -> int:
    """End what was being decided, and what was answered and not acted on yet.

    Its codes stay given: they may have been sent.
    """
    answered = (
        select(approvals.c.decision_id)
        .join(table, table.c.ref == approvals.c.id)
        .where(table.c.kind == "approval_decided", table.c.state.in_(["pending", "due"]))
    )
    under_way = or_(
        decisions.c.status == "running",
        (decisions.c.status == "awaiting_approval") & decisions.c.id.in_(answered),
    )
    rows = conn.execute(
        select(decisions.c.id, decisions.c.customer_id)
        .where(under_way, decisions.c.customer_id.not_in(_ERASED))
        .order_by(decisions.c.id)
    ).all()
    for row in rows:
        unit = _unit(conn, vault, ground, row.customer_id, now_us)
        close_decision(unit, row.id, "completed", _UNFINISHED, "unconfirmed")
    return len(rows)


def _unit(
    conn: Connection, vault: Vault, ground: Ground, customer_id: str, now_us: int
) -> LaneUnit:
    """Under a new epoch: whoever still believes to work this lane changes nothing any more."""
    epoch = lanes.take(conn, customer_id)
    return LaneUnit(conn, vault, ground, customer_id, epoch, now_us)


def instant_of(text: str) -> datetime:
    """An ISO 8601 instant with its zone; UTC where it names none. Raises `ValueError`."""
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
