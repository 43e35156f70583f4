"""Delivering, with receivers in a second process: once is enough, and nobody waits for others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.delivering import BEGUN_FOR_S, SCHEDULE_S, Delivering
from agent.pack_changing import Clocks
from store import deliveries
from store.database import Database
from store.deliveries import Delivery
from store.schema import deliveries as table
from store.sealing import Erased
from tests.databases import Place
from tests.webhook_peer import Peer, peer
from tools.channels.posting import client
from tools.channels.receiver import Acknowledged, Answer, GivenUp, Receiver, TryAgain
from tools.channels.signed_webhook import SignedWebhook

KEY = bytes(range(32))
START = 1_700_000_000_000_000


@pytest.fixture(scope="module")
def other() -> Iterator[Peer]:
    with peer() as running:
        yield running


@dataclass
class Hands:
    """Machine time that the test moves."""

    now_us: int = START

    @property
    def clocks(self) -> Clocks:
        return Clocks(monotonic=lambda: self.now_us / 1_000_000, machine_us=lambda: self.now_us)


@dataclass
class Scripted:
    """Answers in order, the last one for ever; `began` and `go` hold one up."""

    answers: list[Answer]
    got: list[str] = field(default_factory=list)
    go: asyncio.Event | None = None

    async def deliver(self, delivery: Delivery) -> Answer:
        self.got.append(str(delivery.body["n"]))
        if self.go is not None:
            await self.go.wait()
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@asynccontextmanager
async def delivering(
    db: Database, hands: Hands | None = None, **receivers: Receiver
) -> AsyncIterator[Delivering]:
    async def find(name: str) -> Receiver | None:
        return receivers.get(name)

    clocks = Clocks() if hands is None else hands.clocks
    made = Delivering(
        db, {"system": find}, clocks=clocks, jitter=lambda: 0.5, schedule_s=SCHEDULE_S
    )
    made.start()
    try:
        yield made
    finally:
        await made.stop()


async def add(
    db: Database, n: int, *, to: str = "crm", customer: str | None = None, now_us: int = START
) -> str:
    target = f"system:{to}"
    name = deliveries.id_of(target, str(n))
    await db.write(
        deliveries.add,
        db.vault,
        id=name,
        target=target,
        kind="sync",
        topic="customer.suppressed",
        dedupe_key=str(n),
        customer_id=customer,
        body={"n": n, "email": "ada@example.com"},
        now_us=now_us,
    )
    return name


def rows(db: Database) -> dict[str, Any]:
    return {r.dedupe_key: r for r in db.read_now(lambda c: c.execute(table.select()).all())}


async def quiet(made: Delivering) -> None:
    """Once no target is being told anything."""
    while made._working:
        await asyncio.sleep(0.001)


async def until(db: Database, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Rows, once something holds of them; the test's own time limit ends it."""
    while not holds(found := rows(db)):
        await asyncio.sleep(0.01)
    return found


async def test_what_waits_and_what_is_new_goes_out_at_once_and_leaves_nothing_behind(
    db: Database, other: Peer
) -> None:
    waits = await add(db, 1)
    sealed = bytes(rows(db)["1"].body_sealed)
    async with client() as http:
        hook = SignedWebhook(http, f"{other.url}/ok/new", KEY)
        async with delivering(db, crm=hook):
            await until(db, lambda r: r["1"].state == "done" and r["1"].body_sealed is None)
            name = await add(db, 2)
            await until(db, lambda r: r["2"].state == "done")
    got = other.taken("/ok/new")
    assert [each["headers"]["webhook-id"] for each in got] == [waits, name]
    with pytest.raises(Erased):
        db.vault.open(deliveries.LABEL, sealed)


async def test_an_answer_lost_on_the_way_is_sent_again_under_the_same_id(
    db: Database, other: Peer
) -> None:
    hands = Hands()
    async with client() as http:
        hook = SignedWebhook(http, f"{other.url}/hangup/a", KEY)
        async with delivering(db, hands, crm=hook) as made:
            name = await add(db, 1)
            found = await until(db, lambda r: r["1"].reason is not None)
            assert found["1"].due_at == START + 5_000_000
            hands.now_us += 5_000_000
            made._rung.set()
            await until(db, lambda r: r["1"].state == "done")
    assert [g["headers"]["webhook-id"] for g in other.taken("/hangup/a")] == [name, name]


