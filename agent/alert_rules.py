"""What is worth an alert, found in the database: one small function a rule, all of them counts.

A new rule is one function and one line in `RULES`. The chain and broken packs are found elsewhere
(an audit takes its time, a broken file is not in the database) and are handed in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection, func, select

from agent.fact_words import counted, moment, money
from policies.pack import Pack
from store import brakes, closed_counts, deliveries
from store.alerts import Finding
from store.days import utc_day
from store.schema import approvals, effects, events, inbox
from tools import budgets
from tools.instants import DAY_US, HOUR_US
from tools.stops import of_brake

#: A question that lapses within this time is due.
DUE_WITHIN_US = HOUR_US
#: A fact closed the gate this many times today at least, and so many times as often as on a day of
#: the week before, before people are told.
SPIKE_LEAST, SPIKE_TIMES = 20, 3
_WEEK = 7
#: From these shares of a budget (basis points) on, with how grave it is.
BUDGET_STEPS = ((10_000, "critical"), (8_000, "warning"))
_FULL_BP = 10_000


@dataclass(frozen=True, slots=True)
class Ground:
    """What rules look at: one snapshot, the live pack, now (microseconds)."""

    conn: Connection
    pack: Pack
    now_us: int


Rule: TypeAlias = Callable[[Ground], Iterator[Finding]]


def findings(conn: Connection, pack: Pack, now_us: int) -> list[Finding]:
    """Everything that people should look at now."""
    ground = Ground(conn, pack, now_us)
    return [finding for rule in RULES for finding in rule(ground)]


def of_files(problems: Iterable[str]) -> list[Finding]:
    """Files of packs, agents or messages that cannot be used; what was before stays in force."""
    return [
        Finding("broken_pack", _digest(problem), "critical", problem, "/policies")
        for problem in dict.fromkeys(problems)
    ]


def of_chain(problems: Iterable[str]) -> list[Finding]:
    """What an audit of the journal found."""
    listed = list(problems)
    if not listed:
        return []
    said = f"The journal's chain is broken: {listed[0]}"
    more = f" (and {len(listed) - 1} more)" if len(listed) > 1 else ""
    text = f"{said}{more}. Run usher audit verify, and keep a copy of the database"
    return [Finding("chain_broken", "journal", "critical", text, "/figures")]


def _questions(ground: Ground) -> Iterator[Finding]:
    rows = ground.conn.execute(
        select(approvals.c.id, approvals.c.due_at)
        .where(approvals.c.status == "pending")
        .order_by(approvals.c.due_at)
    ).all()
    if not rows:
        return
    wait = f"{counted(len(rows), 'question')} {'waits' if len(rows) == 1 else 'wait'} for an answer"
    text = f"{wait}; the first lapses on {moment(rows[0].due_at, None)} and is then not done"
    yield Finding("approval_waiting", "queue", "notice", text, "/approvals")
    due = [row for row in rows if row.due_at - ground.now_us <= DUE_WITHIN_US]
    if due:
        text = f"{counted(len(due), 'question')} will lapse within the hour, undone"
        yield Finding("approval_due", "queue", "warning", text, "/approvals")


def _brakes(ground: Ground) -> Iterator[Finding]:
    for brake in brakes.in_force(ground.conn):
        yield Finding("brake", brake.id, "warning", of_brake(brake), "/brake")


def _fail_closed(ground: Ground) -> Iterator[Finding]:
    today = utc_day(ground.now_us)
    rows = closed_counts.since(ground.conn, utc_day(ground.now_us - _WEEK * DAY_US))
    before: dict[str, int] = {}
    now: dict[str, int] = {}
    for row in rows:
        of_day = now if row.day == today else before
        of_day[row.fact] = of_day.get(row.fact, 0) + int(row.n)
    for fact, n in sorted(now.items()):
        usual = before.get(fact, 0) / _WEEK
        if n >= SPIKE_LEAST and n > SPIKE_TIMES * usual:
            text = (
                f"'{fact}' was missing, old or malformed {n} times today and kept the gate shut; "
                f"on a usual day it is {usual:.0f}"
            )
            yield Finding("fail_closed_spike", f"{fact}:{today}", "warning", text, "/figures")


def _dead_letters(ground: Ground) -> Iterator[Finding]:
    n = sum(
        int(ground.conn.execute(select(func.count()).where(column == "dead")).scalar_one())
        for column in (events.c.state, inbox.c.status)
    )
    if n:
        are = "is" if n == 1 else "are"
        text = f"{counted(n, 'message')} could not be taken up and {are} set aside"
        yield Finding("dead_letter", "all", "warning", text, "/stuck")


def _unknown(ground: Ground) -> Iterator[Finding]:
    n = int(
        ground.conn.execute(select(func.count()).where(effects.c.status == "unknown")).scalar_one()
    )
    if n:
        text = f"Of {counted(n, 'effect')} nobody knows whether it arrived; a person must look"
        yield Finding("unknown_effect", "all", "warning", text, "/unknown")


def _budgets(ground: Ground) -> Iterator[Finding]:
    pack = ground.pack
    left = budgets.left(ground.conn, pack, ground.now_us)
    raised = budgets.raised(ground.conn, pack, ground.now_us)
    for budget in pack.budgets:
        limit = budget.limit_minor + raised.get(budget.id, 0)
        gone = limit - left[budget.id]
        used_bp = gone * _FULL_BP // limit if limit > 0 else _FULL_BP
        severity = next((said for step, said in BUDGET_STEPS if used_bp >= step), None)
        if severity is None:
            continue
        text = (
            f"{money(gone, pack.currency)} of {money(limit, pack.currency)} of the budget "
            f"'{budget.id}' is spent or promised this month ({used_bp // 100} %)"
        )
        subject = budgets.key_of(budget, ground.now_us)
        yield Finding("budget", subject, severity, text, "/policies")


def _untold(ground: Ground) -> Iterator[Finding]:
    for target, tally in sorted(deliveries.tallies(ground.conn).items()):
        if tally.dead and not target.startswith("alert:"):
            text = f"{counted(tally.dead, 'change')} could not be told to {target}"
            yield Finding("delivery_dead", target, "warning", text, "/systems")


RULES: tuple[Rule, ...] = (
    *(_questions, _brakes, _fail_closed, _dead_letters),
    *(_unknown, _budgets, _untold),
)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
