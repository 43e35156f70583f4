"""How far a deployment has come, from empty to live: what the page *start here* looks at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from agent.mode_of import mode_of
from prompts.agents import AgentFile
from store.schema import approvals, customers, decisions, effects, inbox, products


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that went out: its effect, its decision, its kind, and by which real channel."""

    effect_id: str
    decision_id: str
    kind: str
    via: str | None


@dataclass(frozen=True, slots=True)
class Readiness:
    """Counts and newest things. `letter` lies in the outbox, `real` went by a real channel.

    `modes` is how far each agent goes now.
    """

    events: int
    last_event_at: int | None
    people: int
    products: int
    decisions: int
    waiting: int
    answered: str | None
    letter: Letter | None
    real: Letter | None
    modes: Mapping[str, str]


def readiness(conn: Connection, agents: Iterable[AgentFile]) -> Readiness:
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
        letter=_newest_letter(conn, real=False),
        real=_newest_letter(conn, real=True),
        modes=modes(conn, agents),
    )


def modes(conn: Connection, agents: Iterable[AgentFile]) -> dict[str, str]:
    """How far each agent goes now, by its name."""
    return {agent.name: mode_of(conn, agent) for agent in agents}


def _count(conn: Connection, table: object) -> int:
    counted = select(func.count()).select_from(table)  # type: ignore[arg-type]
    return int(conn.execute(counted).scalar_one())


def _newest_letter(conn: Connection, *, real: bool) -> Letter | None:
    way = effects.c.via.is_not(None) if real else effects.c.via.is_(None)
    row = conn.execute(
        select(effects.c.id, effects.c.decision_id, effects.c.channel, effects.c.via)
        .where(effects.c.kind == "contact", effects.c.status == "sent", way)
        .order_by(effects.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else Letter(row.id, row.decision_id, row.channel, row.via)
