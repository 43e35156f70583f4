"""Who runs which lane, and when: one protocol, and the dispatcher inside one process.

Lanes of different customers run side by side, one customer's never. The ledger and the epochs, not this
queue, guard effects; a dispatcher may be killed at any moment and picks up from the database.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog
from sqlalchemy import Connection, select, union

from agent.environment import Environment
from agent.graph import Machine
from agent.lane import Lane
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


class InProcessDispatcher:
    """Lanes as tasks of this process, so many at a time."""

    def __init__(self, env: Environment, machine: Machine, *, at_once: int = 64) -> None:
        self._env = env
        self._machine = machine
        self._places = asyncio.Semaphore(at_once)
        self._lanes: dict[str, Lane] = {}
        self._again: set[str] = set()
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
        lane = Lane(self._env, self._machine, customer_id)
        self._lanes[customer_id] = lane
        task = asyncio.create_task(self._work(lane), name=f"lane:{customer_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def running(self) -> int:
        """How many lanes are running."""
        return len(self._lanes)

    @property
    def is_idle(self) -> bool:
        """Whether no lane is running."""
        return not self._lanes

    async def idle(self) -> None:
        """Return once no lane is running."""
        await self._quiet.wait()

    async def stop(self) -> None:
        """Cancel what runs; every commit so far stands and the rest is picked up at the next start."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self, lane: Lane) -> None:
        again = False
        try:
            async with self._places:
                self._again.discard(lane.customer_id)
                await lane.work()
        except StaleEpoch:
            again = True
        except Erased:
            log.info("lane_ended_by_erasure", customer_id=lane.customer_id)
        except asyncio.CancelledError:
            raise
        except Exception as fault:
            # What waits stays in the database and is taken up again at the next event or start.
            log.error("lane_failed", customer_id=lane.customer_id, error=type(fault).__name__)
            self._again.discard(lane.customer_id)
        finally:
            self._lanes.pop(lane.customer_id, None)
            rung = lane.customer_id in self._again
            self._again.discard(lane.customer_id)
            if (again or rung) and not self._stopping:
                self.wake(lane.customer_id)
            elif not self._lanes:
                self._quiet.set()


def waiting_customers(conn: Connection) -> list[str]:
    """Everybody for whom something was left when a process stopped."""
    query = union(
        select(events.c.customer_id).where(events.c.state == "waiting"),
        select(decisions.c.customer_id).where(decisions.c.status == "running"),
        select(effects.c.customer_id).where(effects.c.status == EffectStatus.CLAIMED.value),
        select(wakeups.c.customer_id).where(
            wakeups.c.state == "due", wakeups.c.customer_id.is_not(None)
        ),
    )
    return [str(row[0]) for row in conn.execute(query)]
