"""Setting aside what cannot be taken up, so that it stops nothing else; and trying again (P7).

An event that no drain gets through is `dead`, with the class of what went wrong as its reason, and
so is a wake-up, and a message that cannot be resolved. All can be seen, tried again once the cause
is mended, and discarded for good: an event is then withheld, a message resolved without being
acted on, a wake-up cancelled, each with who said so and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, Connection, func, or_, select, update

from store import lanes
from store.schema import events, inbox, wakeups

_MOST_SHOWN = 100
#: The id of a dead wake-up is its number behind this word; events have ids of their own.
WAKE_UP = "wak_"


def set_aside(
    conn: Connection,
    *,
    customer_id: str,
    epoch: int,
    event_ids: Sequence[str],
    wakeup_id: int | None,
    reason: str,
) -> None:
    """Set events, or a wake-up, of one customer aside, under the lane's epoch (P4)."""
    lanes.hold(conn, customer_id, epoch)
    conn.execute(
        update(events)
        .where(events.c.id.in_(list(event_ids)), events.c.state == "waiting")
        .values(state="dead", reason=f"set aside: {reason}")
    )
    if wakeup_id is not None:
        conn.execute(
            update(wakeups)
            .where(wakeups.c.id == wakeup_id, wakeups.c.state == "due")
            .values(state="dead", reason=reason)
        )


def give_back(
    conn: Connection, *, customer_id: str, epoch: int, decision_id: str, event_ids: Sequence[str]
) -> None:
    """Events for a decision that has ended without hearing of them wait again."""
    lanes.hold(conn, customer_id, epoch)
    conn.execute(
        update(events)
        .where(events.c.id.in_(list(event_ids)), events.c.decision_id == decision_id)
        .values(state="waiting", reason=None, journey_id=None, decision_id=None)
    )


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Something set aside. `at`: when it arrived, or was due; `error`: what went wrong, by class.

    `whole` is False where what it said is gone already, so that it cannot be tried again.
    """

    id: str
    kind: Literal["message", "event", "wake_up"]
    type: str
    customer_id: str | None
    at: int
    error: str
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after the letter of this time and id."""

    at: int
    id: str


@dataclass(frozen=True, slots=True)
class Again:
    """A dead letter that waits again: by its place in the inbox, or in a customer's lane."""

    seq: int
    customer_id: str | None


def try_again(conn: Connection, letter_id: str) -> Again | None:
    """Take a dead letter up again; None where there is none of this id."""
    number = _number(letter_id)
    if number is not None:
        due = conn.execute(
            update(wakeups)
            .where(wakeups.c.id == number, wakeups.c.state == "dead")
            .values(state="due", reason=None)
        )
        if due.rowcount != 1:
            return None
        whose = select(wakeups.c.customer_id).where(wakeups.c.id == number)
        return Again(0, str(conn.execute(whose).scalar_one()))
    resolved = conn.execute(
        update(events)
        .where(events.c.id == letter_id, events.c.state == "dead")
        .values(state="waiting", reason=None)
    )
    if resolved.rowcount == 1:
        row = conn.execute(
            select(events.c.seq, events.c.customer_id).where(events.c.id == letter_id)
        ).one()
        return Again(int(row.seq), str(row.customer_id))
    unresolved = conn.execute(
        update(inbox)
        .where(
            inbox.c.event_id == letter_id,
            inbox.c.status == "dead",
            inbox.c.payload_sealed.is_not(None),
        )
        .values(status="accepted", attempts=0, reason=None)
    )
    if unresolved.rowcount != 1:
        return None
    seq = conn.execute(select(inbox.c.seq).where(inbox.c.event_id == letter_id)).scalar_one()
    return Again(int(seq), None)


def discard(conn: Connection, letter_id: str, *, reason: str) -> bool:
    """End a dead letter for good; False where there is none of this id."""
    number = _number(letter_id)
    if number is not None:
        statements = [
            update(wakeups)
            .where(wakeups.c.id == number, wakeups.c.state == "dead")
            .values(state="cancelled", reason=reason)
        ]
    else:
        statements = [
            update(events)
            .where(events.c.id == letter_id, events.c.state == "dead")
            .values(state="withheld", reason=reason),
            update(inbox)
            .where(inbox.c.event_id == letter_id, inbox.c.status == "dead")
            .values(status="resolved", payload_sealed=None, reason=reason),
        ]
    return any(conn.execute(statement).rowcount == 1 for statement in statements)


