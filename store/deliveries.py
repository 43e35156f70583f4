"""What other systems are told: one row a target and thing, until the target has acknowledged it.

A row is written in the transaction of what it tells, so that no crash loses it. Its body is sealed
under a key of its own: an erasure can still be told when the person's key is gone, and once it is
acknowledged that key is destroyed and the body removed. For one target and customer, what was made
first is told first; what is dead holds nothing up. Instants are the machine's, in microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    select,
    update,
)

from store.schema import deliveries
from store.sealing import Erased, Vault
from store.writer import NEWS

LABEL = "deliveries.body"
_OLDER = deliveries.alias("older")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing to tell. `attempts`: how often it was begun, this time included."""

    id: str
    target: str
    kind: str
    topic: str
    customer_id: str | None
    attempts: int
    made_at: int
    body: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tally:
    """How a target stands. `oldest_untold_at`: when the oldest thing it does not know was made,
    waiting or dead."""

    target: str
    waiting: int
    trying_again: int
    dead: int
    done: int
    oldest_untold_at: int | None
    last_acknowledged_at: int | None


def id_of(target: str, dedupe_key: str) -> str:
    """An id for a delivery made where no fresh one may be drawn; the same for the same thing."""
    return f"dlv_{sha256(f'{target}{chr(0)}{dedupe_key}'.encode()).hexdigest()[:26]}"


# Built once: building a statement costs several times what running it does.
_KNOWN = select(deliveries.c.id).where(
    deliveries.c.target == bindparam("target"), deliveries.c.dedupe_key == bindparam("key")
)
_NEWEST = select(func.max(deliveries.c.made_at)).where(
    deliveries.c.customer_id == bindparam("customer"), deliveries.c.target == bindparam("target")
)
_FIRST_OF_ITS_CUSTOMER = ~exists().where(
    _OLDER.c.customer_id == deliveries.c.customer_id,
    _OLDER.c.target == deliveries.c.target,
    _OLDER.c.state == "waiting",
    _OLDER.c.made_at < deliveries.c.made_at,
)
_IS_DUE = and_(
    deliveries.c.state == "waiting",
    deliveries.c.due_at <= bindparam("now"),
    _FIRST_OF_ITS_CUSTOMER,
)
_DUE = (
    select(deliveries)
    .where(_IS_DUE)
    .order_by(deliveries.c.made_at, deliveries.c.id)
    .limit(bindparam("most"))
)
_TARGETS_DUE = select(deliveries.c.target).where(_IS_DUE).distinct()
_NEXT_DUE = select(func.min(deliveries.c.due_at)).where(
    deliveries.c.state == "waiting", _FIRST_OF_ITS_CUSTOMER
)
_DUE_OF = _DUE.where(deliveries.c.target == bindparam("target"))


def add(
    conn: Connection,
    vault: Vault,
    *,
    id: str,
    target: str,
    kind: str,
    topic: str,
    dedupe_key: str,
    customer_id: str | None,
    body: dict[str, Any],
    now_us: int,
) -> bool:
    """Have a target told, once a `dedupe_key`; False where that was added before.

    `id` is new (`new_id("dlv")`, or `id_of`). `kind`: subscription, sync or alert. What waits is
    due at once, in the order of making for one customer, whatever the machine's clock does.
    """
    if conn.execute(_KNOWN, {"target": target, "key": dedupe_key}).first() is not None:
        return False
    made_at = now_us
    if customer_id is not None:
        newest = conn.execute(_NEWEST, {"customer": customer_id, "target": target}).scalar()
        made_at = max(now_us, -1 if newest is None else int(newest) + 1)
    conn.execute(
        deliveries.insert().values(
            id=id,
            target=target,
            kind=kind,
            topic=topic,
            dedupe_key=dedupe_key,
            customer_id=customer_id,
            state="waiting",
            attempts=0,
            made_at=made_at,
            due_at=now_us,
            settled_at=None,
            reason=None,
            body_sealed=vault.seal_json_once(LABEL, body),
        )
    )
    conn.info[NEWS] = True
    return True


# -- telling ---------------------------------------------------------------------------------------


