"""How far a deployment has come, from empty to live: what the page *start here* looks at."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from store.schema import approvals, customers, decisions, effects, inbox, products


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that went out: its effect, its decision, and in which mode."""

    effect_id: str
    decision_id: str
    channel: str
    mode: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """Counts and first things. `real` is a message that went to a person, not to the outbox."""

    events: int
    last_event_at: int | None
    people: int
    products: int
    decisions: int
    waiting: int
    answered: str | None
    letter: Letter | None
    real: Letter | None


def readiness(conn: Connection) -> Readiness:
    """Where this deployment stands now."""
    newest = conn.execute(
        select(inbox.c.seq, inbox.c.received_at).order_by(inbox.c.seq.desc()).limit(1)
    ).first()
    pending = select(func.count()).select_from(approvals).where(approvals.c.status == "pending")
    answered = conn.execute(
        select(approvals.c.decision_id)
        .where(approvals.c.decided_by.is_not(None))
        .order_by(approvals.c.id.desc())
        .limit(1)
    ).scalar()
    return Readiness(
        events=0 if newest is None else int(newest.seq),
        last_event_at=None if newest is None else newest.received_at,
        people=_count(conn, customers),
        products=_count(conn, products),
        decisions=_count(conn, decisions),
        waiting=int(conn.execute(pending).scalar_one()),
        answered=answered,
        letter=_newest_letter(conn, live=False),
        real=_newest_letter(conn, live=True),
    )


def _count(conn: Connection, table: object) -> int:
    counted = select(func.count()).select_from(table)  # type: ignore[arg-type]
    return int(conn.execute(counted).scalar_one())


def _newest_letter(conn: Connection, *, live: bool) -> Letter | None:
    in_mode = effects.c.mode == "live" if live else effects.c.mode != "live"
    row = conn.execute(
        select(effects.c.id, effects.c.decision_id, effects.c.channel, effects.c.mode)
        .where(effects.c.kind == "contact", effects.c.status == "sent", in_mode)
        .order_by(effects.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else Letter(row.id, row.decision_id, row.channel, row.mode)
