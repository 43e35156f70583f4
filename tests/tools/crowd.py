"""Processes that claim for the same customers, out of the same pots, at once, and die on the way.

Run as `python -m tests.tools.crowd FOLDER URL LOG`; URL `-` is SQLite. Each line that it reads is a
wave, a JSON list of `[seed, rounds, point, nth]`, one a process. They are forked, begin together,
take lanes (or believe to hold one that they read), decide, claim, hand over and settle; once all
have ended it prints how. LOG is the world outside: a line a letter that left. A process kills
itself at its point the nth time it comes by, as a power cut would:

- `inside`: everything is written and nothing is committed
- `claimed`: it is committed, and nothing has been handed over
- `handed_over`: the letter has left, and nobody has written that down
- `settled`: that has been written down
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, select

from customers.resolve import find
from store import counters, lanes, ledger
from store.lanes import StaleEpoch
from store.ledger import EffectStatus
from store.schema import effects
from store.schema import lanes as lanes_table
from tests.databases import Place
from tests.tools.world import Person, World
from tools.claim import Claimed, Moved, Overspent, Refused

PEOPLE = ("ada", "bob")
OFFERING = {"discount_bp": 1_000, "valid_hours": 72}
POINTS = ("inside", "claimed", "handed_over", "settled")


class Worker:
    """One process's life."""

    def __init__(self, world: World, log: Path, seed: int, point: str, nth: int) -> None:
        self.world, self.log, self.point, self.left = world, log, point, nth
        self.chance = random.Random(seed)

    def at(self, point: str) -> None:
        """A place where it may die."""
        if point == self.point:
            self.left -= 1
            if not self.left:
                os.kill(os.getpid(), signal.SIGKILL)

    def person(self) -> Person:
        """Somebody, with their lane taken, or believed to be held since it was last read."""
        db = self.world.db
        customer_id = db.read_now(find, db.vault, self.chance.choice(PEOPLE))
        assert customer_id is not None
        person = Person(customer_id, 0, "")
        if self.chance.random() < 0.5:
            self.world.take_lane(person)
        else:
            epoch = select(lanes_table.c.epoch).where(lanes_table.c.customer_id == customer_id)
            person.epoch = db.read_now(lambda conn: conn.execute(epoch).scalar_one())
        self.world.new_decision(person)
        return person

    def round(self) -> None:
        """One claim, and what becomes of it."""
        person = self.person()
        tool = self.chance.choice(["create_offer", "send_email", "send_email"])
        args = OFFERING if tool == "create_offer" else self.world.letter()
        if tool == "create_offer":  # what is promised away to all must not stop every code
            person.cart = {**person.cart, "items": [{"sku": "shade", "quantity": 1}]}
        with suppress(Refused, Overspent, StaleEpoch, Moved):
            ready = self.world.ready(person, tool, args)
            claimed = self.world.claim(ready, record=lambda conn, claimed: self.at("inside"))
            self.at("claimed")
            self.settle(person, claimed)

    def settle(self, person: Person, claimed: Claimed) -> None:
        """Hand a letter over, or not; let a code be used, lapse or wait."""
        effect_id, dice = claimed.effect_id, self.chance.random()
        if claimed.prepared.hands_over:
            if dice < 0.3:
                self.world.move(effect_id, EffectStatus.FAILED)
            elif self.stands(effect_id, person.epoch):
                with self.log.open("a") as log:
                    log.write(f"{person.id} {effect_id}\n")
                self.at("handed_over")
                self.world.move(effect_id, EffectStatus.SENT)
        elif dice < 0.3:
            self.world.db.write_now(counters.release, effect_id)
        elif dice < 0.6:
            self.world.db.write_now(counters.commit, effect_id)
        self.at("settled")

    def stands(self, effect_id: str, epoch: int) -> bool:
        """Asked just before hand-over, under the lane."""

        def ask(conn: Connection) -> bool:
            return ledger.still_claimed(conn, effect_id, epoch=epoch, monotonic_us=0)

        return self.world.db.read_now(ask)

    def recover(self) -> None:
        """What a start does: whatever was in somebody's hands counts as sent, nobody knows."""
        db = self.world.db
        query = select(effects.c.id, effects.c.customer_id).where(effects.c.status == "claimed")
        for effect_id, customer_id in db.read_now(lambda conn: conn.execute(query).all()):
            epoch = db.write_now(lanes.take, customer_id)
            taken = db.write_now(ledger.reclaim, effect_id, epoch=epoch, claim_until=1)
            if taken is not None:
                self.world.move(effect_id, EffectStatus.UNKNOWN)


def live(
    place: Place, log: Path, ready: int, go: int, seed: int, rounds: int, point: str, nth: int
) -> None:
    """So many rounds, or until the point. A `recover` first does what a start does."""
    db = place.open()
    worker = Worker(World(db), log, seed, point, nth)
    os.write(ready, b".")
    os.read(go, 1)
    if point == "recover":
        worker.recover()
    for _ in range(rounds):
        worker.round()
    db.close()


def wave(place: Place, log: Path, lives: list[tuple[int, int, str, int]]) -> list[int]:
    """Let these live at the same time; how each ended."""
    (is_ready, ready), (go, start) = os.pipe(), os.pipe()
    children = []
    for one in lives:
        child = os.fork()
        if not child:
            os.close(start)  # or nobody would see it close
            try:
                live(place, log, ready, go, *one)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        children.append(child)
    os.close(ready)
    waiting = len(children)
    while waiting and (said := os.read(is_ready, waiting)):
        waiting -= len(said)
    os.close(start)
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    os.close(is_ready)
    os.close(go)
    return ends


def main(folder: str, url: str, log: str) -> None:
    """Wave after wave."""
    place = Place(Path(folder), None if url == "-" else url)
    assert threading.active_count() == 1, "only what has one thread can be forked"
    for line in sys.stdin:
        print(json.dumps(wave(place, Path(log), json.loads(line))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
