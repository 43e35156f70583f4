"""Figures of a span of days: decisions, contacts, budgets, what waits, what failed closed.

Days are UTC days of business time. Only plain columns are read. Counting decisions reads one row
for each decision there is, so it is done when somebody looks, never on the way of an event.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from policies.pack import Pack
from store import extensions
from store.clock import Clock
from store.schema import approvals, closed_counts, decisions, effects
from tools import budgets, exceptions
from tools.instants import instant
from tools.packs import PackShelf

DAY_US = 86_400 * 1_000_000
_MOST_CLOSED = 200


@dataclass(frozen=True, slots=True)
class Sent:
    """How many contacts of a class went out on a channel."""

    channel: str
    class_: str
    n: int


@dataclass(frozen=True, slots=True)
class Closed:
    """How often a fact that was missing, stale or malformed closed the gate for an action."""

    day: str
    fact: str
    action: str
    n: int


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that raised a budget. `used_minor` None: its call was not made."""

    approval_id: str
    by: str
    at: int
    amount_minor: int
    used_minor: int | None


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """A budget of a pack in force, this month, and what signatures have added to it."""

    id: str
    because: str
    limit_minor: int
    left_minor: int
    currency: str
    raised_minor: int = 0
    signed: tuple[Signed, ...] = ()


@dataclass(frozen=True, slots=True)
class ExceptionUse:
    """The override budget of a soft rule in a pack in force, in its window."""

    rule: str
    because: str
    owner: str
    unit: str
    max: int
    left: int


@dataclass(frozen=True, slots=True)
class Period:
    """`ends` counts decisions by status, and adds up to `woken`. Instants are microseconds."""

    since: int
    woken: int
    ends: dict[str, int]
    sent: list[Sent]
    closed: list[Closed]
    budgets: list[BudgetUse]
    exceptions: list[ExceptionUse]
    currency: str
    waiting: int
    oldest_asked_at: int | None
    next_lapse_at: int | None


def since(clock: Clock, days: int) -> int:
    """Where a span of so many days begins, today being one of them."""
    now_us = clock.now_us()
    return now_us - now_us % DAY_US - (days - 1) * DAY_US


def period(
    conn: Connection,
    shelf: PackShelf,
    pack_name: str,
    *,
    goals: Collection[str],
    start: int,
    now_us: int,
) -> Period:
    """Everything that is counted from `start` on. `goals`: those that agents pursue."""
    ends = {
        str(status): int(n)
        for status, n in conn.execute(
            select(decisions.c.status, func.count())
            .where(decisions.c.opened_at >= start)
            .group_by(decisions.c.status)
        )
    }
    waiting, asked, lapse = conn.execute(
        select(
            func.count(), func.min(approvals.c.requested_at), func.min(approvals.c.due_at)
        ).where(approvals.c.status == "pending")
    ).one()
    packs = shelf.in_force(conn)
    in_use = [packs.pack(name) for name in packs.in_use(pack_name, goals)]
    return Period(
        since=start,
        woken=sum(ends.values()),
        ends=ends,
        sent=_sent(conn, start),
        closed=_closed(conn, start),
        budgets=_budgets(conn, in_use, now_us),
        exceptions=_exceptions(conn, in_use, now_us),
        currency=in_use[0].currency,
        waiting=int(waiting),
        oldest_asked_at=asked,
        next_lapse_at=lapse,
    )


def _sent(conn: Connection, start: int) -> list[Sent]:
    rows = conn.execute(
        select(effects.c.channel, effects.c["class"], func.count())
        .where(
            effects.c.kind == "contact", effects.c.status == "sent", effects.c.settled_at >= start
        )
        .group_by(effects.c.channel, effects.c["class"])
        .order_by(func.count().desc(), effects.c.channel, effects.c["class"])
    )
    return [Sent(str(channel), str(class_), int(n)) for channel, class_, n in rows]


def _closed(conn: Connection, start: int) -> list[Closed]:
    rows = conn.execute(
        select(closed_counts)
        .where(closed_counts.c.day >= instant(start).date().isoformat())
        .order_by(closed_counts.c.day.desc(), closed_counts.c.n.desc(), closed_counts.c.fact)
        .limit(_MOST_CLOSED)
    )
    return [Closed(row.day, row.fact, row.action, int(row.n)) for row in rows]


def _budgets(conn: Connection, packs: list[Pack], now_us: int) -> list[BudgetUse]:
    """Each budget once: what stands in a lower layer is one budget for all that stand on it."""
    found: dict[tuple[str, int], BudgetUse] = {}
    for pack in packs:
        left, raised = budgets.left(conn, pack, now_us), budgets.raised(conn, pack, now_us)
        for b in pack.budgets:
            signed = tuple(
                Signed(row.approval_id, row.by, row.at, row.amount_minor, row.used_minor)
                for row in extensions.of_counter(conn, budgets.key_of(b, now_us))
            )
            use = BudgetUse(
                b.id,
                b.because,
                b.limit_minor,
                left[b.id],
                pack.currency,
                raised.get(b.id, 0),
                signed,
            )
            found.setdefault((b.id, b.limit_minor), use)
    return list(found.values())


def _exceptions(conn: Connection, packs: list[Pack], now_us: int) -> list[ExceptionUse]:
    found: dict[str, ExceptionUse] = {}
    for pack in packs:
        left = exceptions.left(conn, pack, now_us)
        because = {rule.id: rule.because for rule in pack.rules}
        for rule, said in pack.overrides.items():
            use = ExceptionUse(rule, because[rule], said.owner, said.unit, said.max, left[rule])
            found.setdefault(rule, use)
    return list(found.values())
