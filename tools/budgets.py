"""Budgets of a pack: how much of this month's money is left, and holding a call's share of it.

A budget belongs to the whole business, so its month is that of UTC, the same for every customer.
What a call takes from a budget is the fact that the budget names in `charges`, as the gate read
it. An offer holds its share until it is redeemed (then it is spent) or lapses, in the month in
which it was made.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, select

from policies.limits import Budget
from policies.pack import Pack
from policies.verdict import FactValue
from store import counters
from store.schema import counters as counted
from tools.instants import instant

_GONE = select(counted.c.key, counted.c.reserved + counted.c.committed).where(
    counted.c.key.in_(bindparam("keys", expanding=True))
)


def left(conn: Connection, pack: Pack, now_us: int) -> dict[str, int]:
    """What is left of each budget, by its id: the pack's limit less what is held and spent."""
    keys = {budget.id: _key(budget, now_us) for budget in pack.budgets}
    if not keys:
        return {}
    rows = conn.execute(_GONE, {"keys": sorted(keys.values())})
    gone = {key: int(amount) for key, amount in rows}
    return {b.id: b.limit_minor - gone.get(keys[b.id], 0) for b in pack.budgets}


def hold(
    conn: Connection, pack: Pack, facts: Mapping[str, FactValue], *, effect_id: str, now_us: int
) -> str | None:
    """Hold what a call with these facts takes from each budget; which is used up, or None.

    A budget's ceiling is the pack's limit at this moment.
    """
    for budget in sorted(pack.budgets, key=lambda b: b.id):
        key, amount = _key(budget, now_us), facts.get(budget.charges)
        if type(amount) is not int:
            return key
        if amount <= 0:
            continue
        counters.set_ceiling(conn, key, budget.limit_minor)
        if not counters.reserve(conn, effect_id=effect_id, key=key, amount=amount):
            return key
    return None


def _key(budget: Budget, now_us: int) -> str:
    return f"budget:{budget.id}:{instant(now_us):%Y-%m}"