def targets_due(conn: Connection, now_us: int) -> list[str]:
    """Targets with something due."""
    return sorted(str(row.target) for row in conn.execute(_TARGETS_DUE, {"now": now_us}))


def due(conn: Connection, now_us: int, limit: int, *, target: str | None = None) -> list[Row[Any]]:
    """What is to be told now, oldest first, of one target or of all; one a customer and target."""
    said = {"now": now_us, "most": limit}
    if target is None:
        return list(conn.execute(_DUE, said))
    return list(conn.execute(_DUE_OF, {**said, "target": target}))


def next_due(conn: Connection) -> int | None:
    """When the next waiting delivery falls due; None where none waits."""
    return conn.execute(_NEXT_DUE).scalar()


def begin(
    conn: Connection, vault: Vault, delivery_id: str, *, attempts: int, until_us: int
) -> Delivery | None:
    """Take one up: nobody else does before `until_us`, also when this process dies meanwhile.

    `attempts` as it was read; None where somebody else has it, or its body can never be read again
    (then it is dead).
    """
    row = conn.execute(
        update(deliveries)
        .where(
            deliveries.c.id == delivery_id,
            deliveries.c.state == "waiting",
            deliveries.c.attempts == attempts,
        )
        .values(attempts=attempts + 1, due_at=until_us)
        .returning(*deliveries.c)
    ).first()
    if row is None:
        return None
    try:
        body = vault.open_json(LABEL, row.body_sealed)
    except Erased:
        dead(conn, delivery_id, now_us=until_us, reason="its key is gone: the body is unreadable")
        return None
    return Delivery(
        id=row.id,
        target=row.target,
        kind=row.kind,
        topic=row.topic,
        customer_id=row.customer_id,
        attempts=row.attempts,
        made_at=row.made_at,
        body=body,
    )


def take_back(conn: Connection, *, now_us: int, begun_for_us: int) -> None:
    """At the start of the only process: what an earlier one had begun, or was about to, is due."""
    conn.execute(
        update(deliveries)
        .where(
            deliveries.c.state == "waiting",
            deliveries.c.due_at > now_us,
            deliveries.c.due_at <= now_us + begun_for_us,
        )
        .values(due_at=now_us)
    )


def acknowledged(
    conn: Connection, delivery_id: str, *, now_us: int, reason: str | None = None
) -> bool:
    """The target has it. `reason`: what it said, where that is worth knowing; nothing personal."""
    return _end(conn, delivery_id, "done", now_us, reason)


def failed(conn: Connection, delivery_id: str, *, retry_at: int, reason: str) -> bool:
    """It has not been taken; it is told again at `retry_at`."""
    return bool(
        conn.execute(
            update(deliveries)
            .where(deliveries.c.id == delivery_id, deliveries.c.state == "waiting")
            .values(due_at=retry_at, reason=reason)
        ).rowcount
    )


def dead(conn: Connection, delivery_id: str, *, now_us: int, reason: str) -> bool:
    """It is not told again unless a person says so."""
    return _end(conn, delivery_id, "dead", now_us, reason)


def again(conn: Connection, delivery_id: str, *, now_us: int) -> bool:
    """A person has a dead one told again, from the first attempt; False where it is not dead."""
    done = conn.execute(
        update(deliveries)
        .where(
            deliveries.c.id == delivery_id,
            deliveries.c.state == "dead",
            deliveries.c.body_sealed.is_not(None),
        )
        .values(state="waiting", attempts=0, due_at=now_us, settled_at=None)
    ).rowcount
    conn.info[NEWS] = True
    return bool(done)


def _end(conn: Connection, delivery_id: str, state: str, now_us: int, reason: str | None) -> bool:
    return bool(
        conn.execute(
            update(deliveries)
            .where(deliveries.c.id == delivery_id, deliveries.c.state == "waiting")
            .values(state=state, settled_at=now_us, reason=reason)
        ).rowcount
    )


# -- tidying ---------------------------------------------------------------------------------------


def spent(conn: Connection, limit: int) -> dict[str, bytes]:
    """Ids and bodies of what is acknowledged or void: their keys are to be destroyed first, then
    they are `emptied`. Whoever stops in between finds them here again."""
    rows = conn.execute(
        select(deliveries.c.id, deliveries.c.body_sealed)
        .where(deliveries.c.state.in_(["done", "void"]), deliveries.c.body_sealed.is_not(None))
        .limit(limit)
    )
    return {str(row.id): bytes(row.body_sealed) for row in rows}


