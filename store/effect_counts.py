"""How many effects an agent has had: what the limits on one agent are counted from."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, func, select

from store.ledger import REACHED_NOBODY, EffectStatus
from store.schema import effects

_MAY_HAVE_REACHED = [status.value for status in EffectStatus if status not in REACHED_NOBODY]

# Built once: building a statement costs several times what running it does.
_MANY = (
    select(effects.c.kind, effects.c.message, func.count())
    .where(
        effects.c.agent == bindparam("agent"),
        effects.c.claimed_at > bindparam("since"),
        effects.c.status.in_(bindparam("statuses", expanding=True)),
        effects.c.id.not_in(bindparam("without", expanding=True)),
    )
    .group_by(effects.c.kind, effects.c.message)
)


def many_of(
    conn: Connection, agent: str, since_us: int, *, without: frozenset[str] = frozenset()
) -> dict[tuple[str, str], int]:
    """How many effects of an agent since an instant reached somebody or may: by kind and message.

    Of what is no contact the message is empty. The effects `without` are left out.
    """
    rows = conn.execute(
        _MANY,
        {
            "agent": agent,
            "since": since_us,
            "statuses": _MAY_HAVE_REACHED,
            "without": sorted(without),
        },
    )
    return {(str(kind), str(message or "")): int(n) for kind, message, n in rows}
