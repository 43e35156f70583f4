"""Brakes: people stop contact, all of it or a part, at once; and what goes on until they let go.

Pulling and lifting stand alone: `stand_alone` waits until every unit that may claim or hand over
(`beside_others`) has ended and lets none begin before it has committed. So a claim comes before a
brake or after it, never in between. What a brake covers and finds in the ledger was therefore
claimed before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, text, true, update

from store.ledger import EffectStatus
from store.schema import brakes, decisions, effects

IN_FLIGHT = ("hold", "drain", "cancel")
ALL, OFFERS = "all", "offers"
#: Scopes that name something: `agent:shopping`, `goal:recover_cart`, `channel:email`.
NAMED = ("agent", "goal", "channel")
#: Any number that only we use on PostgreSQL; SQLite has one writer and needs none.
_LOCK = 7_220_115
_QUEUED = (EffectStatus.SCHEDULED.value, EffectStatus.CLAIMED.value)


@dataclass(frozen=True, slots=True)
class Touch:
    """What would touch a customer, as far as a scope asks: a message, or a discount's code."""

    agent: str
    goal: str
    channel: str
    with_offer: bool


@dataclass(frozen=True, slots=True)
class Brake:
    """One brake that is pulled."""

    id: str
    scope: str
    in_flight: str
    by: str
    reason: str
    at: int

    def covers(self, touch: Touch) -> bool:
        """Whether this is stopped."""
        word, _, name = self.scope.partition(":")
        if word == OFFERS:
            return touch.with_offer
        return word == ALL or (word in NAMED and name == getattr(touch, word))


def beside_others(conn: Connection) -> None:
    """First in a unit that may claim or hand over: no brake is pulled or lifted until it ends."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _LOCK})


def stand_alone(conn: Connection) -> None:
    """First in a unit that pulls or lifts: what claims or hands over comes before or after."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def pull(conn: Connection, brake: Brake) -> None:
    """Write a brake. The caller stands alone."""
    conn.execute(
        brakes.insert().values(
            id=brake.id,
            scope=brake.scope,
            in_flight=brake.in_flight,
            by=brake.by,
            reason=brake.reason,
            at=brake.at,
            lifted_by=None,
            lifted_at=None,
        )
    )


def lift(conn: Connection, brake_id: str, *, by: str, at: int) -> bool:
    """Let go; False where there is no such brake in force. The caller stands alone."""
    lifted = conn.execute(
        update(brakes)
        .where(brakes.c.id == brake_id, brakes.c.lifted_at.is_(None))
        .values(lifted_by=by, lifted_at=at)
    )
    return lifted.rowcount == 1


# Built once: building a statement costs several times what running it does.
_IN_FORCE = select(brakes).where(brakes.c.lifted_at.is_(None)).order_by(brakes.c.id)


def in_force(conn: Connection) -> tuple[Brake, ...]:
    """Every brake that is pulled, oldest first."""
    rows = conn.execute(_IN_FORCE)
    return tuple(Brake(r.id, r.scope, r.in_flight, r.by, r.reason, r.at) for r in rows)


def get(conn: Connection, brake_id: str) -> Row[Any] | None:
    """One brake's row, lifted or not."""
    return conn.execute(select(brakes).where(brakes.c.id == brake_id)).first()


def listing(conn: Connection, *, after: str | None, limit: int) -> list[Row[Any]]:
    """All brakes there were, newest first."""
    query = select(brakes).order_by(brakes.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(brakes.c.id < after)
    return list(conn.execute(query))


def queued(conn: Connection, scope: str) -> list[Row[Any]]:
    """Contacts of a scope that are queued or claimed and have not reached anybody, next one first.

    With the effect's id, customer, channel, status, `not_before`, and whose it is.
    """
    due = effects.c.not_before
    query = (
        select(
            effects.c.id,
            effects.c.customer_id,
            effects.c.channel,
            effects.c.status,
            due,
            decisions.c.goal,
            decisions.c.agent,
        )
        .join(decisions, decisions.c.id == effects.c.decision_id)
        .where(effects.c.kind == "contact", effects.c.status.in_(_QUEUED), _within(scope))
        .order_by(due.is_not(None), due, effects.c.id)
    )
    return list(conn.execute(query))


def _within(scope: str) -> ColumnElement[bool]:
    """The scope as a condition on effects and decisions. A contact's amount is its offer's."""
    word, _, name = scope.partition(":")
    columns = {"agent": decisions.c.agent, "goal": decisions.c.goal, "channel": effects.c.channel}
    if word in columns:
        return columns[word] == name
    return effects.c.amount_minor.is_not(None) if word == OFFERS else true()


def of_effect(conn: Connection, row: Row[Any]) -> Touch | None:
    """A contact in the ledger as a scope sees it; None where its decision is gone."""
    whose = conn.execute(
        select(decisions.c.agent, decisions.c.goal).where(decisions.c.id == row.decision_id)
    ).first()
    if whose is None:
        return None
    return Touch(whose.agent, whose.goal, row.channel, row.amount_minor is not None)
