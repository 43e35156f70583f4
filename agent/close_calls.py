"""What failed closed and what came close to a limit, by day: two things to look at every morning.

Days are UTC days of business time, `DAYS` of them with today the last. Only counters are read for
the figures. Who is behind one is told from the journal's newest entries, like `agent.refusals`: the
call as it was claimed, measured again with the pack that decided it. Who is erased is not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select

from policies.nearness import Closeness
from policies.pack import Pack
from store import closed_counts, near_misses
from store.days import utc_day
from store.journal import LABEL
from store.schema import journal
from store.sealing import Erased, Vault
from tools.packs import NoPack, PackShelf

DAYS = 7
AT_MOST = 10_000
_DAY_US = 86_400 * 1_000_000
#: What a step of a release holds, which decides a claimed effect again.
_AGAIN = ("released", "looked_at_again")


@dataclass(frozen=True, slots=True)
class ClosedFor:
    """How often one fact closed the gate; `days` holds the count of each day."""

    fact: str
    days: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CameClose:
    """How many effects came close to a limit, and how many stood exactly at it, each day.

    `closest_bp` is how much of the limit the closest used. `because` is what the pack in force says
    of the rule; empty where it has the rule no longer.
    """

    rule: str
    because: str
    close: tuple[int, ...]
    exactly: tuple[int, ...]
    closest_bp: int

    @property
    def days(self) -> tuple[int, ...]:
        """Both, each day."""
        return tuple(a + b for a, b in zip(self.close, self.exactly, strict=True))


@dataclass(frozen=True, slots=True)
class CloseCalls:
    """What happened most comes first. `days` are named as `2026-03-03`."""

    days: tuple[str, ...]
    closed: tuple[ClosedFor, ...]
    near: tuple[CameClose, ...]


def close_calls(conn: Connection, shelf: PackShelf, pack_name: str, *, now_us: int) -> CloseCalls:
    """The last days' counters."""
    days = tuple(utc_day(now_us - n * _DAY_US) for n in reversed(range(DAYS)))
    closed = [
        ClosedFor(fact, _each(rows, days, "n"))
        for fact, rows in _by(closed_counts.since(conn, days[0]), "fact").items()
    ]
    missed = _by(near_misses.since(conn, days[0]), "rule")
    packs = _in_use(conn, shelf, pack_name) if missed else []
    near = [
        CameClose(
            rule,
            because_of(packs, rule),
            _each(rows, days, "n_close"),
            _each(rows, days, "n_at"),
            max(int(row.closest_bp) for row in rows),
        )
        for rule, rows in missed.items()
    ]
    return CloseCalls(
        days,
        tuple(sorted(closed, key=lambda one: (-sum(one.days), one.fact))),
        tuple(sorted(near, key=lambda one: (-sum(one.days), -one.closest_bp, one.rule))),
    )


def because_of(packs: Iterable[Pack], rule: str) -> str:
    """What the packs say of a rule; empty where none has one of that id."""
    views = (pack.rule(rule) for pack in packs)
    return next((view.because for view in views if view is not None), "")


def _in_use(conn: Connection, shelf: PackShelf, default: str) -> list[Pack]:
    packs = shelf.in_force(conn)
    return [packs.pack(name) for name in packs.in_use(default) if name not in packs.broken]


def listed(
    conn: Connection, shelf: PackShelf, pack_name: str, *, limit: int
) -> list[dict[str, Any]]:
    """The counters as they are kept, newest day first, each with its rule's words."""
    rows = near_misses.listing(conn, limit=limit)
    packs = _in_use(conn, shelf, pack_name) if rows else []
    return [{**row._mapping, "because": because_of(packs, row.rule)} for row in rows]


def who_came_close(
    conn: Connection,
    vault: Vault,
    shelf: PackShelf,
    *,
    rule: str,
    start: int,
    at_most: int = AT_MOST,
) -> list[str]:
    """The decisions whose effects came close to a limit from `start` on, the newest first."""
    newest = int(conn.execute(select(func.max(journal.c.pos))).scalar() or 0)
    rows = conn.execute(
        select(journal.c.decision_id, journal.c.body_sealed)
        .where(journal.c.pos > newest - at_most, journal.c.at >= start, journal.c.kind == "step")
        .order_by(journal.c.pos.desc())
    )
    found: dict[str, None] = {}
    for decision_id, sealed in rows:
        try:
            step = vault.open_json(LABEL, sealed)
        except Erased:
            continue
        if _claimed(step) and _came_close(conn, shelf, step, rule):
            found[str(decision_id)] = None
    return list(found)


def _claimed(step: Mapping[str, Any]) -> bool:
    result = step["result"] or {}
    return bool(step.get("effect_id")) and not any(word in result for word in _AGAIN)


def _came_close(conn: Connection, shelf: PackShelf, step: Mapping[str, Any], rule: str) -> bool:
    verdict = step["verdict"]
    try:
        pack = shelf.by_sha256(conn, verdict["sha256"])
    except NoPack:
        return False
    near = pack.near(step["action_kind"], step["facts"])
    return any(one.rule == rule and one.closeness is not Closeness.PAST for one in near)


def _by(rows: Iterable[Row[Any]], column: str) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(str(row._mapping[column]), []).append(row)
    return found


def _each(rows: Iterable[Row[Any]], days: tuple[str, ...], column: str) -> tuple[int, ...]:
    counted = {row.day: int(row._mapping[column]) for row in rows}
    return tuple(counted.get(day, 0) for day in days)
