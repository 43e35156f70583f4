"""Who stands against whom: a lane's contenders and what is queued already (DESIGN §3.7).

The formula is in `agent.arbitration`; here are its candidates, and what the journal keeps of the
outcome.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from agent import journal_bodies as bodies
from agent.arbitration import MILLION, Candidate, Lost, Terms
from agent.run import Run
from customers.suppression import MARKETING
from store.ledger import EffectStatus
from store.schema import decisions, effects


def queued_contacts(conn: Connection, customer_id: str) -> list[Row[Any]]:
    """The customer's marketing contacts that are queued and unsent, with whose they are."""
    query = (
        select(
            effects.c.id,
            effects.c.journey_id,
            effects.c.decision_id,
            effects.c.score,
            decisions.c.goal,
            decisions.c.agent,
        )
        .join(decisions, decisions.c.id == effects.c.decision_id)
        .where(
            effects.c.customer_id == customer_id,
            effects.c.status == EffectStatus.SCHEDULED.value,
            effects.c["class"] == MARKETING,
        )
        .order_by(effects.c.id)
    )
    return list(conn.execute(query))


def candidates(
    runs: Iterable[Run], queued: Sequence[Row[Any]], rivals: Mapping[str, str]
) -> list[Candidate]:
    """Every contender, and every queued contact of another journey (a rival)."""
    standing = [_of_run(run) for run in runs]
    return standing + [_of_effect(row) for row in queued if row.decision_id in rivals]


def arbitrated(winner: Candidate | None, losers: Sequence[Lost]) -> tuple[str, dict[str, Any]]:
    """The journal's entry: who won; who lost, with every term, why, and the next look."""
    body = bodies.arbitrated(
        winner=None if winner is None else winner.key,
        losers=[_of_loser(lost) for lost in losers],
        terms=None if winner is None else winner.terms.as_json(),
    )
    return "arbitrated", body


def _of_run(run: Run) -> Candidate:
    assert run.contender is not None
    return Candidate(
        key=run.id,
        goal=run.opening.goal,
        agent=run.opening.agent.name,
        call_id=run.contender.decided.proposed.id,
        terms=run.contender.terms,
    )


def _of_effect(row: Row[Any]) -> Candidate:
    """A queued contact, with the score it was claimed with."""
    terms = Terms(p=row.score, c=MILLION, v=MILLION, l=MILLION, cost=0)
    return Candidate(
        key=row.decision_id, goal=row.goal, agent=row.agent, call_id=row.id, terms=terms
    )


def _of_loser(lost: Lost) -> dict[str, Any]:
    terms = lost.candidate.terms
    return {
        "decision_id": lost.candidate.key,
        "call_id": lost.candidate.call_id,
        "goal": lost.candidate.goal,
        "agent": lost.candidate.agent,
        "score": terms.score,
        "terms": terms.as_json(),
        "reason": lost.reason,
        "look_again_at": lost.look_again_at,
    }
