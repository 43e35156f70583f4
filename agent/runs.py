"""Runs: the one service that everything outside goes through. It puts a deployment together, starts
it, and answers for it; console, API, command and evals hold nothing else.

Answered means durable: what a method returns, the database has. A process may be killed at any
moment; the next `start` picks up what was left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, func, select

from agent import documents, setting_aside
from agent.accepting import Accepted
from agent.access_archive import AccessArchive
from agent.alert_targets import alerting_of
from agent.anchoring import Anchoring
from agent.approving import Approving
from agent.board import WaitingBoard
from agent.brake import Braking
from agent.catalogue import check_currency, keep_products
from agent.chat.interpreting import interpreter_of
from agent.chat.talk import Chat
from agent.condition import Condition
from agent.consenting import Consenting
from agent.counts import Counts
from agent.dead_letters import DeadLetters
from agent.decisions import Decisions, projected
from agent.dispatcher import InProcessDispatcher, waiting_customers
from agent.documents import LeftOut
from agent.effects import Effects
from agent.environment import Environment
from agent.errors import BadRequest, Conflict, NotReady
from agent.figures import Figures
from agent.forgetting import Forgetting
from agent.from_outside import from_outside
from agent.graph import build
from agent.intake import Intake
from agent.lane_unit import Ground
from agent.leasing import Leasing
from agent.lifetime import Refitting
from agent.likely import Likely
from agent.memory_index import MemoryIndex
from agent.messages import Message, ProductIn, TriggerRequest
from agent.modes import Modes
from agent.pack_changing import Clocks, machine_us
from agent.people import People
from agent.planning import Closes
from agent.proving import Proving
from agent.publishing import Publishing
from agent.recall import Recall
from agent.recovering import recover_claims
from agent.resolver import Resolver
from agent.retention import Retention
from agent.settings import Settings
from agent.shadowing import Shadowing
from agent.suppressing import Suppressing
from agent.systems import connected_of
from agent.timekeeper import Timekeeper
from agent.unmerging import Unmerging
from agent.watching import FolderWatch
from store import closed_counts
from store.clock import Clock
from store.database import Database
from store.ids import new_id
from store.schema import events, inbox
from tools.channels.outbox import Outbox

log = structlog.get_logger("usher.runs")

CAUGHT_UP_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Triggered:
    """What became of a trigger: the event, and its decision once that has left `running`."""

    event_id: str
    decision: dict[str, Any] | None


class Runs:
    """A running deployment. Made by `agent.assembly.open_runs`."""

    def __init__(
        self,
        *,
        settings: Settings,
        db: Database,
        clock: Clock,
        env: Environment,
        board: WaitingBoard,
        forgetting: Forgetting,
        left_out: LeftOut,
        clocks: Clocks | None = None,
    ) -> None:
        self.settings = settings
        self.db = db
        self.clock = clock
        self.env = env
        #: What was wrong with files at the start, beside packs of the deployment's own folder.
        self.problems = list(left_out.others)
        #: Requests of one idempotency key stand in line here, by principal and key.
        self.in_flight: dict[str, tuple[asyncio.Lock, int]] = {}
        self._board = board
        self._forgetting = forgetting
        self._seq = 0
        self._ready = False
        self._indexing: asyncio.Task[None] | None = None
        self._to_index = asyncio.Event()
        self.dispatcher = InProcessDispatcher(env, build(), at_once=settings.lanes)
        self.resolver = Resolver(
            db,
            clock,
            wake=self.dispatcher.wake,
            withheld=lambda event_id: board.announce(event_id, None),
            resolved=self._to_index.set,
            set_aside=env.telemetry.dead.inc,
            confirm_first=frozenset(settings.double_opt_in or ()),
            matching=settings.matching,
            sleep=env.sleep,
        )
        self.retention = Retention(
            db,
            clock,
            env.recall,
            forgetting,
            Outbox(settings.outbox, db.vault),
            env.shelf,
            settings.retention,
            sleep=env.sleep,
        )
        self.timekeeper = Timekeeper(
            db,
            clock,
            wake=self.dispatcher.wake,
            idle=self.idle,
            daily=self.retention.sweep_if_due,
            rested=self.dispatcher.wake_rested,
        )
        self.intake = Intake(db, clock)
        self.outside = from_outside(
            settings, db, clock, arrived=self._arrived, reached=self.resolver.reached
        )
        self.decisions = Decisions(db, env.shelf)
        self.effects = Effects(db, clock, env, wake=self.dispatcher.wake)
        self.figures = Figures(db, clock)
        self.counts = Counts(
            db, clock, env.shelf, env.pack_name, goals=lambda: env.ground.agents.keys()
        )
        self.people = People(db, clock, forgetting, wake=self.dispatcher.wake)
        self.access = AccessArchive(db, clock, settings.data, find=self.people.find)
        self.suppressing = Suppressing(db, clock, wake=self.dispatcher.wake)
        self.proving = Proving(db, clock, forgetting, settings.data)
        self.unmerging = Unmerging(db, clock, self.people, wake=self.dispatcher.wake)
        self.likely = Likely(db, clock, self.people, wake=self.dispatcher.wake)
        self.consenting = Consenting(db, clock, self.people, wake=self.dispatcher.wake)
        self.brake = Braking(db, clock, env, wake=self.dispatcher.wake)
        self.leasing = Leasing(db, clock, self.people, wake=self.dispatcher.wake)
        self.approving = Approving(
            db, clock, shelf=env.shelf, pack_name=env.pack_name, wake=self.dispatcher.wake
        )
        self.publishing = Publishing(
            db, clock, env.shelf, default=env.pack_name, clocks=clocks, problems=left_out.own_packs
        )
        self.shadowing = Shadowing(db, clock, env.shelf, env.pack_name, draft=self.publishing.draft)
        self._folder = FolderWatch(
            settings.own_policies, self.publishing.take_files, must=settings.policies is not None
        )
        interpreter, self._model = interpreter_of(settings)
        self.chat = Chat(
            env,
            decisions=self.decisions,
            people=self.people,
            brake=self.brake,
            trigger=self.trigger,
            interpreter=interpreter,
        )
        self.connected = connected_of(settings, db, clocks or Clocks())
        self.alerting = alerting_of(self, clocks or Clocks())
        self.condition = Condition(db, clock, self.dispatcher, machine_us=machine_us)
        self.dead_letters = DeadLetters(
            db, wake=self.dispatcher.wake, go_back_to=self.resolver.go_back_to
        )
        self.modes = Modes(db, clock, env)
        self.memory = MemoryIndex(db, clock, env.recall)
        self._anchoring = Anchoring(db, clock)
        self._refitting = Refitting(db, clock)

    # -- life -------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up what an earlier process left, then go on."""
        self._seq = await self.db.read(_newest_arrival)
        await self._forgetting.resume()
        await recover_claims(self.env)
        await self.resolver.start()
        for customer_id in await self.db.read(waiting_customers):
            self.dispatcher.wake(customer_id)
        await self.timekeeper.start()
        self._indexing = asyncio.create_task(self._index(), name="memory-index")
        self._to_index.set()
        self._anchoring.start()
        self._refitting.start()
        self.retention.start()
        self._folder.start()
        await self.connected.start()
        self.alerting.start()
        self._ready = True

    async def stop(self) -> None:
        """Let go; every commit stands, and what is left is picked up next time."""
        self._ready = False
        await self._folder.stop()
        await self.alerting.stop()
        await self.connected.stop()
        await self._refitting.stop()
        await self.retention.stop()
        await self.timekeeper.stop()
        await self.resolver.stop()
        await self.dispatcher.stop()
        for planner in self.env.planners.values():
            if isinstance(planner, Closes):
                await planner.close()
        if self._model is not None:
            await self._model.close()
        if self._indexing is not None:
            self._indexing.cancel()
            await asyncio.gather(self._indexing, return_exceptions=True)
        await self.memory.stop()
        await self._forgetting.idle()
        await self._anchoring.stop()
        self.env.recall.vectors.close()
        await asyncio.to_thread(self.db.close)

    @property
    def ready(self) -> bool:
        """Whether it works off what it accepts."""
        return self._ready and self.resolver.alive

    async def idle(self) -> None:
        """Return once everything accepted is resolved and no lane is running."""
        while True:
            await self.resolver.reached(self._seq)
            await self.dispatcher.idle()
            if self.resolver.at >= self._seq and self.dispatcher.is_idle:
                return

    async def caught_up(self) -> None:
        """Wait until everything accepted so far is resolved; `NotReady` after five seconds."""
        try:
            await asyncio.wait_for(self.resolver.reached(self._seq), CAUGHT_UP_WITHIN)
        except TimeoutError:
            raise NotReady(
                "events accepted before this are still being resolved; try again"
            ) from None

    # -- in ---------------------------------------------------------------------------------------

    async def accept(self, source: str, messages: Sequence[Message]) -> list[Accepted]:
        """Accept Segment messages, all or none; durable on return."""
        accepted = await self.intake.take(source, messages)
        for message in messages:
            self.env.telemetry.accepted.labels(message.type).inc()
        self._arrived(accepted)
        return accepted

    async def trigger(self, source: str, request: TriggerRequest, *, wait: float = 0) -> Triggered:
        """Accept a trigger; with `wait` (seconds) its decision, if that is there in time."""
        event_id = new_id("evt")
        with self._board.expect(event_id) as told:
            accepted = await self.intake.take_trigger(
                source,
                request,
                event_id=event_id,
                ground=self.env.ground,
                currency=await self.currency(request.goal),
            )
            self.env.telemetry.accepted.labels("trigger").inc()
            self._arrived([accepted])
            if accepted.duplicate:
                return await self._known(accepted.event_id, wait)
            if wait > 0:
                await asyncio.wait([told], timeout=wait)
        return Triggered(event_id, await self._decision_of(event_id))

    async def put_products(self, rows: Sequence[ProductIn]) -> int:
        """Write catalogue rows, all or none. Returns how many."""
        check_currency(rows, await self.currency())
        wake, now_us = self.dispatcher.wake, self.clock.now_us()
        return await keep_products(self.db, rows, now_us=now_us, wake=wake)

    async def currency(self, goal: str | None = None) -> str:
        """The currency of the policy pack that decides a goal; of the deployment's own without."""
        pack = await self.db.read(self.env.shelf.live, self.env.pack_name, goal)
        return pack.currency

    # -- time -------------------------------------------------------------------------------------

    async def advance(self, *, by_us: int | None = None, to_us: int | None = None) -> int:
        """Move simulated time on; returns where it stands once all due work is done."""
        if not self.clock.simulated:
            raise Conflict("this server runs on the machine's clock; start it with USHER_CLOCK")
        if (to_us is not None and to_us < self.clock.now_us()) or (by_us or 0) < 0:
            raise BadRequest("simulated time cannot go back")
        if to_us is not None:
            await self.timekeeper.advance_to(to_us)
        else:
            await self.timekeeper.advance_by(by_us or 0)
        return self.clock.now_us()

    # -- counted ----------------------------------------------------------------------------------

    async def metrics(self) -> bytes:
        """Counters in Prometheus' text format."""
        telemetry = self.env.telemetry
        await self.condition.measure(telemetry)
        telemetry.unknown.set(await self.effects.unknown())
        for fact, n in (await self.db.read(closed_counts.totals)).items():
            telemetry.failed_closed.labels(fact).set(n)
        return telemetry.exposition()

    async def inbox(self) -> dict[str, Any]:
        """How many messages wait to be resolved, and the dead letters."""
        return await self.db.read(setting_aside.waiting_and_dead)

    async def failed_closed(self) -> list[dict[str, Any]]:
        """How often missing facts closed the gate, newest day first."""
        rows = await self.db.read(closed_counts.listing, limit=500)
        return [dict(row._mapping) for row in rows]

    # -- documents --------------------------------------------------------------------------------

    async def reload(self) -> None:
        """Take up the agents, messages and brand that are in force now."""
        library = await self.db.read(documents.library_in_force)
        self.env.library = library
        self.env.ground = ground_of(library)

    # -- inside -----------------------------------------------------------------------------------

    def _arrived(self, accepted: Sequence[Accepted]) -> None:
        self._seq = max([self._seq, *(a.seq for a in accepted)])
        self.resolver.ring()

    async def _known(self, event_id: str, wait: float) -> Triggered:
        """The decision of an event that was accepted before, waited for where it is on its way."""
        with self._board.expect(event_id) as told:
            decision = await self._decision_of(event_id)
            if decision is None and wait > 0:
                await asyncio.wait([told], timeout=wait)
                decision = await self._decision_of(event_id)
        return Triggered(event_id, decision)

    async def _decision_of(self, event_id: str) -> dict[str, Any] | None:
        decision_id = await self.db.read(_decision_id, event_id)
        if decision_id is None:
            return None
        decision = await self.db.read(projected, self.db.vault, decision_id)
        return None if decision is None or decision["status"] == "running" else decision

    async def _index(self) -> None:
        """Keep the memory index up to date, off the decision's path."""
        while True:
            await self._to_index.wait()
            self._to_index.clear()
            try:
                await self.env.recall.index()
            except Exception as fault:
                # Somebody may have been erased in between. What is not indexed is embedded when it
                # is recalled, and indexed with the next message.
                log.warning("memory_index_failed", error=type(fault).__name__)


def ground_of(library: Any) -> Ground:
    """What lanes stand on: agents by goal, and fresh ids."""
    agents: Mapping[str, Any] = {
        goal: agent for agent in library.agents.values() for goal in agent.goals
    }
    return Ground(agents=agents, fresh_id=new_id)


def _newest_arrival(conn: Connection) -> int:
    return int(conn.execute(select(func.max(inbox.c.seq))).scalar() or 0)


def _decision_id(conn: Connection, event_id: str) -> str | None:
    value = conn.execute(select(events.c.decision_id).where(events.c.id == event_id)).scalar()
    return None if value is None else str(value)


__all__ = ["Recall", "Runs", "Triggered", "ground_of"]
