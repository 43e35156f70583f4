"""Who runs which lane, and when: one protocol, and the dispatcher inside one process.

Lanes of different customers run side by side, one customer's never. The ledger and the epochs, not
this queue, guard effects; a dispatcher may be killed at any moment and picks up from the database.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

import structlog
from sqlalchemy import Connection, select, union

from agent.environment import Environment
from agent.graph import Machine
from agent.lane import Lane
from agent.place import Place
from store.lanes import StaleEpoch
from store.ledger import EffectStatus
from store.schema import decisions, effects, events, wakeups
from store.sealing import Erased

log = structlog.get_logger("usher.dispatcher")


class Dispatcher(Protocol):
    """Runs lanes."""

    def wake(self, customer_id: str) -> None:
        """Something waits for this customer."""

    async def idle(self) -> None:
        """Return once no lane is running."""

    async def stop(self) -> None:
        """Stop taking lanes and wait for the running ones to reach a safe point."""


#: A lane that fails is tried so often, with growing pauses; then it rests, and is tried again by
#: itself after a minute, then two, up to half an hour, or with its next event.
MOST_TRIES = 6
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 5.0
FIRST_REST_S = 60.0
LONGEST_REST_S = 1_800.0


@dataclass(frozen=True, slots=True)
class Rest:
    """A lane that was given up so many times in a row, and until when (monotonic) it rests."""

    times: int
    until: float


class InProcessDispatcher:
    """Lanes as tasks of this process, so many at a time."""

    def __init__(self, env: Environment, machine: Machine, *, at_once: int = 64) -> None:
        self._env = env
        self._machine = machine
        self._places = asyncio.Semaphore(at_once)
        self._lanes: dict[str, Lane] = {}
        self._again: set[str] = set()
        self._resting: dict[str, Rest] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._stopping = False

    def wake(self, customer_id: str) -> None:
        """Start the customer's lane, or ring it where it runs already."""
        if self._stopping:
            return
        running = self._lanes.get(customer_id)
        if running is not None:
            self._again.add(customer_id)
            running.ring()
            return
        self._quiet.clear()
        place = Place(self._places)
        self._lanes[customer_id] = Lane(self._env, self._machine, customer_id, place)
        task = asyncio.create_task(self._work(customer_id, place), name=f"lane:{customer_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def running(self) -> int:
        """How many lanes are running."""
        return len(self._lanes)

    @property
    def resting(self) -> int:
        """How many lanes were given up and are not taken up again yet."""
        return len(self._resting.keys() - self._lanes.keys())

    def wake_rested(self) -> None:
        """Try those lanes again that were given up and have rested."""
        now = self._env.monotonic()
        for customer_id, rest in list(self._resting.items()):
            if rest.until <= now and customer_id not in self._lanes:
                self.wake(customer_id)

    @property
    def is_idle(self) -> bool:
        """Whether no lane is running."""
        return not self._lanes

    async def idle(self) -> None:
        """Return once no lane is running."""
        await self._quiet.wait()

    async def stop(self) -> None:
        """Cancel what runs; every commit so far stands, the rest is picked up at the next start."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self, customer_id: str, place: Place) -> None:
        try:
            for tries in range(1, MOST_TRIES + 1):
                if await self._once(customer_id, place, tries):
                    self._resting.pop(customer_id, None)
                    break
                pause = min(_FIRST_PAUSE_S * 2**tries, _LONGEST_PAUSE_S)
                await self._env.sleep(pause)
                self._lanes[customer_id] = Lane(self._env, self._machine, customer_id, place)
            else:
                # What waits stays in the database: the next event, a start, or the timekeeper once
                # it has rested, takes it up again.
                rest_s = self._rest(customer_id)
                log.error(
                    "lane_given_up", customer_id=customer_id, tries=MOST_TRIES, rests_s=rest_s
                )
                self._again.discard(customer_id)
        finally:
            self._lanes.pop(customer_id, None)
            rung = customer_id in self._again
            self._again.discard(customer_id)
            if rung and not self._stopping:
                self.wake(customer_id)
            elif not self._lanes:
                self._quiet.set()

    def _rest(self, customer_id: str) -> float:
        """Let a lane rest; for how many seconds."""
        before = self._resting.get(customer_id)
        times = 1 if before is None else before.times + 1
        seconds = min(FIRST_REST_S * 2.0 ** (times - 1), LONGEST_REST_S)
        self._resting[customer_id] = Rest(times, self._env.monotonic() + seconds)
        return seconds

    async def _once(self, customer_id: str, place: Place, tries: int) -> bool:
        """Work the lane once. False where it is to be taken again."""
        try:
            await place.take()
            self._again.discard(customer_id)
            await self._lanes[customer_id].work()
        except StaleEpoch:
            return False
        except Erased:
            log.info("lane_ended_by_erasure", customer_id=customer_id)
        except Exception as fault:
            log.error(
                "lane_failed", customer_id=customer_id, error=type(fault).__name__, tries=tries
            )
            return False
        finally:
            place.leave()
        return True


def waiting_customers(conn: Connection) -> list[str]:
    """Everybody for whom something was left when a process stopped.

    The last part are contacts that were stopped and whose decisions nobody has ended yet.
    """
    query = union(
        select(events.c.customer_id).where(events.c.state == "waiting"),
        select(decisions.c.customer_id).where(decisions.c.status == "running"),
        select(effects.c.customer_id).where(effects.c.status == EffectStatus.CLAIMED.value),
        select(wakeups.c.customer_id).where(
            wakeups.c.state == "due", wakeups.c.customer_id.is_not(None)
        ),
        select(effects.c.customer_id)
        .join(decisions, decisions.c.id == effects.c.decision_id)
        .where(
            effects.c.status == EffectStatus.CANCELLED.value,
            decisions.c.status == "scheduled",
        ),
    )
    return [str(row[0]) for row in conn.execute(query)]