def listing(conn: Connection, *, after: Place | None, limit: int) -> list[DeadLetter]:
    """Dead letters, newest first, `limit` of them after a place."""
    found = [*_messages(conn, after, limit), *_events(conn, after, limit)]
    found += _wakeups(conn, after, limit)
    found.sort(key=lambda letter: (letter.at, letter.id), reverse=True)
    return found[:limit]


def get(conn: Connection, letter_id: str) -> DeadLetter | None:
    """One dead letter; None where there is none of this id."""
    number = _number(letter_id)
    if number is not None:
        found = _wakeups(conn, None, 1, wakeups.c.id == number)
    else:
        found = _events(conn, None, 1, events.c.id == letter_id)
        found += _messages(conn, None, 1, inbox.c.event_id == letter_id)
    return found[0] if found else None


def count(conn: Connection) -> int:
    """How many dead letters there are."""
    dead = (inbox.c.status == "dead", events.c.state == "dead", wakeups.c.state == "dead")
    return sum(int(conn.execute(select(func.count()).where(one)).scalar_one()) for one in dead)


def waiting_and_dead(conn: Connection) -> dict[str, Any]:
    """How many messages wait to be resolved, how many letters are dead, and the newest hundred."""
    waiting = conn.execute(
        select(func.count()).select_from(inbox).where(inbox.c.status == "accepted")
    ).scalar_one()
    return {
        "waiting": int(waiting),
        "dead": count(conn),
        "dead_letters": [
            {"event_id": one.id, "type": one.type, "at": one.at, "reason": one.error}
            for one in listing(conn, after=None, limit=_MOST_SHOWN)
        ],
    }


def _messages(
    conn: Connection, after: Place | None, limit: int, *which: ColumnElement[bool]
) -> list[DeadLetter]:
    place = _behind(after, inbox.c.received_at, inbox.c.event_id)
    rows = conn.execute(
        select(inbox)
        .where(inbox.c.status == "dead", *place, *which)
        .order_by(inbox.c.received_at.desc(), inbox.c.event_id.desc())
        .limit(limit)
    )
    return [
        DeadLetter(
            row.event_id,
            "message",
            row.kind,
            None,
            row.received_at,
            row.reason or "",
            row.payload_sealed is not None,
        )
        for row in rows
    ]


def _events(
    conn: Connection, after: Place | None, limit: int, *which: ColumnElement[bool]
) -> list[DeadLetter]:
    place = _behind(after, events.c.received_at, events.c.id)
    columns = (events.c.id, events.c.kind, events.c.customer_id, events.c.received_at)
    rows = conn.execute(
        select(*columns, events.c.reason)
        .where(events.c.state == "dead", *place, *which)
        .order_by(events.c.received_at.desc(), events.c.id.desc())
        .limit(limit)
    )
    return [
        DeadLetter(
            row.id,
            "event",
            row.kind,
            row.customer_id,
            row.received_at,
            (row.reason or "").removeprefix("set aside: "),
        )
        for row in rows
    ]


def _wakeups(
    conn: Connection, after: Place | None, limit: int, *which: ColumnElement[bool]
) -> list[DeadLetter]:
    place: list[ColumnElement[bool]] = []
    if after is not None:
        # Of letters of one instant, wake-ups come first: their ids are the greater words.
        number = _number(after.id) or 0
        due = wakeups.c.due_at
        place = [or_(due < after.at, (due == after.at) & (wakeups.c.id < number))]
    rows = conn.execute(
        select(wakeups)
        .where(wakeups.c.state == "dead", *place, *which)
        .order_by(wakeups.c.due_at.desc(), wakeups.c.id.desc())
        .limit(limit)
    )
    return [
        DeadLetter(
            f"{WAKE_UP}{row.id:012d}",
            "wake_up",
            row.kind,
            row.customer_id,
            row.due_at,
            row.reason or "",
        )
        for row in rows
    ]


def _behind(after: Place | None, at: Column[int], named: Column[str]) -> list[ColumnElement[bool]]:
    if after is None:
        return []
    return [or_(at < after.at, (at == after.at) & (named < after.id))]


def _number(letter_id: str) -> int | None:
    """The number of a wake-up; None where the id is none of one."""
    digits = letter_id.removeprefix(WAKE_UP)
    return int(digits) if digits != letter_id and digits.isdecimal() else None
