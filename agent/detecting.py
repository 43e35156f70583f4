"""Detecting: an event that nobody sends, such as a cart that was left, is made by us once it is so.

An agent's file says after which events and how long (`detects`). The newest such event of a person
schedules one wake-up, or moves it; when that is due, the person's own events say whether anything
lies in a cart that no order ended and nobody has reported. Then the event is written as any other,
once for what it follows from, and triage sorts it. Nothing is detected of what is older than the
agent would pursue it, nor where an open journey looks after the cart already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update

from agent.carts import UNNAMED, Cart, Told, carts_of
from agent.lane_unit import LaneUnit
from prompts.agents import AgentFile
from prompts.timing import Detect
from store import wakeups
from store.schema import events, inbox, journeys, lanes
from store.upsert import insert_or_ignore

#: The wake-up's kind, and the source under which a detected event stands in the inbox.
DETECT, SOURCE = "detect", "detected"
#: So many of a person's newest events are looked at; a cart is not told by more.
MOST_EVENTS = 500
_MINUTE_US = 60_000_000

# Built once: building a statement costs several times what running it does.
_NEWEST = (
    select(events)
    .where(
        events.c.customer_id == bindparam("customer"),
        events.c.kind.in_(["track", "trigger"]),
    )
    .order_by(events.c.seq.desc())
    .limit(MOST_EVENTS)
)
_OPEN_GOALS = select(journeys.c.goal).where(
    journeys.c.customer_id == bindparam("customer"), journeys.c.status == "open"
)


@dataclass(frozen=True, slots=True)
class _Watch:
    """One entry of one agent's `detects`."""

    agent: AgentFile
    detect: Detect

    @property
    def since_us(self) -> int:
        """How far back it looks."""
        return self.agent.expires_after_us + self.detect.after_us


def heard(unit: LaneUnit, name: str, kind: str, occurred_at: int) -> None:
    """An event of this customer is being taken up: schedule, move or call off what it concerns."""
    if kind not in ("track", "trigger"):
        return
    for watch in _watches(unit):
        ref = _ref(unit, watch)
        if kind == "track" and name in watch.detect.of:
            due_at = occurred_at + watch.detect.after_us
            wakeups.schedule_later(
                unit.conn, kind=DETECT, ref=ref, due_at=due_at, customer_id=unit.customer_id
            )
        elif (kind == "trigger" or name in watch.detect.unless) and not _left(unit, watch):
            wakeups.cancel(unit.conn, DETECT, ref)


def look(unit: LaneUnit, ref: str) -> bool:
    """A detection is due. Whether an event came of it, which waits in the lane from here on."""
    _, _, event = ref.partition(":")
    watch = next((w for w in _watches(unit) if w.detect.event == event), None)
    if watch is None:
        return False
    left = _left(unit, watch)
    last = max((cart.newest.at for cart in left if cart.newest is not None), default=None)
    if last is None:
        return False
    due_at = last + watch.detect.after_us
    if due_at > unit.now_us:
        wakeups.schedule(
            unit.conn, kind=DETECT, ref=ref, due_at=due_at, customer_id=unit.customer_id
        )
        return False
    return any([_make(unit, watch, cart) for cart in left])


def _left(unit: LaneUnit, watch: _Watch) -> list[Cart]:
    """The carts that this would be detected of, if no more came."""
    found = carts_of(_told(unit, watch), watch.detect, watch.agent.goals)
    busy: set[str] = set()
    if any(cart.id is None for cart in found):
        rows = unit.conn.execute(_OPEN_GOALS, {"customer": unit.customer_id})
        busy = {row.goal for row in rows} & set(watch.agent.goals)
    return [cart for cart in found if not cart.reported and not (cart.id is None and busy)]


def _told(unit: LaneUnit, watch: _Watch) -> list[Told]:
    """This person's events since then, in the order in which they happened."""
    since = unit.now_us - watch.since_us
    rows = unit.conn.execute(_NEWEST, {"customer": unit.customer_id}).all()
    told = []
    for row in sorted(rows, key=lambda row: (row.occurred_at, row.seq)):
        if row.occurred_at <= since:
            continue
        try:
            body = unit.vault.open_json("events.body", row.body_sealed)
        except ValueError:
            # Its own turn sets it aside where people see it; the cart is told by the others.
            continue
        stated = body.get("properties")
        told.append(
            Told(
                id=row.id,
                name=str(body.get("event") or row.kind),
                properties=stated if isinstance(stated, dict) else {},
                at=row.occurred_at,
                goal=str(body.get("goal")) if row.kind == "trigger" else None,
            )
        )
    return told


def _make(unit: LaneUnit, watch: _Watch, cart: Cart) -> bool:
    """Write the event, once for the event that it follows; False where it is there already."""
    newest, detect = cart.newest, watch.detect
    assert newest is not None
    event_id = unit.ground.fresh_id("evt")
    basis = f"{detect.event}\n{newest.id}\n{cart.id or UNNAMED}"
    added = insert_or_ignore(
        unit.conn,
        inbox,
        event_id=event_id,
        source=SOURCE,
        message_hash=unit.vault.lookup("message", basis),
        kind="track",
        urgent=0,
        historical=0,
        payload_sealed=None,
        received_at=unit.now_us,
        status="resolved",
        attempts=0,
        reason=None,
    )
    if not added:
        return False
    seq = unit.conn.execute(select(inbox.c.seq).where(inbox.c.event_id == event_id)).scalar_one()
    body = {
        "type": "track",
        "event": detect.event,
        **_who(unit, newest.id),
        "properties": {"cart": cart.as_context()},
        "source": SOURCE,
        "because": _because(watch, newest),
    }
    unit.conn.execute(
        events.insert().values(
            id=event_id,
            customer_id=unit.customer_id,
            seq=seq,
            kind="track",
            urgent=0,
            occurred_at=unit.now_us,
            received_at=unit.now_us,
            body_sealed=unit.vault.seal_json(unit.customer_id, "events.body", body),
            state="waiting",
        )
    )
    unit.conn.execute(
        update(lanes).where(lanes.c.customer_id == unit.customer_id).values(last_arrival_seq=seq)
    )
    return True


def _who(unit: LaneUnit, event_id: str) -> dict[str, Any]:
    """The identifiers of the event that it follows: where records are taken apart, it goes along.

    No traits: they were stated then, not now.
    """
    row = unit.conn.execute(select(events.c.body_sealed).where(events.c.id == event_id)).one()
    body = unit.vault.open_json("events.body", row.body_sealed)
    context = body.get("context")
    traits = context.get("traits") if isinstance(context, dict) else None
    addresses = {} if not isinstance(traits, dict) else traits
    return {
        **{key: body[key] for key in ("userId", "anonymousId") if key in body},
        **{key: addresses[key] for key in ("email", "phone") if key in addresses},
    }


def _because(watch: _Watch, newest: Told) -> str:
    minutes = watch.detect.after_us // _MINUTE_US
    waited = f"{minutes // 60} h" if minutes and minutes % 60 == 0 else f"{minutes} min"
    return f"nothing came for {waited} after {newest.name}, neither {_or(watch.detect.unless)}"


def _or(names: tuple[str, ...]) -> str:
    return " nor ".join(names)


def _watches(unit: LaneUnit) -> Iterator[_Watch]:
    seen: set[str] = set()
    for agent in unit.ground.agents.values():
        if agent.name in seen:
            continue
        seen.add(agent.name)
        for detect in agent.detects:
            yield _Watch(agent, detect)


def _ref(unit: LaneUnit, watch: _Watch) -> str:
    return f"{unit.customer_id}:{watch.detect.event}"
