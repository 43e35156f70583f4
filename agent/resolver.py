"""The resolver: inbox rows, in arrival order, become a customer's facts and join their lane (§3.2).

One at a time for the whole deployment. Traits, consents, suppressions and orders act here, in the
same transaction; only then does the event wait in the customer's lane. A message that cannot be
resolved is tried again alone and then set aside, visibly, so that it stops nobody else (P7). A
database that fails is no message's fault: the resolver waits and goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, Row, func, select, update

from agent import receipted
from agent.accepting import LABEL
from customers import identity_notes, receipts
from customers.apply import apply_message, traits_of
from customers.consent import own_grant
from customers.identifiers import identifiers_of, previous_of
from customers.linking import Mode, consider
from customers.resolve import resolve
from store import lanes
from store.clock import Clock
from store.database import Database
from store.ids import new_id
from store.schema import events, inbox
from store.schema import lanes as lanes_table
from store.sealing import Vault

log = structlog.get_logger("usher.resolver")

BATCH = 64
MOST_ATTEMPTS = 3
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 10.0


@dataclass(frozen=True, slots=True)
class Resolved:
    """One message's fate. `customer_id` None: withheld, of somebody who was erased."""

    seq: int
    event_id: str
    customer_id: str | None
    wakes: bool
    used_fresh: str | None
    merged: tuple[str, ...] = ()