def emptied(conn: Connection, ids: Sequence[str]) -> None:
    """Their keys are destroyed; what is left of their bodies goes."""
    conn.execute(update(deliveries).where(deliveries.c.id.in_(ids)).values(body_sealed=None))


def end_target(conn: Connection, target: str, *, now_us: int, reason: str) -> int:
    """A target was removed: what it was not told is void. Returns how many."""
    return _void(conn, deliveries.c.target == target, now_us=now_us, reason=reason)


def overtaken(conn: Connection, everyone: Sequence[str], *, by_topic: str, now_us: int) -> int:
    """What systems were yet to be told of people who are being erased is void: their erasure, which
    is told under `by_topic`, says it all. Returns how many."""
    theirs = and_(
        deliveries.c.customer_id.in_(everyone),
        deliveries.c.kind == "sync",
        deliveries.c.topic != by_topic,
    )
    return _void(conn, theirs, now_us=now_us, reason="the erasure is told instead")


def _void(conn: Connection, whose: ColumnElement[bool], *, now_us: int, reason: str) -> int:
    conn.info[NEWS] = True
    return conn.execute(
        update(deliveries)
        .where(whose, deliveries.c.state.in_(["waiting", "dead"]))
        .values(state="void", settled_at=now_us, reason=reason)
    ).rowcount


def sweep(conn: Connection, *, before: int, limit: int = 1_000) -> int:
    """Delete what subscribers and alerts were told long ago. What systems were told of people
    stays: it shows who knows. Returns how many."""
    old = (
        select(deliveries.c.id)
        .where(
            deliveries.c.state.in_(["done", "void"]),
            deliveries.c.kind != "sync",
            deliveries.c.body_sealed.is_(None),
            deliveries.c.settled_at < before,
        )
        .limit(limit)
    )
    return conn.execute(delete(deliveries).where(deliveries.c.id.in_(old))).rowcount


# -- looking ---------------------------------------------------------------------------------------


def tallies(conn: Connection) -> dict[str, Tally]:
    """How every target stands that was ever told anything."""
    waits = deliveries.c.state == "waiting"
    untold = deliveries.c.state.in_(["waiting", "dead"])
    rows = conn.execute(
        select(
            deliveries.c.target,
            func.count(case((waits, 1))).label("waiting"),
            func.count(case((waits & (deliveries.c.attempts > 0), 1))).label("trying_again"),
            func.count(case((deliveries.c.state == "dead", 1))).label("dead"),
            func.count(case((deliveries.c.state == "done", 1))).label("done"),
            func.min(case((untold, deliveries.c.made_at))).label("oldest_untold_at"),
            func.max(case((deliveries.c.state == "done", deliveries.c.settled_at))).label("last"),
        ).group_by(deliveries.c.target)
    )
    return {
        row.target: Tally(
            target=row.target,
            waiting=row.waiting,
            trying_again=row.trying_again,
            dead=row.dead,
            done=row.done,
            oldest_untold_at=row.oldest_untold_at,
            last_acknowledged_at=row.last,
        )
        for row in rows
    }


def get(conn: Connection, delivery_id: str) -> Row[Any] | None:
    """One row."""
    return conn.execute(select(deliveries).where(deliveries.c.id == delivery_id)).first()


def listing(
    conn: Connection,
    *,
    limit: int,
    target: str | None = None,
    state: str | None = None,
    customer_ids: Sequence[str] | None = None,
    kind: str | None = None,
) -> list[Row[Any]]:
    """Rows, newest first."""
    query = select(deliveries).order_by(deliveries.c.made_at.desc(), deliveries.c.id.desc())
    if target is not None:
        query = query.where(deliveries.c.target == target)
    if state is not None:
        query = query.where(deliveries.c.state == state)
    if customer_ids is not None:
        query = query.where(deliveries.c.customer_id.in_(customer_ids))
    if kind is not None:
        query = query.where(deliveries.c.kind == kind)
    return list(conn.execute(query.limit(limit)))
