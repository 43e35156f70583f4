"""Recovering claims: before anything else a start settles what an earlier process had in its hands.

Whether a letter went out is asked first, and only then does what has arrived since act: an opt-out
that waits in the inbox must not cancel, in the books, what its person has received (P2, P3).
"""

from __future__ import annotations

import structlog
from sqlalchemy import Connection, select

from agent.environment import Environment
from agent.handover import recover
from store import lanes
from store.ledger import EffectStatus
from store.schema import effects

log = structlog.get_logger("usher.recovering")


async def recover_claims(env: Environment) -> None:
    """Settle every claimed effect, each under a new epoch of its customer's lane."""
    for customer_id, effect_id in await env.db.read(_claimed):
        try:
            epoch = await env.db.write(lanes.take, customer_id)
            await recover(env, customer_id=customer_id, effect_id=effect_id, epoch=epoch)
        except Exception as fault:
            # It stays claimed; the customer's lane, or a person, sees to it.
            log.error("claim_not_recovered", effect_id=effect_id, error=type(fault).__name__)


def _claimed(conn: Connection) -> list[tuple[str, str]]:
    rows = conn.execute(
        select(effects.c.customer_id, effects.c.id)
        .where(effects.c.status == EffectStatus.CLAIMED.value)
        .order_by(effects.c.id)
    )
    return [(str(row.customer_id), str(row.id)) for row in rows]
