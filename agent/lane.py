"""One customer's lane: events in order, decisions one at a time, one contact in the end.

The worker takes the lane under a new epoch and holds it until nothing waits. Decisions that would
make a marketing contact stand as contenders until the lane is empty and has been quiet for the
settling time; then one of them wins, or none. Anything that arrives meanwhile is drained first and
may end, change or join them (DESIGN §3.3–3.8).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import structlog
from sqlalchemy import Connection, select

from agent import journal_bodies as bodies
from agent.act import withdraw
from agent.answers import follow, take_answer
from agent.arbitration import arbitrate
from agent.contest import arbitrated, candidates, queued_contacts
from agent.drain import drain
from agent.drained import Drained, Joined, Undrainable
from agent.environment import Environment
from agent.graph import Machine, step
from agent.handover import recover
from agent.place import Place
from agent.releasing import regate, release
from agent.run import Closing, Run
from agent.setting_aside import give_back, set_aside
from store import lanes, ledger
from store.lanes import StaleEpoch
from store.ledger import EffectStatus
from store.schema import customers, effects, events
from store.sealing import Erased

log = structlog.get_logger("usher.lane")

#: How often an event that cannot be taken up is tried before it is set aside.
MOST_TRIES = 3
_FIRST_PAUSE_S = 0.05


class Lane:
    """The worker of one customer. `ring` tells it that something new waits."""

    def __init__(self, env: Environment, machine: Machine, customer_id: str, place: Place) -> None:
        self.env = env
        self.machine = machine
        self.customer_id = customer_id
        self.epoch = 0
        self.contenders: dict[str, Run] = {}
        self._place = place
        self._arrival = 0
        self._bell = asyncio.Event()
        self._rung_at = env.monotonic()

    def ring(self) -> None:
        """Something arrived for this customer."""
        self._rung_at = self.env.monotonic()
        self._bell.set()

    async def work(self) -> None:
        """Work until nothing waits. Raises `StaleEpoch` when the lane has been taken by another,
        and `Erased` where the person is not to be worked for any more."""
        self.epoch = await self.env.db.write(take, self.customer_id)
        first, after = True, 0
        while True:
            self._bell.clear()
            drained = await self._drain(first=first, after=after)
            first, after = False, drained.more_after or 0
            self._arrival = drained.arrival
            for event_id, decision_id in drained.finished:
                self.env.board.announce(event_id, decision_id)
            for status in drained.left:
                self.env.telemetry.decided.labels(status).inc()
            await self._do(drained)
            if not drained.empty:
                continue
            if not self.contenders:
                return
            if await self._settled():
                await self._arbitrate()

    async def _drain(self, *, first: bool, after: int) -> Drained:
        """Drain, setting aside what cannot be taken up after a few tries."""
        tries: Counter[tuple[object, ...]] = Counter()
        while True:
            try:
                return await self.env.db.write(
                    drain,
                    self.env.db.vault,
                    self.env.ground,
                    customer_id=self.customer_id,
                    epoch=self.epoch,
                    now_us=self.env.clock.now_us(),
                    contending={journey: run.id for journey, run in self.contenders.items()},
                    first=first,
                    after=after,
                    seen=self._arrival,
                )
            except Undrainable as poison:
                if not poison.event_ids and poison.wakeup_id is None:
                    raise  # there is nothing to set aside: the lane rests, and tries again
                what = (poison.event_ids, poison.wakeup_id)
                tries[what] += 1
                if tries[what] < MOST_TRIES:
                    await self.env.sleep(_FIRST_PAUSE_S * 2 ** tries[what])
                else:
                    await self._set_aside(poison)

    async def _set_aside(self, poison: Undrainable) -> None:
        await self.env.db.write(
            set_aside,
            customer_id=self.customer_id,
            epoch=self.epoch,
            event_ids=poison.event_ids,
            wakeup_id=poison.wakeup_id,
            reason=poison.cause,
        )
        log.error(
            "set_aside",
            event_ids=list(poison.event_ids),
            wakeup_id=poison.wakeup_id,
            error=poison.cause,
        )
        self.env.telemetry.dead.inc(len(poison.event_ids) + (poison.wakeup_id is not None))
        for event_id in poison.event_ids:
            self.env.board.announce(event_id, None)

    async def _do(self, drained: Drained) -> None:
        for journey_id, reason in drained.ended.items():
            run = self.contenders.pop(journey_id, None)
            if run is not None:
                await self._give_up(run, reason)
        for opening, reason in drained.over:
            await self._give_up(Run.of(opening, epoch=self.epoch), reason)
        for effect_id in drained.handovers:
            await self._recover(effect_id)
        mine: dict[str, Any] = {"customer_id": self.customer_id, "epoch": self.epoch}
        for effect_id in drained.releases:
            await release(self.env, effect_id=effect_id, **mine)
        for effect_id, why in drained.regates.items():
            await regate(self.env, effect_id=effect_id, why=why, **mine)
        for approval_id in drained.answered:
            await self._answer(approval_id)
        joined = self._by_decision(drained.joined)
        for opening in drained.openings:
            run = Run.of(opening, epoch=self.epoch)
            self._hear(run, joined.pop(run.id, []))
            await self._run(run, "plan")
        await self._join(joined)

    async def _recover(self, effect_id: str) -> None:
        """Settle what an earlier worker had claimed, and tell whoever waits for its decision."""
        left = await recover(
            self.env, customer_id=self.customer_id, effect_id=effect_id, epoch=self.epoch
        )
        if left is None:
            return
        self.env.telemetry.decided.labels(left).inc()
        decision_id, event_ids = await self.env.db.read(_decided_on, effect_id)
        for event_id in event_ids:
            self.env.board.announce(event_id, decision_id)

    async def _give_up(self, run: Run, reason: str) -> None:
        """Its journey is over, so it ends without a contact."""
        withdraw(run, reason)
        run.closing = Closing("no_action", reason, {"kind": "changed"})
        await self._run(run, "close")

    def _by_decision(self, joined: list[Joined]) -> dict[str, list[Joined]]:
        found: dict[str, list[Joined]] = {}
        for news in joined:
            found.setdefault(news.decision_id, []).append(news)
        return found

    def _hear(self, run: Run, news: list[Joined]) -> None:
        for one in news:
            run.hear(one.wake, one.context)
        if news:
            run.unflushed.append(("joined", bodies.joined(one.wake for one in news)))

    async def _join(self, joined: dict[str, list[Joined]]) -> None:
        """News for decisions that wait as contenders: they think again, with the news."""
        for decision_id, news in joined.items():
            run = self.contenders.pop(news[0].journey_id, None)
            if run is None or run.id != decision_id:
                await self._give_back(decision_id, news)
                continue
            withdraw(run, f"{news[-1].wake.name} came in between")
            self._hear(run, news)
            await self._run(run, "plan")

    async def _give_back(self, decision_id: str, news: list[Joined]) -> None:
        """The decision has ended before it heard: what happened waits for another one."""
        await self.env.db.write(
            give_back,
            customer_id=self.customer_id,
            epoch=self.epoch,
            decision_id=decision_id,
            event_ids=[one.wake.event_id for one in news if one.wake.event_id is not None],
        )

    async def _answer(self, approval_id: str) -> None:
        answer = await self.env.db.write(
            take_answer,
            self.env.db.vault,
            self.env.ground,
            customer_id=self.customer_id,
            epoch=self.epoch,
            now_us=self.env.clock.now_us(),
            approval_id=approval_id,
        )
        if answer is not None:
            run, start = await follow(self.env, answer, epoch=self.epoch)
            await self._run(run, start)

    async def _settled(self) -> bool:
        """Wait out the settling time, in nobody's way; False where something arrived meanwhile."""
        left = self._rung_at + self.env.settle_seconds - self.env.monotonic()
        if left <= 0:
            return not self._bell.is_set()
        self._place.leave()
        try:
            await asyncio.wait_for(self._bell.wait(), timeout=left)
        except TimeoutError:
            return True
        finally:
            await self._place.take()
        return False

    async def _arbitrate(self) -> None:
        """One contact at most: the best of the contenders, and of what is queued already.

        The losers lose to a contact that was made. Where the best one comes to nothing, or
        something arrives before it is claimed, the others stand as they stood.
        """
        runs = {run.id: run for run in self.contenders.values()}
        queued = await self.env.db.read(queued_contacts, self.customer_id)
        mine = {run.opening.journey_id for run in runs.values()}
        rivals = {row.decision_id: row.id for row in queued if row.journey_id not in mine}
        winner, losers = arbitrate(
            candidates(runs.values(), queued, rivals), now_us=self.env.clock.now_us()
        )
        run = runs.get(winner.key) if winner is not None else None
        if run is not None:
            run.queued_here = tuple(dict.fromkeys([*run.queued_here, *rivals.values()]))
            run.seen_arrival = self._arrival
            note = arbitrated(winner, losers)
            run.unflushed.append(note)
            self.contenders.pop(run.opening.journey_id)
            await self._run(run, "claim")
            if note in run.unflushed:
                run.unflushed.remove(note)
            if run.left not in ("completed", "scheduled"):
                return
        for lost in losers:
            loser = runs.get(lost.candidate.key)
            if loser is not None:
                del self.contenders[loser.opening.journey_id]
                loser.unflushed.append(arbitrated(winner, [lost]))
                withdraw(loser, lost.reason)
                loser.closing = Closing(
                    "no_action", lost.reason, {"kind": "lost"}, look_again_at=lost.look_again_at
                )
                await self._run(loser, "close")

    async def _run(self, run: Run, start: str) -> None:
        """Let the machine run one decision; a fault of ours ends that decision and is told."""
        try:
            where = await step(self.machine, self.env, run, start=start)
        except (StaleEpoch, Erased, asyncio.CancelledError):
            raise
        except Exception as fault:
            where = await self._fail(run, fault)
        if where == "park":
            self.contenders[run.opening.journey_id] = run
            return
        if run.left is not None:
            self.env.telemetry.decided.labels(run.left).inc()
        for wake in run.wakes:
            if wake.event_id is not None:
                self.env.board.announce(wake.event_id, run.id)
        await self.env.first_uses.saw(run)

    async def _fail(self, run: Run, fault: Exception) -> str:
        """Record a decision as failed, once: with its journal if that can be written, else without.

        A contact that is in the channel's hands is settled first; whoever takes the lane next does
        it.
        """
        # One decision's fault must not stop the customer's lane. It is named by its class only,
        # because a message may hold what a customer wrote.
        log.error("decision_failed", decision_id=run.id, error=type(fault).__name__)
        if await self.env.db.read(_in_hands, self.customer_id, run.id):
            raise fault
        run.closing = Closing(
            "failed", f"a fault of ours: {type(fault).__name__}", {"kind": "failed"}
        )
        run.contender, run.approval_id, run.handing_over = None, None, None
        try:
            return await step(self.machine, self.env, run, start="close")
        except (StaleEpoch, Erased, asyncio.CancelledError):
            raise
        except Exception as again:
            log.error("journal_lost", decision_id=run.id, error=type(again).__name__)
            run.unflushed.clear()
            run.missing.clear()
            return await step(self.machine, self.env, run, start="close")


def take(conn: Connection, customer_id: str) -> int:
    """Take the lane under a new epoch. Raises `Erased` for somebody who is not to be worked for."""
    row = conn.execute(select(customers.c.erased_at).where(customers.c.id == customer_id)).first()
    if row is None or row.erased_at is not None:
        raise Erased(f"{customer_id} has been erased")
    return lanes.take(conn, customer_id)


def _decided_on(conn: Connection, effect_id: str) -> tuple[str, list[str]]:
    """The decision of an effect, and its events."""
    decision_id = str(
        conn.execute(select(effects.c.decision_id).where(effects.c.id == effect_id)).scalar_one()
    )
    known = conn.execute(select(events.c.id).where(events.c.decision_id == decision_id))
    return decision_id, [str(row.id) for row in known]


def _in_hands(conn: Connection, customer_id: str, decision_id: str) -> bool:
    """Whether a contact of this decision has been claimed and not settled."""
    claimed = ledger.open_effects(conn, customer_id, [EffectStatus.CLAIMED])
    return any(row.decision_id == decision_id for row in claimed)
