"""One customer's lane: their events in order, their decisions one at a time, one contact in the end.

The worker takes the lane under a new epoch and holds it until nothing waits. Decisions that would make
a marketing contact stand as contenders until the lane is empty and has been quiet for the settling
time; then one of them wins, or none. Anything that arrives meanwhile is drained first and may end,
change or join them (DESIGN §3.3–3.8).
"""

from __future__ import annotations

import asyncio

import structlog

from agent import journal_bodies as bodies
from agent.act import withdraw
from agent.answers import follow, take_answer
from agent.arbitration import Candidate, Lost, arbitrate
from agent.drain import Drained, drain
from agent.environment import Environment
from agent.graph import Machine, step
from agent.handover import recover
from agent.releasing import release
from agent.run import Closing, Run
from store import lanes
from store.lanes import StaleEpoch
from store.sealing import Erased

log = structlog.get_logger("usher.lane")


class Lane:
    """The worker of one customer. `ring` tells it that something new waits."""

    def __init__(self, env: Environment, machine: Machine, customer_id: str) -> None:
        self.env = env
        self.machine = machine
        self.customer_id = customer_id
        self.epoch = 0
        self.contenders: dict[str, Run] = {}
        self._bell = asyncio.Event()
        self._rung_at = env.monotonic()

    def ring(self) -> None:
        """Something arrived for this customer."""
        self._rung_at = self.env.monotonic()
        self._bell.set()

    async def work(self) -> None:
        """Work until nothing waits. Raises `StaleEpoch` when the lane has been taken by another."""
        self.epoch = await self.env.db.write(lanes.take, self.customer_id)
        first = True
        while True:
            self._bell.clear()
            drained = await self._drain(first)
            first = False
            for event_id, decision_id in drained.finished:
                self.env.board.announce(event_id, decision_id)
            await self._do(drained)
            if not drained.empty:
                continue
            if not self.contenders:
                return
            if await self._settled():
                await self._arbitrate()

    async def _drain(self, first: bool) -> Drained:
        return await self.env.db.write(
            drain,
            self.env.db.vault,
            self.env.ground,
            customer_id=self.customer_id,
            epoch=self.epoch,
            now_us=self.env.clock.now_us(),
            contending={journey: run.id for journey, run in self.contenders.items()},
            first=first,
        )

    async def _do(self, drained: Drained) -> None:
        for journey_id, reason in drained.ended.items():
            run = self.contenders.pop(journey_id, None)
            if run is not None:
                withdraw(run, reason)
                run.closing = Closing("no_action", reason, {"kind": "changed"})
                await self._run(run, "close")
        for effect_id in drained.handovers:
            await recover(
                self.env, customer_id=self.customer_id, effect_id=effect_id, epoch=self.epoch
            )
        for effect_id in drained.releases:
            await release(
                self.env, customer_id=self.customer_id, effect_id=effect_id, epoch=self.epoch
            )
        for approval_id in drained.answered:
            await self._answer(approval_id)
        for opening in drained.openings:
            await self._run(Run.of(opening, epoch=self.epoch), "plan")
        await self._join(drained)

    async def _join(self, drained: Drained) -> None:
        """News for decisions that wait as contenders: they think again, with the news."""
        touched: dict[str, Run] = {}
        for journey_id, wake in drained.joined:
            run = self.contenders.pop(journey_id, None) or touched.get(journey_id)
            if run is None:
                if wake.event_id is not None:
                    self.env.board.announce(wake.event_id, None)
                continue
            run.wakes.append(wake)
            touched[journey_id] = run
        for run in touched.values():
            withdraw(run, f"{run.wakes[-1].name} came in between")
            await self._run(run, "plan")

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
        """Wait out the settling time; False where something arrived meanwhile."""
        left = self._rung_at + self.env.settle_seconds - self.env.monotonic()
        if left <= 0:
            return not self._bell.is_set()
        try:
            await asyncio.wait_for(self._bell.wait(), timeout=left)
        except TimeoutError:
            return True
        return False

    async def _arbitrate(self) -> None:
        now_us = self.env.clock.now_us()
        by_key = {run.id: run for run in self.contenders.values()}
        self.contenders.clear()
        winner, losers = arbitrate([_candidate(run) for run in by_key.values()], now_us=now_us)
        for lost in losers:
            await self._lose(by_key[lost.candidate.key], winner, lost)
        if winner is not None:
            run = by_key[winner.key]
            _note_arbitration(run, winner, losers)
            await self._run(run, "claim")

    async def _lose(self, run: Run, winner: Candidate | None, lost: Lost) -> None:
        _note_arbitration(run, winner, [lost])
        withdraw(run, lost.reason)
        run.closing = Closing(
            "no_action", lost.reason, {"kind": "lost"}, look_again_at=lost.look_again_at
        )
        await self._run(run, "close")

    async def _run(self, run: Run, start: str) -> None:
        """Let the machine run one decision; a fault of ours ends that decision and is told."""
        try:
            where = await step(self.machine, self.env, run, start=start)
        except (StaleEpoch, Erased, asyncio.CancelledError):
            raise
        except Exception as fault:
            # One decision's fault must not stop the customer's lane; it is recorded as failed, and
            # named by its class only, because a message may hold what a customer wrote.
            log.error("decision_failed", decision_id=run.id, error=type(fault).__name__)
            run.closing = Closing(
                "failed", f"a fault of ours: {type(fault).__name__}", {"kind": "failed"}
            )
            run.contender, run.approval_id = None, None
            where = await step(self.machine, self.env, run, start="close")
        if where == "park":
            self.contenders[run.opening.journey_id] = run
            return
        for wake in run.wakes:
            if wake.event_id is not None:
                self.env.board.announce(wake.event_id, run.id)


def _candidate(run: Run) -> Candidate:
    assert run.contender is not None
    return Candidate(
        key=run.id,
        goal=run.opening.goal,
        agent=run.opening.agent.name,
        call_id=run.contender.decided.proposed.id,
        terms=run.contender.terms,
    )


def _note_arbitration(run: Run, winner: Candidate | None, losers: list[Lost]) -> None:
    """Keep who stood against whom, with every term, in this decision's journal."""
    if winner is not None and not losers:
        return
    run.unflushed.append(
        (
            "arbitrated",
            bodies.arbitrated(
                winner=None if winner is None else winner.key,
                losers=[
                    {
                        "decision_id": lost.candidate.key,
                        "call_id": lost.candidate.call_id,
                        "goal": lost.candidate.goal,
                        "agent": lost.candidate.agent,
                        "score": lost.candidate.terms.score,
                        "terms": {
                            "p": lost.candidate.terms.p,
                            "c": lost.candidate.terms.c,
                            "v": lost.candidate.terms.v,
                            "l": lost.candidate.terms.l,
                            "cost": lost.candidate.terms.cost,
                        },
                        "reason": lost.reason,
                        "look_again_at": lost.look_again_at,
                    }
                    for lost in losers
                ],
            ),
        )
    )