class Resolver:
    """Works off the inbox whenever it is rung."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        wake: Callable[[str], None],
        withheld: Callable[[str], None],
        resolved: Callable[[], None],
        set_aside: Callable[[], None] = lambda: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        confirm_first: frozenset[str] = frozenset(),
        matching: Mode = "off",
    ) -> None:
        self._confirm_first = confirm_first
        self._matching = matching
        self._db = db
        self._clock = clock
        self._wake = wake
        self._withheld = withheld
        self._resolved = resolved
        self._set_aside = set_aside
        self._sleep = sleep
        self._bell = asyncio.Event()
        self._done = asyncio.Condition()
        self._reached = 0
        self._gone_back = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start working; what a crash left is taken up first."""
        self._reached = await self._db.read(_reached)
        self._bell.set()
        self._task = asyncio.create_task(self._work(), name="resolver")

    async def stop(self) -> None:
        """Stop; what is left stays in the inbox."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def ring(self) -> None:
        """Something was accepted."""
        self._bell.set()

    def go_back_to(self, seq: int) -> None:
        """An older arrival is to be resolved after all; what is newer waits behind it."""
        self._gone_back += 1
        self._reached = min(self._reached, seq - 1)
        self._bell.set()

    @property
    def at(self) -> int:
        """The arrival up to which everything is resolved."""
        return self._reached

    @property
    def alive(self) -> bool:
        """Whether it is at work."""
        return self._task is not None and not self._task.done()

    async def reached(self, seq: int) -> None:
        """Return once everything up to this arrival is resolved."""
        async with self._done:
            await self._done.wait_for(lambda: self._reached >= seq)

    async def _work(self) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            failures = 0
            while True:
                try:
                    if not await self._batch():
                        break
                    failures = 0
                except Exception as fault:
                    # Not even a message's failure could be written down: the database is at fault.
                    failures += 1
                    log.error("resolver_waits", error=type(fault).__name__, failures=failures)
                    await self._sleep(min(_FIRST_PAUSE_S * 2**failures, _LONGEST_PAUSE_S))

    async def _batch(self) -> bool:
        rows = await self._db.read(_waiting, BATCH)
        if not rows:
            return False
        try:
            await self._together(rows)
        except Exception as fault:
            # Which row it was is found by taking each alone; the class is told, never the content.
            log.warning("batch_taken_apart", error=type(fault).__name__, rows=len(rows))
            for row in rows:
                await self._alone(row)
        async with self._done:
            gone_back = -1
            while gone_back != self._gone_back:
                gone_back = self._gone_back
                self._reached = await self._db.read(_reached)
            self._done.notify_all()
        self._resolved()
        return True

    async def _together(self, rows: Sequence[Row[Any]]) -> None:
        fresh = self._db.vault.reserve(len(rows))
        try:
            done = await self._db.write(
                resolve_rows,
                self._db.vault,
                [row.seq for row in rows],
                fresh=fresh,
                now_us=self._clock.now_us(),
                confirm_first=self._confirm_first,
                matching=self._matching,
            )
        except Exception:
            # A unit that was only waited for in vain may still commit, and keeps its ids.
            self._db.vault.give_back(fresh)
            raise
        used = {r.used_fresh for r in done}
        self._db.vault.give_back([f for f in fresh if f not in used])
        for r in done:
            if r.customer_id is None:
                self._withheld(r.event_id)
            elif r.wakes:
                self._wake(r.customer_id)

    async def _alone(self, row: Row[Any]) -> None:
        for attempt in range(1, MOST_ATTEMPTS + 1):
            try:
                await self._together([row])
                return
            except Exception as fault:
                # As above: a poison message is named by its error's class and set aside.
                reason = type(fault).__name__
                await self._db.write(_failed, row.seq, reason, dead=attempt == MOST_ATTEMPTS)
                await self._sleep(_FIRST_PAUSE_S * 2**attempt)
        log.error("dead_letter", event_id=row.event_id)
        self._set_aside()
        self._withheld(row.event_id)


def resolve_rows(
    conn: Connection,
    vault: Vault,
    seqs: Sequence[int],
    *,
    fresh: Sequence[str],
    now_us: int,
    confirm_first: frozenset[str] = frozenset(),
    matching: Mode = "off",
) -> list[Resolved]:
    """Resolve these inbox rows, in order, in one unit.

    `confirm_first`: channels on which a marketing consent waits for its confirmation. `matching`:
    what follows of probable matches.
    """
    rows = conn.execute(
        select(inbox)
        .where(inbox.c.seq.in_(list(seqs)), inbox.c.status == "accepted")
        .order_by(inbox.c.seq)
    ).all()
    spare = list(fresh)
    done: list[Resolved] = []
    for row in rows:
        resolved = _resolve(conn, vault, row, spare[0], now_us, confirm_first, matching)
        if resolved.used_fresh is not None:
            spare.pop(0)
        done.append(resolved)
    return done


def _resolve(
    conn: Connection,
    vault: Vault,
    row: Row[Any],
    fresh_id: str,
    now_us: int,
    confirm_first: frozenset[str],
    matching: Mode,
) -> Resolved:
    message: dict[str, Any] = vault.open_json(LABEL, row.payload_sealed)
    occurred_at = int(message.get("occurred_at_us") or row.received_at)
    receipt = receipts.receipt_in(row.source, message)
    if receipt is not None:
        return _resolve_receipt(conn, vault, row, message, receipt, occurred_at, now_us)
    resolution = resolve(
        conn,
        vault,
        identifiers_of(message),
        fresh_customer_id=fresh_id,
        now_us=now_us,
        joins=message.get("type") in ("identify", "alias"),
        own_consent=not row.historical and own_grant(message),
        occurred_at=occurred_at,
        previous=previous_of(message),
    )
    if resolution.customer_id is None:
        _close(conn, row.seq, f"withheld: {resolution.why}")
        return Resolved(row.seq, row.event_id, None, False, None)
    customer_id = resolution.customer_id
    apply_message(
        conn,
        vault,
        customer_id=customer_id,
        message=message,
        event_id=row.event_id,
        occurred_at=occurred_at,
        now_us=now_us,
        fresh_id=new_id,
        confirm_first=confirm_first,
    )
    identity_notes.note_unusable(conn, customer_id, message, now_us=now_us)
    merged = resolution.merged
    if merged or traits_of(message):
        linked = consider(conn, vault, customer_id, mode=matching, now_us=now_us)
        customer_id = linked.customer_id
        merged += (linked.absorbed,) if linked.absorbed is not None else ()
    _join_lane(conn, vault, row, customer_id, message, occurred_at)
    return Resolved(
        row.seq,
        row.event_id,
        customer_id,
        not row.historical or bool(merged),
        fresh_id if resolution.used_fresh else None,
        merged,
    )


def _resolve_receipt(
    conn: Connection,
    vault: Vault,
    row: Row[Any],
    message: dict[str, Any],
    receipt: Mapping[str, Any],
    occurred_at: int,
    now_us: int,
) -> Resolved:
    """A channel's receipt, verified when it came: by its effect, else by its address; each once."""
    found = receipts.whose(conn, vault, receipt)
    customer_id, why = found.customer_id, f"withheld: {found.why}"
    if found.why == receipts.NOBODY:
        why = f"recorded: {found.why}"
        receipts.suppress_unknown(conn, vault, receipt, suppression_id=new_id("sup"), now_us=now_us)
    if customer_id is not None:
        message = receipts.judged(conn, message, at=occurred_at)
        added = receipted.take(
            conn,
            vault,
            message["receipt"],
            customer_id=customer_id,
            event_id=row.event_id,
            at=occurred_at,
            now_us=now_us,
        )
        if not added:
            customer_id, why = None, "recorded: this receipt had been taken before"
    if customer_id is None:
        _close(conn, row.seq, why)
        return Resolved(row.seq, row.event_id, None, False, None)
    apply_message(
        conn,
        vault,
        customer_id=customer_id,
        message=message,
        event_id=row.event_id,
        occurred_at=occurred_at,
        now_us=now_us,
        fresh_id=new_id,
    )
    _join_lane(conn, vault, row, customer_id, message, occurred_at)
    return Resolved(row.seq, row.event_id, customer_id, True, None)


