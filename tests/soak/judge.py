"""Judges a soak from outside: plain SQL over the database, and the channel's own log.

It imports nothing of Usher. What it counts:

- `lost`: events that were answered for and are not there, or have no end; work that fell due and
  was not done; letters the ledger calls sent that never came, or that came and it knows nothing of
- `twice`: letters that came twice under one Message-ID, events that were taken in twice
- `caps`: letters beyond one a person and local day, or three in seven rolling days
- `after_opt_out`: letters begun after the person's opt-out had been acknowledged
- `stale`: entries and claims under an epoch that their lane had left
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

_ENDS = "('decided', 'recorded', 'withheld')"
_A_WEEK = timedelta(days=7)
_IN_A_WEEK = 3
_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Delivered:
    """One letter as the channel logged it; `date` is its own, `begun_ns` on the machine's clock."""

    id: str
    to: str
    date: datetime
    begun_ns: int

    @property
    def effect(self) -> str:
        """The effect's id, as it stands in the Message-ID."""
        return self.id.strip("<>").partition("@")[0]


@dataclass(frozen=True, slots=True)
class Told:
    """What the sender knows: how many distinct events were answered for, by address where people
    live (IANA zone) and when their opt-out was acknowledged (on the machine's clock)."""

    answered: int
    zones: Mapping[str, str]
    opted_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many of each fault; all zero is a soak that was passed."""

    lost: int
    twice: int
    caps: int
    after_opt_out: int
    stale: int

    @property
    def clean(self) -> bool:
        """Whether no fault was found."""
        return not (self.lost or self.twice or self.caps or self.after_opt_out or self.stale)


def read_log(log: Path) -> list[Delivered]:
    """Every letter the channel took, oldest first."""
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [
        Delivered(r["id"], r["to"], parsedate_to_datetime(r["date"]), r["begun_ns"]) for r in rows
    ]


def judge(database: Path, delivered: Sequence[Delivered], told: Told) -> Verdict:
    """The verdict on a stopped server's `usher.db`."""
    conn = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return verdict_of(conn, delivered, told)
    finally:
        conn.close()


def verdict_of(conn: Any, delivered: Sequence[Delivered], told: Told) -> Verdict:
    """The verdict on a database, by a connection of `sqlite3` or `psycopg`."""
    return Verdict(
        lost=_events_lost(conn, told.answered) + _letters_lost(conn, delivered),
        twice=_twice(conn, delivered, told.answered),
        caps=_over_caps(conn, delivered, told.zones),
        after_opt_out=_after_opt_out(delivered, told.opted_out),
        stale=_stale(conn),
    )


def _one(conn: Any, query: str) -> int:
    return int(conn.execute(query).fetchone()[0])


def _events_lost(conn: Any, answered: int) -> int:
    kept = _one(conn, "SELECT count(*) FROM inbox")
    unresolved = _one(conn, "SELECT count(*) FROM inbox WHERE status <> 'resolved'")
    endless = _one(conn, f"SELECT count(*) FROM events WHERE state NOT IN {_ENDS}")
    undone = _one(
        conn,
        "SELECT count(*) FROM wakeups WHERE state IN ('due', 'dead')"
        " OR state = 'pending' AND due_at < (SELECT now_us FROM clock)",
    )
    return max(0, answered - kept) + unresolved + endless + undone


def _letters_lost(conn: Any, delivered: Sequence[Delivered]) -> int:
    ledger = dict(conn.execute("SELECT id, status FROM effects WHERE via IS NOT NULL"))
    came = {one.effect for one in delivered}
    never_came = sum(state == "sent" and effect not in came for effect, state in ledger.items())
    not_known = sum(ledger.get(effect) not in ("sent", "unknown") for effect in came)
    in_hand = _one(conn, "SELECT count(*) FROM effects WHERE status = 'claimed'")
    return never_came + not_known + in_hand


def _twice(conn: Any, delivered: Sequence[Delivered], answered: int) -> int:
    letters = sum(n - 1 for n in Counter(one.id for one in delivered).values())
    return letters + max(0, _one(conn, "SELECT count(*) FROM inbox") - answered)


def _over_caps(conn: Any, delivered: Sequence[Delivered], zones: Mapping[str, str]) -> int:
    """By when a letter was settled in business time; its own date, where the ledger knows none."""
    settled = {
        effect: datetime.fromtimestamp(at / _US, UTC)
        for effect, at in conn.execute(
            "SELECT id, settled_at FROM effects WHERE settled_at IS NOT NULL"
        )
    }
    by_person: dict[str, list[datetime]] = defaultdict(list)
    for one in {one.id: one for one in delivered}.values():
        by_person[one.to].append(settled.get(one.effect, one.date))
    over = 0
    for person, times in by_person.items():
        zone = ZoneInfo(zones[person])
        times.sort()
        for n, at in enumerate(times):
            same_day = any(
                other.astimezone(zone).date() == at.astimezone(zone).date() for other in times[:n]
            )
            week = sum(1 for other in times[: n + 1] if at - other < _A_WEEK)
            over += same_day or week > _IN_A_WEEK
    return over


def _after_opt_out(delivered: Sequence[Delivered], opted_out: Mapping[str, int]) -> int:
    return sum(one.to in opted_out and one.begun_ns > opted_out[one.to] for one in delivered)


def _stale(conn: Any) -> int:
    newest: dict[str, int] = {}
    stale = 0
    for customer, epoch in conn.execute("SELECT customer_id, epoch FROM journal ORDER BY pos"):
        stale += epoch < newest.get(customer, epoch)
        newest[customer] = max(epoch, newest.get(customer, epoch))
    ahead = _one(
        conn,
        "SELECT count(*) FROM effects JOIN lanes USING (customer_id)"
        " WHERE effects.claim_epoch > lanes.epoch",
    )
    return stale + ahead
