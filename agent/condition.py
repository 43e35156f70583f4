"""The condition of the service: what is stuck, what was set aside, what a person must look at.

It only reads; it names kinds of work and counts, and nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from agent import setting_aside, stuck
from agent.dispatcher import InProcessDispatcher
from agent.stuck import Standing
from agent.telemetry import Telemetry
from store.clock import Clock
from store.database import Database
from store.ledger import EffectStatus
from store.schema import effects


@dataclass(frozen=True, slots=True)
class Found:
    """What the database says: how work stands, dead letters, effects of unknown fate."""

    standing: Standing
    dead_letters: int
    unknown_effects: int

    @property
    def well(self) -> bool:
        """Whether nobody needs to look."""
        return not (self.standing.stuck or self.dead_letters or self.unknown_effects)


def found(conn: Connection, *, now_us: int, machine_us: int) -> Found:
    """The condition, on the one snapshot that a reading unit has."""
    unknown = select(func.count()).where(effects.c.status == EffectStatus.UNKNOWN.value)
    return Found(
        stuck.standing(conn, now_us=now_us, machine_us=machine_us),
        setting_aside.count(conn),
        int(conn.execute(unknown).scalar_one()),
    )


class Condition:
    """The service. `machine_us` is the machine's clock, whatever business time says."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        dispatcher: InProcessDispatcher,
        *,
        machine_us: Callable[[], int],
    ) -> None:
        self._db = db
        self._clock = clock
        self._dispatcher = dispatcher
        self._machine_us = machine_us

    async def found(self) -> Found:
        """How it stands now."""
        now_us, machine_us = self._clock.now_us(), self._machine_us()
        return await self._db.read(found, now_us=now_us, machine_us=machine_us)

    async def report(self) -> dict[str, Any]:
        """As the API shows it."""
        now = await self.found()
        return {
            "well": now.well and not self._dispatcher.resting,
            "stuck": [kind.name for kind in now.standing.stuck],
            "oldest_due": [kind.as_json() for kind in now.standing.kinds],
            "dead_letters": now.dead_letters,
            "unknown_effects": now.unknown_effects,
            "brakes": now.standing.brakes,
            "lanes": {"running": self._dispatcher.running, "given_up": self._dispatcher.resting},
        }

    async def measure(self, telemetry: Telemetry) -> None:
        """Set the gauges that `/metrics` shows."""
        now = await self.found()
        for kind in now.standing.kinds:
            telemetry.oldest_due.labels(kind.name).set(kind.age_s)
            telemetry.due.labels(kind.name).set(kind.n)
        telemetry.dead_letters.set(now.dead_letters)
        telemetry.lanes.set(self._dispatcher.running)
        telemetry.lanes_given_up.set(self._dispatcher.resting)
