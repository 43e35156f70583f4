"""A brake against claims that race it, on both databases: nothing is claimed after it is pulled."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest
from sqlalchemy import Connection, select

from agent import braking
from agent.assembly import Parts
from agent.brake import Pull
from agent.leasing import TakeLease
from customers import leases
from customers.leases import Lease
from store import brakes
from store.brakes import Brake
from store.database import Database
from store.ids import new_id
from store.principals import Principal
from store.schema import effects
from tests.agent.deployment import Deployment, ScriptedPlanner, deployment, sends
from tests.store.waiting import until_somebody_waits
from tests.tools.world import World
from tools.channels.channel import Letter
from tools.channels.scripted import Scripted
from tools.claim import Claimed, Refused
from tools.instants import HOUR_US

AT_ONCE = 6
ANN = Principal("prn_ann", "ann", "operator")


@pytest.fixture
def any_world(any_database: Database) -> World:
    world = World(any_database)
    world.put_pack()
    world.put_product()
    return world


def a_brake(scope: str = "all", in_flight: str = "cancel") -> Brake:
    return Brake(new_id("brk"), scope, in_flight, "ann", "wrong prices", 0)


def queue_of(world: World) -> list[str]:
    """Contacts that may still go out."""
    open_ones = select(effects.c.id).where(effects.c.status.in_(["claimed", "scheduled"]))
    return world.db.read_now(lambda c: [row.id for row in c.execute(open_ones)])


def test_p1_after_a_pull_nothing_it_covers_is_left_or_comes_after(any_world: World) -> None:
    people = [any_world.person(f"p{k}") for k in range(AT_ONCE)]
    ready = [any_world.ready(person) for person in people]
    gate = Barrier(AT_ONCE + 1)

    def claim(k: int) -> str:
        gate.wait(timeout=60)
        try:
            return any_world.claim(ready[k]).effect_id
        except Refused as refused:
            [fired] = refused.decided.verdict.fired
            return fired.rule

    def pull() -> braking.Pulled:
        gate.wait(timeout=60)
        return any_world.db.write_now(braking.pull, any_world.db.vault, a_brake())

    with ThreadPoolExecutor(AT_ONCE + 1) as pool:
        claims = [pool.submit(claim, k) for k in range(AT_ONCE)]
        pulled = pool.submit(pull).result(60)
        results = [one.result(60) for one in claims]
    assert queue_of(any_world) == []
    made = [result for result in results if result.startswith("eff_")]
    assert pulled.cancelled == len(made)
    assert set(results) - set(made) <= {"brake"}


def test_p1_a_pull_waits_for_a_claim_under_way_and_then_meets_it(any_world: World) -> None:
    """The order that a race may take or not: the claim has read that nothing is stopped, the brake
    is pulled before the claim commits."""
    ready = any_world.ready(any_world.person())
    read, go_on = Event(), Event()

    def hold_on(conn: Connection, claimed: Claimed) -> None:
        read.set()
        assert go_on.wait(60)

    with ThreadPoolExecutor(2) as pool:
        claimed = pool.submit(any_world.claim, ready, record=hold_on)
        assert read.wait(60)
        pulled = pool.submit(any_world.db.write_now, braking.pull, any_world.db.vault, a_brake())
        if any_world.db.dialect == "postgresql":
            until_somebody_waits(any_world.db, unless=pulled.done)
        assert not pulled.done()
        go_on.set()
        assert claimed.result(60).fresh
        assert pulled.result(60).cancelled == 1
    assert queue_of(any_world) == []


def test_p1_a_claim_waits_for_a_pull_under_way_and_is_refused(any_world: World) -> None:
    ready = any_world.ready(any_world.person())
    pulled, go_on = Event(), Event()

    def pull(conn: Connection) -> None:
        braking.pull(conn, any_world.db.vault, a_brake(in_flight="hold"))
        pulled.set()
        assert go_on.wait(60)

    with ThreadPoolExecutor(2) as pool:
        pulling = pool.submit(any_world.db.write_now, pull)
        assert pulled.wait(60)
        claim = pool.submit(any_world.claim, ready)
        if any_world.db.dialect == "postgresql":
            until_somebody_waits(any_world.db, unless=claim.done)
        assert not claim.done()
        go_on.set()
        pulling.result(60)
        with pytest.raises(Refused) as refused:
            claim.result(60)
    assert [f.rule for f in refused.value.decided.verdict.fired] == ["brake"]
    assert any_world.rows()["effects"] == 0


def test_p1_nothing_is_claimed_for_a_customer_once_somebody_has_taken_them(
    any_world: World,
) -> None:
    person = any_world.person()
    ready = any_world.ready(person, "create_offer", {"discount_bp": 1_000, "valid_hours": 72})
    taken, go_on = Event(), Event()
    now = any_world.now_us
    lease = Lease(new_id("lea"), person.id, "ann", now, now + HOUR_US)

    def take(conn: Connection) -> None:
        leases.take(conn, any_world.db.vault, lease, reason="on the phone", over=False)
        taken.set()
        assert go_on.wait(60)

    with ThreadPoolExecutor(2) as pool:
        taking = pool.submit(any_world.db.write_now, take)
        assert taken.wait(60)
        claim = pool.submit(any_world.claim, ready)
        if any_world.db.dialect == "postgresql":
            until_somebody_waits(any_world.db, unless=claim.done)
        assert not claim.done()
        go_on.set()
        taking.result(60)
        with pytest.raises(Refused) as refused:
            claim.result(60)
    assert [f.rule for f in refused.value.decided.verdict.fired] == ["lease"]
    assert any_world.rows()["offers"] == 0


def test_a_call_that_is_an_effect_already_is_that_effect_under_a_brake_too(
    any_world: World,
) -> None:
    person = any_world.person()
    ready = any_world.ready(person, "create_offer", {"discount_bp": 1_000, "valid_hours": 72})
    first = any_world.claim(ready)
    any_world.db.write_now(braking.pull, any_world.db.vault, a_brake(in_flight="hold"))
    again = any_world.claim(ready)
    assert not again.fresh
    assert again.prepared.result == first.prepared.result
    assert "brake" not in {f.rule for f in again.decided.verdict.fired}


def test_lifting_and_pulling_stand_in_line(any_world: World) -> None:
    db = any_world.db
    brake = a_brake(in_flight="hold")
    db.write_now(braking.pull, db.vault, brake)
    gate = Barrier(AT_ONCE)

    def lift(by: str) -> Any:
        gate.wait(timeout=60)
        return db.write_now(braking.lift, brake.id, by=by, now_us=1)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        lifted = list(pool.map(lift, [f"p{k}" for k in range(AT_ONCE)]))
    assert sorted(one is not None for one in lifted) == [False] * (AT_ONCE - 1) + [True]
    assert db.read_now(brakes.in_force) == ()


# -- at the last moment: the channel is about to hand over ----------------------------------------


async def _meanwhile(d: Deployment, what: str) -> None:
    if what == "lease":
        lease = TakeLease.model_validate({"for": "PT4H", "reason": "on the phone"})
        await d.runs.leasing.take("ada", lease, by=ANN)
        return
    pull = Pull.model_validate({"scope": "all", "in_flight": what, "reason": "wrong prices"})
    await d.runs.brake.pull(pull, by="ann")


@pytest.mark.parametrize(
    ("what", "status", "decision", "arrived"),
    [
        ("hold", "scheduled", "scheduled", 0),
        ("lease", "scheduled", "scheduled", 0),
        ("cancel", "cancelled", "no_action", 0),
        ("drain", "sent", "completed", 1),
    ],
)
async def test_p3_a_claim_that_has_not_been_handed_over_heeds_what_people_stop(
    tmp_path: Path, what: str, status: str, decision: str, arrived: int
) -> None:
    made: list[Deployment] = []

    async def stop(letter: Letter) -> None:
        await _meanwhile(made[0], what)

    channel = Scripted(before_asking=stop)
    parts = Parts(planner=ScriptedPlanner(sends()), channels={"email": channel})
    async with deployment(tmp_path, parts=parts) as d:
        made.append(d)
        await d.person()
        ended = await d.decide()
        assert (d.contacts()[0]["status"], ended["status"]) == (status, decision)
        assert len(channel.arrived) == arrived
        channel._before_asking = None
        if what == "hold":
            [brake] = await d.runs.brake.in_force()
            await d.runs.brake.lift(brake["id"], by="bob")
        elif what == "lease":
            await d.advance(hours=4)
        await d.runs.idle()
        assert len(channel.arrived) == (0 if what == "cancel" else 1)
        d.everything_ended()


async def test_p3_what_was_handed_over_a_moment_before_the_brake_is_called_sent(
    tmp_path: Path,
) -> None:
    made: list[Deployment] = []

    async def stop(letter: Letter) -> None:
        await _meanwhile(made[0], "cancel")

    channel = Scripted(after_asking=stop)
    parts = Parts(planner=ScriptedPlanner(sends()), channels={"email": channel})
    async with deployment(tmp_path, parts=parts) as d:
        made.append(d)
        await d.person()
        await d.decide()
        await d.runs.idle()
        assert d.contacts()[0]["status"] == "sent"
        assert len(channel.arrived) == 1
