"""One of the soak's workers: it claims, hands over, settles, and dies or stands still on the way.

Run as `python -m tests.soak.worker FOLDER URL LOG SEED`. Each line it reads is a JSON list of
`[day, rounds, what, point, nth]`: so many contacts on that day of business time; the nth time it
comes to the point it does `what`: `kill` (ends as in a power cut), `stop` (stands still, as a
paused machine does) or `""`. It says `stands CUSTOMER EFFECT` before it stands still, `refused` for
a write that its lane no longer took, and `done`. The points of a hand-over, in order:

- `claimed`: the claim is committed, and nothing else has happened
- `asked`: the claim was found to stand, and the letter is about to leave
- `handed_over`: the letter has left, and nobody has written that down
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from email.utils import format_datetime
from pathlib import Path

from sqlalchemy import Connection

from customers.resolve import find
from store import journal, lanes, ledger
from store.lanes import StaleEpoch
from store.ledger import EffectStatus
from tests.databases import Place
from tests.tools.pictures import NOW
from tests.tools.world import Person, World
from tools.claim import Moved, Overspent, Refused
from tools.instants import DAY_US, instant

#: By name: as many letters as the name is long, so that no two share a telephone number.
PEOPLE = tuple("x" * n for n in range(1, 41))
POINTS = ("claimed", "asked", "handed_over")
_GOOD_FOR_US = 30_000_000


def monotonic_us() -> int:
    """The clock that claims are good by."""
    return time.monotonic_ns() // 1_000


class Worker:
    """One process's life."""

    def __init__(self, world: World, log: Path, seed: int) -> None:
        self.world, self.log, self.chance = world, log, random.Random(seed)
        self.what, self.point, self.left = "", "", 0

    def work(self, day: int, rounds: int, what: str, point: str, nth: int) -> None:
        """So many contacts on a day."""
        self.world.now_us = NOW + day * DAY_US
        self.what, self.point, self.left = what, point, nth
        for _ in range(rounds):
            self.contact()
        print("done", flush=True)

    def contact(self) -> None:
        """Take somebody's lane, decide, claim, hand over, settle."""
        world, db = self.world, self.world.db
        customer_id = db.read_now(find, db.vault, self.chance.choice(PEOPLE))
        assert customer_id is not None
        person = Person(customer_id, 0, "")
        world.take_lane(person)
        world.new_decision(person)
        try:
            ready = world.ready(person)
            until = monotonic_us() + _GOOD_FOR_US
            effect_id = world.claim(ready, claim_until=until).effect_id
        except (Refused, Overspent, Moved):
            return  # a cap, or somebody else was faster
        except StaleEpoch:
            print("refused", flush=True)
            return
        self.at("claimed", person, effect_id)
        try:
            if self.stands(person, effect_id):
                self.at("asked", person, effect_id)
                self.leave(person, effect_id)
                self.at("handed_over", person, effect_id)
            db.write_now(self.settled, person, effect_id)
        except StaleEpoch:
            print("refused", flush=True)

    def stands(self, person: Person, effect_id: str) -> bool:
        """The way is written down, then asked whether the claim stands. Raises `StaleEpoch`."""

        def set_out(conn: Connection) -> bool:
            lanes.hold(conn, person.id, person.epoch)
            return ledger.hand_over_by(conn, effect_id, epoch=person.epoch, via="mail")

        def ask(conn: Connection) -> bool:
            now = monotonic_us()
            return ledger.still_claimed(conn, effect_id, epoch=person.epoch, monotonic_us=now)

        return self.world.db.write_now(set_out) and self.world.db.read_now(ask)

    def leave(self, person: Person, effect_id: str) -> None:
        """The letter leaves: a line of the channel's log, on disk."""
        line = {
            "id": f"<{effect_id}@soak>",
            "to": person.id,
            "date": format_datetime(instant(self.world.now_us)),
            "begun_ns": time.monotonic_ns(),
        }
        with self.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
            log.flush()
            os.fsync(log.fileno())

    def settled(self, conn: Connection, person: Person, effect_id: str) -> None:
        """It is written down that it was sent, under the lane. Raises `StaleEpoch`."""
        lanes.hold(conn, person.id, person.epoch)
        ledger.move(conn, effect_id, to=EffectStatus.SENT, at=self.world.now_us)
        note(conn, self.world, person, {"effect_id": effect_id, "status": "sent"})

    def at(self, point: str, person: Person, effect_id: str) -> None:
        """A place where it may die or stand still."""
        if point != self.point or not self.what:
            return
        self.left -= 1
        if self.left:
            return
        if self.what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        print("stands", person.id, effect_id, flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)


def note(conn: Connection, world: World, person: Person, body: dict[str, str]) -> None:
    """An entry of the journal, under the lane's epoch."""
    journal.append(
        conn,
        world.db.vault,
        customer_id=person.id,
        decision_id=person.decision_id or None,
        kind="effect",
        body=body,
        at=world.now_us,
        epoch=person.epoch,
    )


def take_over(world: World, customer_id: str, effect_id: str) -> None:
    """What another does who takes the lane of one that died or stands still: nobody knows whether
    what had set out arrived; what had not was not sent."""
    person = Person(customer_id, 0, "")
    world.take_lane(person)

    def settle(conn: Connection) -> None:
        lanes.hold(conn, customer_id, person.epoch)
        taken = ledger.reclaim(conn, effect_id, epoch=person.epoch, claim_until=1)
        row = ledger.get(conn, effect_id)
        if taken is None or row is None:
            return
        status = EffectStatus.FAILED if row.via is None else EffectStatus.UNKNOWN
        ledger.move(conn, effect_id, to=status, at=world.now_us)
        note(conn, world, person, {"effect_id": effect_id, "status": status.value})

    world.db.write_now(settle)


def main(folder: str, url: str, log: str, seed: str) -> None:
    """Work until nobody asks for more."""
    db = Place(Path(folder), url).open()
    worker = Worker(World(db), Path(log), int(seed))
    print("here", flush=True)
    for line in sys.stdin:
        worker.work(*json.loads(line))
    db.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
