"""Delivering: whatever is to be told to other systems is told, until they have acknowledged it.

At least once, whatever happens to this process; a receiver tells repetitions by the delivery's id.
Each target is worked for by itself, so that a slow or broken one delays no other, and one that
fails again and again is asked less often. What fails is tried again by the schedule that Standard
Webhooks recommend, with jitter, and is dead after about three days: shown, until a person says
`again`. All by the machine's time, because other systems live by it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Row

from agent.pack_changing import Clocks
from store import deliveries
from store.database import Database
from store.deliveries import Delivery
from tools.channels.receiver import Acknowledged, Answer, GivenUp, Receiver, TryAgain

log = structlog.get_logger("usher.delivering")

SECOND_US = 1_000_000
#: Seconds until the next attempt, after the first, the second … (Standard Webhooks, "Retries").
SCHEDULE_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
#: A delivery that is being told is nobody else's for so long; no receiver takes longer.
BEGUN_FOR_S = 90
#: What others have written, and what falls due, is looked for so often.
EVERY_S = 5.0
#: To one target at a time, each about somebody else.
AT_ONCE = 8
#: After so many failures in a row a target rests, twice as long each time.
RESTS_AFTER = 3
LONGEST_REST_S = 60.0
#: What is under way at the end may finish within so long.
PATIENCE_S = 5.0
_TIDIED_AT_ONCE = 200
#: What subscribers were told is forgotten after so long.
KEPT_US = 30 * 86_400 * SECOND_US

#: Finds the receiver of a target by what stands behind the colon; None: there is none any more.
Finds = Callable[[str], Awaitable[Receiver | None]]
#: Is told of a target that wants nothing more.
Stopped = Callable[[str, str], Awaitable[None]]


class Delivering:
    """The worker. `receivers`: kind of target (`system`, `subscription`, `alert`) → how to find."""

    def __init__(
        self,
        db: Database,
        receivers: Mapping[str, Finds],
        *,
        clocks: Clocks,
        stopped: Stopped | None = None,
        jitter: Callable[[], float] = random.random,
        schedule_s: tuple[float, ...] = SCHEDULE_S,
    ) -> None:
        """`jitter` gives 0 to 1, so that targets that failed together do not come back together."""
        self.receivers = dict(receivers)
        self._db = db
        self._clocks = clocks
        self._stopped = stopped
        self._jitter = jitter
        self._schedule_s = schedule_s
        self._rung = asyncio.Event()
        self._working: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, int] = {}
        self._rests_until: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None
        self._ending = False

    # -- life --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Deliver from now on; woken by every commit of this process that wrote a delivery."""
        loop = asyncio.get_running_loop()

        def ring() -> None:
            loop.call_soon_threadsafe(self._rung.set)

        self._db.on_news(ring)
        self._task = asyncio.create_task(self._work(), name="delivering")

    async def stop(self) -> None:
        """Take up nothing more, and let what is under way finish for a moment."""
        self._ending = True
        self._db.on_news(None)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        working = list(self._working.values())
        if working:
            await asyncio.wait(working, timeout=PATIENCE_S)
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)

    async def again(self, delivery_id: str) -> bool:
        """A person has a dead delivery told again, at once; False where it is not dead."""
        now_us = self._clocks.machine_us()
        row = await self._db.read(deliveries.get, delivery_id)
        done = await self._db.write(deliveries.again, delivery_id, now_us=now_us)
        if row is not None and done:
            self._rests_until.pop(row.target, None)
            self._rung.set()
        return done

    # -- working -----------------------------------------------------------------------------------

    async def _work(self) -> None:
        while not self._ending:
            self._rung.clear()
            try:
                await self._round()
                wait_s = await self._until_next()
            except Exception as fault:
                # By its class only. What waits is looked for again.
                log.error("delivering_failed", error=type(fault).__name__)
                wait_s = EVERY_S
            # Not `wait_for`: in Python 3.11 it loses a cancellation that comes with a ring.
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._rung.wait()

    async def _round(self) -> None:
        """Start on every target with something due that is not worked for and does not rest."""
        now_us = self._clocks.machine_us()
        for target in await self._db.read(deliveries.targets_due, now_us):
            rests = self._rests_until.get(target, 0.0) > self._clocks.monotonic()
            if target not in self._working and not rests:
                task = asyncio.create_task(self._tell_all(target), name=f"deliver-{target}")
                self._working[target] = task
                task.add_done_callback(partial(self._left, target))
        await self._tidy(now_us)

    def _left(self, target: str, _: asyncio.Task[None]) -> None:
        self._working.pop(target, None)
        self._rung.set()

    async def _until_next(self) -> float:
        """Seconds until something falls due or a target has rested; never longer than a poll."""
        due_at = await self._db.read(deliveries.next_due)
        if due_at is None:
            return EVERY_S
        seconds = (due_at - self._clocks.machine_us()) / SECOND_US
        if seconds > 0:
            return min(seconds, EVERY_S)
        # What is due already is being told, or its target rests.
        now = self._clocks.monotonic()
        rests = [until - now for until in self._rests_until.values() if until > now]
        return min([EVERY_S, *rests])

    async def _tell_all(self, target: str) -> None:
        """Tell a target what is due, until nothing is or it rests."""
        kind, _, name = target.partition(":")
        try:
            while not self._ending and self._rests_until.get(target, 0.0) <= self._now_s():
                now_us = self._clocks.machine_us()
                rows = await self._db.read(deliveries.due, now_us, AT_ONCE, target=target)
                if not rows:
                    return
                find = self.receivers.get(kind)
                receiver = None if find is None else await find(name)
                took = await asyncio.gather(*(self._tell(row, receiver) for row in rows))
                if any(took):
                    self._failures.pop(target, None)
                elif False in took:
                    self._failed(target)
        except Exception as fault:
            # It is begun again with the next poll; what was under way is due again by then.
            log.error("target_failed", target=target, error=type(fault).__name__)
            self._failed(target)

    def _now_s(self) -> float:
        return self._clocks.monotonic()

    async def _tell(self, row: Row[Any], receiver: Receiver | None) -> bool | None:
        """Whether the target answered as one that is well; None where nothing was asked of it."""
        until_us = self._clocks.machine_us() + BEGUN_FOR_S * SECOND_US
        delivery = await self._db.write(
            deliveries.begin, self._db.vault, row.id, attempts=row.attempts, until_us=until_us
        )
        if delivery is None:
            return None
        answer = await self._answer(delivery, receiver)
        await self._settle(delivery, answer)
        return not isinstance(answer, TryAgain)

    async def _answer(self, delivery: Delivery, receiver: Receiver | None) -> Answer:
        if receiver is None:
            return TryAgain("nothing is connected under this name")
        try:
            return await receiver.deliver(delivery)
        except Exception as fault:
            # Its class only: a receiver's words may hold an address.
            log.error("receiver_failed", target=delivery.target, error=type(fault).__name__)
            return TryAgain(f"the receiver failed: {type(fault).__name__}")

    async def _settle(self, delivery: Delivery, answer: Answer) -> None:
        now_us, target = self._clocks.machine_us(), delivery.target
        if isinstance(answer, Acknowledged):
            await self._db.write(
                deliveries.acknowledged, delivery.id, now_us=now_us, reason=answer.note
            )
            return
        if isinstance(answer, GivenUp):
            log.warning("delivery_dead", target=target, delivery=delivery.id, why=answer.why)
            await self._db.write(deliveries.dead, delivery.id, now_us=now_us, reason=answer.why)
            if answer.stop and self._stopped is not None:
                await self._stopped(target, answer.why)
            return
        after_s = self._next_after_s(delivery.attempts, answer.after_s)
        if after_s is None:
            log.warning("delivery_dead", target=target, delivery=delivery.id, why=answer.why)
            said = f"{answer.why}; {delivery.attempts} attempts"
            await self._db.write(deliveries.dead, delivery.id, now_us=now_us, reason=said)
            return
        retry_at = now_us + int(after_s * SECOND_US)
        await self._db.write(deliveries.failed, delivery.id, retry_at=retry_at, reason=answer.why)

    def _next_after_s(self, attempts: int, asked_s: float | None) -> float | None:
        """Seconds until the next attempt, a fifth more or less; None after the last."""
        if attempts > len(self._schedule_s):
            return None
        usual = self._schedule_s[attempts - 1] * (0.8 + 0.4 * self._jitter())
        return max(usual, asked_s or 0.0)

    def _failed(self, target: str) -> None:
        n = self._failures[target] = self._failures.get(target, 0) + 1
        if n >= RESTS_AFTER:
            rest = min(LONGEST_REST_S, 2.0 ** min(n - RESTS_AFTER, 10))
            self._rests_until[target] = self._now_s() + rest

    async def _tidy(self, now_us: int) -> None:
        """Destroy the keys of what is acknowledged, then its bodies; forget what is long past."""
        spent = await self._db.read(deliveries.spent, _TIDIED_AT_ONCE)
        if spent:
            await asyncio.to_thread(self._db.vault.discard, spent.values())
            await self._db.write(deliveries.emptied, list(spent))
            if len(spent) == _TIDIED_AT_ONCE:
                self._rung.set()
            await self._db.write(deliveries.sweep, before=now_us - KEPT_US)
