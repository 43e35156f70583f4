"""Exceptions to soft rules: how many a reason may still make, and holding one for an effect.

Held when a lifted rule's call is claimed, made when the effect has reached somebody or was done,
given back when it has not. The window is the calendar's in UTC, the same for everybody (P2).
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, select

from policies.overrides import Overrides
from policies.pack import Pack
from policies.verdict import FiredKind, Outcome, Verdict
from store import counters
from store.ledger import EXCEPTIONS
from store.schema import counters as counted
from tools.instants import instant

_GONE = select(counted.c.key, counted.c.reserved + counted.c.committed).where(
    counted.c.key.in_(bindparam("keys", expanding=True))
)


def left(
    conn: Connection, pack: Pack, now_us: int, *, without: frozenset[str] = frozenset()
) -> dict[str, int]:
    """How often each soft rule with a budget may be lifted still, by its id.

    What the effects `without` hold is not counted against it.
    """
    keys = {_key(rule, budget, now_us): rule for rule, budget in pack.overrides.items()}
    if not keys:
        return {}
    gone = {key: int(n) for key, n in conn.execute(_GONE, {"keys": sorted(keys)})}
    own = counters.held_by(conn, without) if without else {}
    return {
        rule: pack.overrides[rule].max - gone.get(key, 0) + own.get(key, 0)
        for key, rule in keys.items()
    }


def hold(
    conn: Connection, pack: Pack, verdict: Verdict, *, effect_id: str, now_us: int, done: bool
) -> str | None:
    """Hold one exception of each rule that a reason lifted; which are used up, or None.

    What a person signed for is no exception. `done`: the effect needs no hand-over.
    """
    for rule in sorted(_lifted(verdict, pack.overrides)):
        budget = pack.overrides[rule]
        key = _key(rule, budget, now_us)
        counters.set_ceiling(conn, key, budget.max)
        if not counters.reserve(conn, effect_id=effect_id, key=key, amount=1):
            return key
    if done:
        counters.commit(conn, effect_id, prefix=EXCEPTIONS)
    return None


def _lifted(verdict: Verdict, budgets: Mapping[str, Overrides]) -> set[str]:
    return {
        fired.rule
        for fired in verdict.fired
        if fired.kind is FiredKind.SOFT and fired.outcome is Outcome.ALLOW and fired.rule in budgets
    }


def _key(rule: str, budget: Overrides, now_us: int) -> str:
    day = instant(now_us).date()
    year, week, _ = day.isocalendar()
    period = {
        "day": day.isoformat(),
        "week": f"{year}-W{week:02d}",
        "month": f"{day:%Y-%m}",
        "year": f"{day:%Y}",
    }[budget.unit]
    return f"{EXCEPTIONS}{rule}:{period}"
