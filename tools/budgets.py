"""Budgets of a pack: how much of this month's money is left, and holding a call's share of it.

A budget belongs to the whole business, so its month is that of UTC, the same for every customer.
What a call takes from a budget is the fact that the budget names in `charges`, as the gate read
it. An offer holds its share until it is redeemed (then it is spent) or lapses, in the month in
which it was made. Where the pack lets an approver sign for more, what was signed is for that one
call, and the budget is never spent beyond its limit and what is held of such signatures (P2).
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, select

from policies.limits import Budget
from policies.pack import Pack
from policies.verdict import FactValue
from store import counters, extensions
from store.schema import counters as counted
from tools.instants import instant

_GONE = select(counted.c.key, counted.c.reserved + counted.c.committed).where(
    counted.c.key.in_(bindparam("keys", expanding=True))
)


def left(conn: Connection, pack: Pack, now_us: int) -> dict[str, int]:
    """What is left of each budget, by its id: limit and signatures less what is held and spent."""
    keys = {budget.id: key_of(budget, now_us) for budget in pack.budgets}
    if not keys:
        return {}
    rows = conn.execute(_GONE, {"keys": sorted(keys.values())})
    gone = {key: int(amount) for key, amount in rows}
    more = raised(conn, pack, now_us)
    return {b.id: b.limit_minor + more.get(b.id, 0) - gone.get(keys[b.id], 0) for b in pack.budgets}


def raised(conn: Connection, pack: Pack, now_us: int) -> dict[str, int]:
    """By how much each budget is raised this month, by its id."""
    keys = {key_of(budget, now_us): budget.id for budget in pack.budgets if budget.signed}
    return {keys[key]: more for key, more in extensions.held(conn, keys).items()} if keys else {}


def hold(
    conn: Connection,
    pack: Pack,
    facts: Mapping[str, FactValue],
    *,
    effect_id: str,
    now_us: int,
    approval_id: str | None = None,
) -> str | None:
    """Hold what a call with these facts takes from each budget; which is used up, or None.

    A budget's ceiling is the pack's limit at this moment, with what was signed for.
    """
    for budget in sorted(pack.budgets, key=lambda b: b.id):
        key, amount = key_of(budget, now_us), facts.get(budget.charges)
        if type(amount) is not int:
            return key
        if amount <= 0:
            continue
        if not _take(conn, budget, key, amount, effect_id=effect_id, approval_id=approval_id):
            return key
    return None


def _take(
    conn: Connection,
    budget: Budget,
    key: str,
    amount: int,
    *,
    effect_id: str,
    approval_id: str | None,
) -> bool:
    # The counter's row is held from here on, so what is signed for cannot change under us.
    counters.set_ceiling(conn, key, budget.limit_minor)
    if not budget.signed:
        return counters.reserve(conn, effect_id=effect_id, key=key, amount=amount)
    ceiling = budget.limit_minor + extensions.held(conn, [key]).get(key, 0)
    counters.set_ceiling(conn, key, ceiling)
    lacks = amount - (counters.left(conn, key) or 0)
    if lacks > 0 and approval_id is not None:
        if lacks > extensions.unclaimed(conn, approval_id, key):
            return False
        counters.set_ceiling(conn, key, ceiling + lacks)
        extensions.use(conn, approval_id, key, effect_id=effect_id, amount=lacks)
    return counters.reserve(conn, effect_id=effect_id, key=key, amount=amount)


def key_of(budget: Budget, now_us: int) -> str:
    """The counter of a budget's month."""
    return f"budget:{budget.id}:{instant(now_us):%Y-%m}"
