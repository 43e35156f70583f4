"""Draining a lane: all waiting events and due wake-ups of one customer become work, in one unit.

One decision takes every waiting event of its journey with it. What only changes facts, ends a
journey or concerns somebody suppressed is settled here, without a model. Nothing is left without a
state and a reason (P7); what cannot be taken up at all is named, so that it can be set aside and
the rest go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from agent import detecting, journeys
from agent import journal_bodies as bodies
from agent.drained import Drained, Joined, blaming
from agent.lane_unit import Ground, LaneUnit
from agent.openings import open_decision, reopen, running, wake_of
from agent.queued import (
    cancel_queued,
    close_decision,
    end_merged,
    expire_effect,
    journal_cancelled,
    question_stopped,
    withdraw_questions,
)
from agent.run import Wake
from agent.subjects import context_of
from agent.triage import FACT_EVENTS, Incoming, Sort, Sorted, triage
from customers.barrier import barrier
from store import approvals, held, ledger, restored, wakeups
from store.ledger import EffectStatus
from store.schema import decisions, events, lanes
from store.sealing import Vault

#: At most one plan a customer in this time, unless urgent (DESIGN §3.3).
PLAN_EVERY_US = 15 * 60 * 1_000_000
_MOST_AT_ONCE = 500
STALE = "it came before this was restored from a backup, and may have been decided on since"
#: These stay due until the lane has drawn their consequence, so that a crash in between loses none.
_DONE_BY_THE_LANE = ("release", "regate", "approval_decided")


# Built once: building a statement costs several times what running it does.
_ARRIVAL = select(lanes.c.last_arrival_seq).where(lanes.c.customer_id == bindparam("customer"))
_WAITING = (
    select(events)
    .where(
        events.c.customer_id == bindparam("customer"),
        events.c.state == "waiting",
        events.c.seq > bindparam("after"),
    )
    .order_by(events.c.seq)
    .limit(_MOST_AT_ONCE)
)


def drain(
    conn: Connection,
    vault: Vault,
    ground: Ground,
    *,
    customer_id: str,
    epoch: int,
    now_us: int,
    contending: Mapping[str, str],
    first: bool,
    after: int = 0,
    seen: int = 0,
) -> Drained:
    """Take what waits for this customer, `after` an arrival.

    `contending`: journey → decision in memory. `seen`: the newest arrival of an earlier drain.
    `first`: the lane has just been taken, so what a crash left running is picked up as well. Raises
    `Undrainable` for what cannot be taken up.
    """
    unit = LaneUnit.hold(conn, vault, ground, customer_id=customer_id, epoch=epoch, now_us=now_us)
    return _Draining(unit, contending, seen).take(first=first, after=after)


class _Draining:
    def __init__(self, unit: LaneUnit, contending: Mapping[str, str], seen: int) -> None:
        self.unit = unit
        self.contending = contending
        self.seen = seen
        self.out = Drained()
        self.planned: dict[str, list[Wake]] = {}
        #: The wake-up for which a journey is decided on, to be named where that cannot be done.
        self.woken: dict[str, int] = {}
        self.urgent: set[str] = set()
        self.facts_changed = False
        #: The facts that came, by name; and whose time has come, with the journey of each.
        self.news: dict[str, None] = {}
        self.due: dict[str, str | None] = {}

    def take(self, *, first: bool, after: int) -> Drained:
        unit = self.unit
        journal_cancelled(unit)
        whose = {"customer": unit.customer_id}
        if first:
            self._pick_up()
        for due in wakeups.due_of(unit.conn, unit.customer_id):
            with blaming(wakeup_id=due.id):
                self._wakeup(due)
            if due.kind not in _DONE_BY_THE_LANE:
                wakeups.done(unit.conn, due.id)
        self.out.arrival = unit.conn.execute(_ARRIVAL, whose).scalar_one()
        waiting = unit.conn.execute(_WAITING, {**whose, "after": after}).all()
        for row in waiting:
            with blaming([row.id]):
                self._event(row)
        if len(waiting) == _MOST_AT_ONCE:
            self.out.more_after = waiting[-1].seq
        self._decide()
        self._release()
        self.out.answered = list(dict.fromkeys(self.out.answered))
        if self.facts_changed:
            queued = ledger.open_effects(unit.conn, unit.customer_id, [EffectStatus.SCHEDULED])
            for row in queued:
                self.out.regates.setdefault(row.id, " and ".join(self.news) or None)
        return self.out

    def _pick_up(self) -> None:
        """What a crash or a merge left: claims nobody settled, decisions nobody ended."""
        end_merged(self.unit)
        claimed = ledger.open_effects(self.unit.conn, self.unit.customer_id, [EffectStatus.CLAIMED])
        self.out.handovers.extend(row.id for row in claimed)
        # What is no contact is settled first; then its decision goes on from its journal.
        settling = {row.decision_id for row in claimed if row.kind == "contact"}
        for row in running(self.unit):
            if row.id in settling:
                continue
            opening = reopen(self.unit, row)
            if opening is None:
                close_decision(
                    self.unit, row.id, "no_action", "its journey or agent is gone", "cancelled"
                )
                continue
            over = journeys.over(self.unit, opening.journey_id)
            answered = approvals.newest_answer(self.unit.conn, row.id)
            if over is not None:
                self.out.over.append((opening, over))
            elif answered is not None:
                self.out.answered.append(answered)
            else:
                self.out.openings.append(opening)

    # -- events ------------------------------------------------------------------------------------

    def _event(self, row: Row[Any]) -> None:
        unit = self.unit
        body = unit.vault.open_json("events.body", row.body_sealed)
        wake = wake_of(unit.vault, row, unit)
        detecting.heard(unit, wake.name, row.kind, row.occurred_at)
        event = Incoming(
            event_id=row.id,
            kind=row.kind,
            name=wake.name,
            properties=wake.properties,
            urgent=bool(row.urgent),
            goal=body.get("goal"),
        )
        open_rows = journeys.open_journeys(unit)
        asked = [
            journeys.for_triage(unit, j, event_name=event.name, contending=j.id in self.contending)
            for j in open_rows
        ]
        answers = triage(event, asked, unit.ground.agents.values())
        if row.seq > self.seen:
            self.facts_changed |= event.name in FACT_EVENTS or row.kind in ("identify", "alias")
            if event.name in FACT_EVENTS:
                self.news[f"{event.name} came in"] = None
        stale = restored.is_stale(unit.conn, row.seq)
        planned = [self._answer(row, event, wake, answer, stale=stale) for answer in answers]
        if not any(planned):
            left = stale and any(answer.sort is Sort.PLAN for answer in answers)
            self._state(row.id, "recorded", STALE if left else answers[0].why)
            self.out.finished.append((row.id, None))

    def _answer(
        self, row: Row[Any], event: Incoming, wake: Wake, answer: Sorted, *, stale: bool
    ) -> bool:
        """Whether a decision comes of it. An event that has to wait has not been met yet."""
        if answer.sort is Sort.PLAN and not stale:
            return self._plan(row, event, wake, answer)
        if answer.journey_id is not None:
            journeys.meet(self.unit, answer.journey_id, event.name)
        if answer.sort is Sort.ENDS and answer.journey_id is not None:
            status = "reached" if answer.why == "reached" else "closed"
            self._end(answer.journey_id, status, f"changed by {event.name}")
        return False

    def _plan(self, row: Row[Any], event: Incoming, wake: Wake, answer: Sorted) -> bool:
        unit = self.unit
        if answer.journey_id is not None:
            found = journeys.get(unit, answer.journey_id)
        else:
            found = journeys.find_or_open(unit, answer.goal or "", context_of(event.properties))
        assert found is not None
        if found.status != "open":
            if event.kind == "trigger":
                why = f"this journey is {found.status}: {found.reason or 'closed'}"
                return self._close_at_once(found, row, wake, "no_action", why)
            return False
        purpose = unit.ground.agents[found.goal].purpose
        barred = barrier(
            unit.conn, unit.vault, unit.customer_id, purpose=purpose, now_us=unit.now_us
        )
        if barred is not None:
            return self._close_at_once(found, row, wake, "withheld", f"this person is {barred}")
        if found.arm == "nothing":
            why = "in the control group, which is left alone"
            return self._close_at_once(found, row, wake, "no_action", why)
        unprogrammed = answer.unprogrammed
        self.planned.setdefault(found.id, []).append(replace(wake, unprogrammed=unprogrammed))
        if answer.urgent:
            self.urgent.add(found.id)
        return True

    def _close_at_once(
        self, journey: Row[Any], row: Row[Any], wake: Wake, status: str, why: str
    ) -> bool:
        bare = replace(wake, properties={})
        opening = open_decision(self.unit, journey, [bare], {}, status=status)
        journeys.meet(self.unit, journey.id, wake.name)
        self.out.left.append(status)
        self.unit.append(
            opening.decision_id,
            "closed",
            bodies.closed(status=status, reason=why, outcome={"kind": status}),
        )
        state = "withheld" if status == "withheld" else "decided"
        self._state(row.id, state, why, journey.id, opening.decision_id)
        if status == "withheld":
            cancel_queued(self.unit, journey.id, why)
        self.out.finished.append((row.id, opening.decision_id))
        return True

    def _state(
        self,
        event_id: str,
        state: str,
        reason: str | None,
        journey_id: str | None = None,
        decision_id: str | None = None,
    ) -> None:
        values: dict[str, Any] = {"state": state, "reason": reason}
        if journey_id is not None:
            values |= {"journey_id": journey_id, "decision_id": decision_id}
        self.unit.conn.execute(update(events).where(events.c.id == event_id).values(**values))

    # -- wake-ups ----------------------------------------------------------------------------------

    def _wakeup(self, due: Row[Any]) -> None:
        unit = self.unit
        if due.kind == "release":
            self.due[due.ref] = due.journey_id
        elif due.kind == "regate":
            self.out.regates[due.ref] = "what the shop says of its articles has changed"
        elif due.kind == detecting.DETECT:
            detecting.look(unit, due.ref)
        elif due.kind == "approval_decided":
            self.out.answered.append(due.ref)
        elif due.kind == "approval_lapse":
            if approvals.settle(unit.conn, due.ref, status="lapsed", by=None, at=unit.now_us):
                wakeups.schedule_due(
                    unit.conn,
                    kind="approval_decided",
                    ref=due.ref,
                    at=unit.now_us,
                    customer_id=unit.customer_id,
                )
                self.out.answered.append(due.ref)
        elif due.kind == "journey_expiry":
            self._end(due.ref, "expired", "its time ran out")
        elif due.kind == "effect_expiry":
            expire_effect(unit, due.ref)
        elif due.kind in ("check_back", "another_look", held.HELD_BACK):
            self._look_again(due)
        elif due.kind == "lease_expiry":
            held.take_up(unit.conn, now_us=unit.now_us, customer_id=unit.customer_id)
            self.out.more_due = True
        elif due.kind == "question_stopped":
            question_stopped(unit, due.ref)

    def _look_again(self, due: Row[Any]) -> None:
        unit = self.unit
        journey = journeys.get(unit, due.journey_id)
        if journey is None or journey.status != "open" or journey.goal not in unit.ground.agents:
            return
        asked = select(decisions.c.id).where(
            decisions.c.journey_id == journey.id, decisions.c.status == "awaiting_approval"
        )
        if unit.conn.execute(asked).first() is not None:
            return  # people are looking at it already
        purpose = unit.ground.agents[journey.goal].purpose
        if barrier(unit.conn, unit.vault, unit.customer_id, purpose=purpose, now_us=unit.now_us):
            return
        self.planned.setdefault(journey.id, []).append(Wake(None, due.kind, {}, unit.now_us))
        self.woken[journey.id] = due.id
        self.urgent.add(journey.id)

    def _release(self) -> None:
        """What is due leaves, unless its journey is thought over just now: that comes first.

        It stays due, and is drained again once that decision has been made.
        """
        busy = set(self.contending)
        busy |= {opening.journey_id for opening in self.out.openings}
        busy |= {news.journey_id for news in self.out.joined}
        self.out.releases = [ref for ref, journey in self.due.items() if journey not in busy]

    # -- journeys and decisions --------------------------------------------------------------------

    def _end(self, journey_id: str, status: str, reason: str) -> None:
        if journeys.end(self.unit, journey_id, status=status, reason=reason):
            self.out.ended[journey_id] = reason
            going = [o for o in self.out.openings if o.journey_id == journey_id]
            self.out.over.extend((opening, reason) for opening in going)
            self.out.openings = [o for o in self.out.openings if o not in going]
            for wake in self.planned.pop(journey_id, []):
                if wake.event_id is not None:
                    self._state(wake.event_id, "recorded", reason)
                    self.out.finished.append((wake.event_id, None))

    def _decide(self) -> None:
        """Let all planned journeys be decided on together, or let all of them wait.

        One occasion to plan serves every journey of a customer; a decision that is under way, or
        something urgent, is one.
        """
        if not self.planned:
            return
        occasion = any(j in self.urgent or self._under_way(j) for j in self.planned)
        if not occasion and self._too_soon():
            return
        for journey_id, wakes in self.planned.items():
            named = [wake.event_id for wake in wakes if wake.event_id is not None]
            with blaming(named, self.woken.get(journey_id)):
                self._decide_on(journey_id, wakes)

    def _under_way(self, journey_id: str) -> str | None:
        """The decision of this journey that is in the lane's hands."""
        return self.contending.get(journey_id) or next(
            (o.decision_id for o in self.out.openings if o.journey_id == journey_id), None
        )

    def _decide_on(self, journey_id: str, wakes: list[Wake]) -> None:
        journey = journeys.get(self.unit, journey_id)
        assert journey is not None
        context = self.unit.vault.open_json("journeys.context", journey.context_sealed)
        running = self._under_way(journey_id)
        if running is not None:
            self.out.joined.extend(Joined(journey_id, running, wake, context) for wake in wakes)
            self._taken(wakes, journey_id, running)
            return
        for (decision_id,) in self.unit.conn.execute(
            select(decisions.c.id).where(
                decisions.c.journey_id == journey_id, decisions.c.status == "awaiting_approval"
            )
        ).all():
            withdraw_questions(self.unit, decision_id, "something newer happened")
        opening = open_decision(self.unit, journey, wakes, context)
        self._taken(wakes, journey_id, opening.decision_id)
        self.out.openings.append(opening)

    def _taken(self, wakes: list[Wake], journey_id: str, decision_id: str) -> None:
        for wake in wakes:
            if wake.event_id is not None:
                journeys.meet(self.unit, journey_id, wake.name)
                self._state(wake.event_id, "taken", None, journey_id, decision_id)

    def _too_soon(self) -> bool:
        """Whether this customer was planned for lately; then the events wait, and wake it again."""
        unit = self.unit
        last = unit.conn.execute(
            select(lanes.c.last_plan_at).where(lanes.c.customer_id == unit.customer_id)
        ).scalar_one()
        again_at = int(last) + PLAN_EVERY_US
        if not last or unit.now_us >= again_at:
            return False
        wakeups.schedule(
            unit.conn,
            kind="plan_again",
            ref=f"{unit.customer_id}:{again_at}",
            due_at=again_at,
            customer_id=unit.customer_id,
        )
        return True
