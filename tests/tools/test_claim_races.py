"""Many claims at once, from many threads: never one too many (P2), never one twice (P3, P4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from threading import Barrier
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from store import counters
from store.database import Database
from store.lanes import StaleEpoch
from store.ledger import EffectStatus
from store.schema import reservations
from tests.tools.world import LAMP, MONTH, Person, Ready, World
from tools.claim import Overspent, Refused

T = TypeVar("T")
AT_ONCE = 8
OFFERING = {"discount_bp": 1_000, "valid_hours": 72}


def all_at_once(jobs: Iterable[Callable[[], T]]) -> list[T | Exception]:
    """Run every job in a thread of its own, started together; what came of each."""
    listed = list(jobs)
    gate = Barrier(len(listed))

    def run(job: Callable[[], T]) -> T | Exception:
        gate.wait(timeout=60)
        try:
            return job()
        except (Refused, Overspent, StaleEpoch) as refusal:
            return refusal

    with ThreadPoolExecutor(len(listed)) as pool:
        return list(pool.map(run, listed))


def claims(world: World, ready: Iterable[Ready]) -> list[Callable[[], str]]:
    return [lambda r=r: world.claim(r).effect_id for r in ready]  # type: ignore[misc]


def made(results: Iterable[str | Exception]) -> list[str]:
    return [result for result in results if isinstance(result, str)]


def test_p2_racing_claims_of_one_person_never_pass_the_cap(any_world: World) -> None:
    any_world.put_pack(("version: 1", "version: 2"), ("max: 1,", "max: 100,"))
    person = any_world.person()
    ready = []
    for _ in range(AT_ONCE):
        any_world.new_decision(person)
        ready.append(any_world.ready(replace(person)))
    results = all_at_once(claims(any_world, ready))
    assert len(made(results)) == 3
    assert all(isinstance(r, str | Refused) for r in results)
    assert any_world.rows()["contacts"] == 3


ONE_A_CASE = (
    "quiet_hours: {from",
    "  - {id: one_a_case, on: [offer], max: 1, window: {ever: true}, per: journey, obeys: {},"
    " because: One offer a case}\n\nquiet_hours: {from",
)
NO_REST = (
    "avoid_when: customer.days_since_last_code < params.code_rest_days",
    "avoid_when: customer.days_since_last_code == 1",
)


def test_p2_racing_offers_of_one_matter_never_pass_its_cap(any_world: World) -> None:
    """Of many who decide about one person at the same moment, one gives the compensation."""
    any_world.put_pack(("version: 1", "version: 2"), ONE_A_CASE, NO_REST)
    person = any_world.person()
    ready = []
    for k in range(AT_ONCE):
        any_world.new_decision(person)
        args = {"discount_bp": 500 + k, "valid_hours": 72}
        ready.append(any_world.ready(replace(person), "create_offer", args))
    results = all_at_once(claims(any_world, ready))
    assert len(made(results)) == 1 and any_world.rows()["offers"] == 1
    assert all(isinstance(r, str | Refused) for r in results)


def test_p2_racing_messages_of_other_wordings_never_pass_a_cap_on_their_goal(
    any_world: World,
) -> None:
    """E-mail and text message, this wording and that: one goal is pursued once."""
    any_world.put_pack(
        ("version: 1", "version: 2"),
        (
            "max: 1, window: {calendar: day}, per: channel",
            "max: 1, window: {rolling: P7D}, per: goal",
        ),
        ('avoid_when: action.channel == "sms"', "avoid_when: action.discount_bp == 9999"),
    )
    person = any_world.person()
    ready = []
    for k in range(AT_ONCE):
        any_world.new_decision(person)
        tool, message = (("send_email", "cart_reminder"), ("send_sms", "cart_reminder_sms"))[k % 2]
        ready.append(any_world.ready(replace(person), tool, any_world.letter(message)))
    results = all_at_once(claims(any_world, ready))
    assert len(made(results)) == 1 and any_world.rows()["contacts"] == 1


def test_p2_racing_offers_never_overspend_the_budget(any_world: World) -> None:
    any_world.put_pack(("version: 1", "version: 2"), ("limit_minor: 500000", "limit_minor: 3999"))
    people = [any_world.person(f"p{k}") for k in range(AT_ONCE)]
    ready = [any_world.ready(p, "create_offer", OFFERING) for p in people]
    results = all_at_once(claims(any_world, ready))
    assert len(made(results)) == 3
    assert any_world.counter(MONTH) == (3_999, 3_000, 0)
    assert any_world.rows()["offers"] == 3


def test_p2_racing_messages_never_promise_more_than_there_is(any_world: World) -> None:
    any_world.put_product("shade", stock=AT_ONCE)
    any_world.put_product(stock=3)
    people = [any_world.person(f"p{k}") for k in range(AT_ONCE)]
    for k, person in enumerate(people):
        both = [{"sku": "lamp", "quantity": 1}, {"sku": "shade", "quantity": 1}]
        person.cart["items"] = both if k % 2 else both[::-1]
    results = all_at_once(claims(any_world, [any_world.ready(p) for p in people]))
    assert len(made(results)) == 3
    assert any_world.counter(LAMP) == (3, 3, 0)
    assert any_world.counter("stock:shade")[1] == 3


def test_p3_racing_claims_of_one_call_are_one_effect(any_world: World) -> None:
    person = any_world.person()
    ready = [any_world.ready(person, "create_offer", OFFERING) for _ in range(AT_ONCE)]
    results = made(all_at_once(claims(any_world, ready)))
    assert len(results) == AT_ONCE and len(set(results)) == 1
    assert any_world.rows()["offers"] == any_world.rows()["effects"] == 1
    assert any_world.counter(MONTH)[1] == 1_000
    assert len(any_world.recorded) == 1


def test_p4_of_two_that_believe_to_hold_a_lane_only_one_writes(any_world: World) -> None:
    person = any_world.person()
    old: list[Ready] = []
    for _ in range(AT_ONCE - 1):
        any_world.new_decision(person)
        old.append(any_world.ready(replace(person)))

    def take() -> str:
        any_world.take_lane(person)
        return "taken"

    results = all_at_once([*claims(any_world, old), take])
    epochs = {any_world.effect(i).claim_epoch for i in made(results) if i != "taken"}
    assert results[-1] == "taken" and epochs <= {person.epoch - 1}
    # Whoever was late found the lane taken; nobody wrote under it afterwards.
    for ready in old:
        try:
            assert not any_world.claim(ready).fresh
            raise AssertionError("an old epoch was accepted")
        except StaleEpoch:
            pass


# -- whatever happens in whatever order, what is held is what is owed -----------------------------

Happening = tuple[str, int]
happenings = st.lists(
    st.tuples(
        st.sampled_from(["offer", "send", "sent", "fail", "cancel", "end", "redeem", "stock"]),
        st.integers(0, 5),
    ),
    max_size=14,
)


class Story:
    """One shop with two customers, and what happens there."""

    def __init__(self, world: World, sku: str, number: int) -> None:
        self.world, self.sku = world, sku
        self.people = [world.person(f"{sku}-{number}-{k}") for k in (1, 2)]
        for person in self.people:
            person.cart["items"] = [{"sku": sku, "quantity": 2}]
        world.put_product(sku, stock=4)
        self.effects: list[str] = []

    def tell(self, what: str, n: int) -> None:
        person: Person = self.people[n % 2]
        if what == "stock":
            self.world.put_product(self.sku, stock=n)
        elif what in ("offer", "send"):
            self.world.new_decision(person)
            tool = "create_offer" if what == "offer" else "send_email"
            args = OFFERING if what == "offer" else None
            with suppress(Refused, Overspent):
                ready = self.world.ready(person, tool, args)
                self.effects.append(self.world.claim(ready).effect_id)
        elif self.effects:
            self.settle(what, self.effects[n % len(self.effects)])

    def settle(self, what: str, effect_id: str) -> None:
        write = self.world.db.write_now
        if what == "end":
            write(counters.release, effect_id)
        elif what == "redeem":
            if self.world.effect(effect_id).kind == "offer":
                write(counters.commit, effect_id)
        else:
            becomes = {"sent": "sent", "fail": "failed", "cancel": "cancelled"}[what]
            self.world.move(effect_id, EffectStatus(becomes))


def test_p2_counters_are_the_sum_of_what_effects_hold(any_database: Database) -> None:
    world = World(any_database)
    world.put_pack(("limit_minor: 500000", "limit_minor: 7000"))
    numbers = iter(range(1_000))

    @settings(max_examples=15, deadline=None)
    @given(happenings)
    def holds(told: list[Happening]) -> None:
        number = next(numbers)
        story = Story(world, f"art{number}", number)
        for what, n in told:
            story.tell(what, n)
            check(world, f"stock:{story.sku}")
            ceiling, held, spent = check(world, MONTH)
            assert held + spent <= ceiling

    holds()


def check(world: World, key: str) -> tuple[int, int, int]:
    """The counter says what the reservations say."""
    summed = (
        select(reservations.c.state, func.sum(reservations.c.amount))
        .where(reservations.c.counter == key)
        .group_by(reservations.c.state)
    )
    by_state: Counter[str] = Counter()
    for state, amount in world.db.read_now(lambda conn: conn.execute(summed).all()):
        by_state[state] += int(amount)
    ceiling, held, spent = world.counter(key)
    assert (held, spent) == (by_state["reserved"], by_state["committed"])
    return ceiling, held, spent