def _join_lane(
    conn: Connection,
    vault: Vault,
    row: Row[Any],
    customer_id: str,
    message: dict[str, Any],
    occurred_at: int,
) -> None:
    conn.execute(
        events.insert().values(
            id=row.event_id,
            customer_id=customer_id,
            seq=row.seq,
            kind=row.kind,
            urgent=row.urgent,
            occurred_at=occurred_at,
            received_at=row.received_at,
            body_sealed=vault.seal_json(customer_id, "events.body", message),
            state="recorded" if row.historical else "waiting",
            reason="history" if row.historical else None,
        )
    )
    lanes.open_lane(conn, customer_id)
    conn.execute(
        update(lanes_table)
        .where(lanes_table.c.customer_id == customer_id)
        .values(last_arrival_seq=row.seq)
    )
    _close(conn, row.seq, None)


def _close(conn: Connection, seq: int, reason: str | None) -> None:
    conn.execute(
        update(inbox)
        .where(inbox.c.seq == seq)
        .values(status="resolved", payload_sealed=None, reason=reason)
    )


def _failed(conn: Connection, seq: int, reason: str, *, dead: bool) -> None:
    conn.execute(
        update(inbox)
        .where(inbox.c.seq == seq)
        .values(
            status="dead" if dead else "accepted",
            attempts=inbox.c.attempts + 1,
            reason=reason,
        )
    )


def _waiting(conn: Connection, limit: int) -> list[Row[Any]]:
    return list(
        conn.execute(
            select(inbox.c.seq, inbox.c.event_id)
            .where(inbox.c.status == "accepted")
            .order_by(inbox.c.seq)
            .limit(limit)
        )
    )


def _reached(conn: Connection) -> int:
    """The arrival up to which everything has left the inbox."""
    first_open = conn.execute(
        select(func.min(inbox.c.seq)).where(inbox.c.status == "accepted")
    ).scalar()
    if first_open is not None:
        return int(first_open) - 1
    return int(conn.execute(select(func.max(inbox.c.seq))).scalar() or 0)