async def test_the_schedule_is_that_of_standard_webhooks_and_then_a_person_decides(
    db: Database,
) -> None:
    hands, receiver = Hands(), Scripted([TryAgain("it answered 503")])
    waited: list[int] = []
    async with delivering(db, hands, crm=receiver) as made:
        name = await add(db, 1)
        for n in range(1, 11):
            row = (await until(db, lambda r, n=n: _settled(r["1"], n, hands.now_us)))["1"]
            if row.state == "waiting":
                await quiet(made)
                waited.append((row.due_at - hands.now_us) // 1_000_000)
                hands.now_us = row.due_at
                made._rung.set()
        assert waited == list(SCHEDULE_S)
        assert (row.state, row.reason) == ("dead", "it answered 503; 10 attempts")
        assert not await made.again("dlv_nothing")
        receiver.answers = [Acknowledged()]
        assert await made.again(name)
        await until(db, lambda r: r["1"].state == "done")


def _settled(row: Any, attempts: int, now_us: int) -> bool:
    """Whether this attempt is over: what is begun is due again when its lease ends."""
    begun = row.due_at == now_us + BEGUN_FOR_S * 1_000_000
    return row.attempts == attempts and (row.state != "waiting" or not begun)


async def test_a_receiver_may_ask_for_more_time_and_gets_it(db: Database) -> None:
    hands = Hands()
    async with delivering(db, hands, crm=Scripted([TryAgain("it answered 429", 600)])):
        await add(db, 1)
        row = (await until(db, lambda r: r["1"].reason is not None))["1"]
    assert row.due_at == START + 600_000_000


async def test_one_slow_target_and_one_broken_one_delay_no_other(db: Database) -> None:
    slow, broken = Scripted([Acknowledged()], go=asyncio.Event()), Raises()
    good = Scripted([Acknowledged()])
    async with delivering(db, slow=slow, broken=broken, good=good):
        for n in range(3):
            for k, to in enumerate(("slow", "broken", "good", "nowhere")):
                await add(db, 10 * k + n, to=to)
        found = await until(db, lambda r: all(r[str(20 + n)].state == "done" for n in range(3)))
        found = await until(db, lambda r: r["10"].reason is not None and r["30"].reason is not None)
        assert {found[str(n)].state for n in range(3)} == {"waiting"}
        assert found["10"].reason == "the receiver failed: RuntimeError"
        assert found["30"].reason == "nothing is connected under this name"
        assert slow.go is not None
        slow.go.set()
        await until(db, lambda r: all(r[str(n)].state == "done" for n in range(3)))


class FailsFirst(Scripted):
    """Takes delivery 0 at the second try only."""

    async def deliver(self, delivery: Delivery) -> Answer:
        failed = delivery.body["n"] == 0 and delivery.attempts == 1
        return (await super().deliver(delivery)) if not failed else self._refuse(delivery)

    def _refuse(self, delivery: Delivery) -> Answer:
        self.got.append(str(delivery.body["n"]))
        return TryAgain("it answered 503")


class Raises:
    """A receiver that breaks its promise."""

    async def deliver(self, delivery: Delivery) -> Answer:
        raise RuntimeError("ada@example.com")


async def test_for_one_person_the_older_is_told_before_the_newer(db: Database) -> None:
    hands, receiver = Hands(), FailsFirst([Acknowledged()])
    async with delivering(db, hands, crm=receiver) as made:
        for n in range(3):
            await add(db, n, customer="cus_1")
        await add(db, 9, customer="cus_2")
        await until(db, lambda r: r["9"].state == "done" and r["0"].reason is not None)
        assert sorted(receiver.got) == ["0", "9"]
        hands.now_us += 60_000_000
        made._rung.set()
        await until(db, lambda r: r["2"].state == "done")
    assert [n for n in receiver.got if n != "9"] == ["0", "0", "1", "2"]


async def test_a_target_that_fails_again_and_again_is_asked_less_often(db: Database) -> None:
    hands, receiver = Hands(), Scripted([TryAgain("no connection")])
    async with delivering(db, hands, crm=receiver) as made:
        for n in range(10):
            await add(db, n, now_us=START - n)
            if n < 3:
                await until(db, lambda r, n=n: r[str(n)].reason is not None)
            await quiet(made)
        assert receiver.got == ["0", "1", "2"]
        receiver.answers = [Acknowledged()]
        hands.now_us += 600_000_000
        made._rung.set()
        await until(db, lambda r: all(x.state == "done" for x in r.values()))


async def test_what_wants_nothing_more_is_dead_and_said_so(db: Database) -> None:
    told: list[tuple[str, str]] = []

    async def stopped(target: str, why: str) -> None:
        told.append((target, why))

    async def find(name: str) -> Receiver | None:
        return Scripted([GivenUp("410", stop=True)])

    made = Delivering(db, {"system": find}, clocks=Clocks(), stopped=stopped)
    made.start()
    await add(db, 1)
    await until(db, lambda r: r["1"].state == "dead")
    await made.stop()
    assert told == [("system:crm", "410")]


async def test_what_a_killed_process_had_begun_is_told_after_its_time(tmp_path: Path) -> None:
    place, hands = Place(tmp_path / "data"), Hands()
    db = place.open()
    name = await add(db, 1)
    await db.write(deliveries.begin, db.vault, name, attempts=0, until_us=START + 90_000_000)
    db.close()
    db = place.open()
    receiver = Scripted([Acknowledged()])
    async with delivering(db, hands, crm=receiver) as made:
        hands.now_us += 90_000_000
        made._rung.set()
        row = (await until(db, lambda r: r["1"].state == "done"))["1"]
    db.close()
    assert (row.attempts, receiver.got) == (2, ["1"])
