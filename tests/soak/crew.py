"""The soak of several machines: four workers over one ledger on PostgreSQL, killed and paused.

Each day of business time one dies at a point of a hand-over and one stands still there, while the
others go on. Whoever stood still wakes up after somebody else has taken the lane: what it writes
then must be refused, and a write that was not is a stale one.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from sqlalchemy import select

from store.schema import effects
from tests.databases import MASTER, Place
from tests.postgresql import PostgreSQLServer
from tests.soak.judge import Told, read_log, verdict_of
from tests.soak.outcome import Soaked
from tests.soak.worker import PEOPLE, POINTS, take_over
from tests.source import ROOT
from tests.tools.pictures import NOW
from tests.tools.world import World
from tools.instants import DAY_US

WORKERS = 4
DAYS = 6
_ROUNDS = 20
_ZONE = "Europe/Berlin"


@dataclass
class Hand:
    """A worker and the thread that listens to it."""

    process: subprocess.Popen[str]
    killed: int = 0
    stood: int = 0
    refused: int = 0
    refused_late: int = 0


class Crew:
    """One run over a fresh database."""

    def __init__(self, folder: Path, url: str, seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._place = Place(folder / "data", url)
        self._log = folder / "crew.jsonl"
        self._log.touch()
        self._seed = seed
        self._db = self._place.open()
        self._world = World(self._db)
        self._taking = threading.Lock()
        self._hands = [self._hand(n) for n in range(WORKERS)]
        self._ended: list[Hand] = []

    def run(self) -> Soaked:
        """Work day after day, then recover and judge."""
        self._world.put_pack()
        people = {self._world.person(name).id for name in PEOPLE}
        assert len(people) == len(PEOPLE), "each is somebody else"
        try:
            for hand in self._hands:
                self._expect(hand, "here")
            for day in range(DAYS):
                self._day(day)
        finally:
            for hand in self._hands:
                hand.process.kill()
                hand.process.communicate()
            self._db.close()
        return self._judged(people)

    def _hand(self, n: int) -> Hand:
        arguments = [str(self._place.folder), str(self._place.url), str(self._log)]
        return Hand(
            subprocess.Popen(
                [sys.executable, "-m", "tests.soak.worker", *arguments, str(self._seed * 1000 + n)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )

    def _expect(self, hand: Hand, word: str) -> None:
        assert hand.process.stdout is not None
        said = hand.process.stdout.readline()
        assert said == f"{word}\n", f"a worker said {said!r} where {word!r} was expected"

    def _day(self, day: int) -> None:
        """All at once; who died is replaced, and what they had in hand is taken over."""
        self._world.now_us = NOW + day * DAY_US
        self._world.put_product(stock=100_000)
        faults = [("kill", POINTS[day % 3]), ("stop", POINTS[(day + 1) % 3]), ("", ""), ("", "")]
        at_work = [
            threading.Thread(target=self._work, args=(hand, [day, _ROUNDS, what, point, 2]))
            for hand, (what, point) in zip(self._hands, faults, strict=True)
        ]
        for thread in at_work:
            thread.start()
        for thread in at_work:
            thread.join()
        for n, hand in enumerate(self._hands):
            if hand.process.poll() is not None:
                hand.process.communicate()
                self._ended.append(hand)
                self._hands[n] = self._hand(10 * (day + 1) + n)
                self._expect(self._hands[n], "here")
        in_hand = select(effects.c.customer_id, effects.c.id).where(effects.c.status == "claimed")
        for customer_id, effect_id in self._db.read_now(lambda conn: conn.execute(in_hand).all()):
            take_over(self._world, customer_id, effect_id)

    def _work(self, hand: Hand, order: list[object]) -> None:
        """Give one its order and listen until it is done or dead."""
        process = hand.process
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        late = False
        while said := process.stdout.readline().split():
            if said[0] == "done":
                return
            if said[0] == "stands":
                hand.stood += 1
                late = True
                os.waitid(os.P_PID, process.pid, os.WSTOPPED)
                with self._taking:
                    take_over(self._world, said[1], said[2])
                process.send_signal(signal.SIGCONT)
            else:
                assert said[0] == "refused", said
                hand.refused += 1
                hand.refused_late += late
                late = False
        process.wait()
        assert process.returncode == -signal.SIGKILL, "a worker ended by itself"
        hand.killed += 1

    def _judged(self, people: set[str]) -> Soaked:
        letters = read_log(self._log)
        told = Told(answered=0, zones=dict.fromkeys(people, _ZONE), opted_out={})
        with psycopg.connect(str(self._place.url)) as conn:
            found = verdict_of(conn, letters, told)
        hands = [*self._hands, *self._ended]
        stood = sum(hand.stood for hand in hands)
        not_refused = stood - sum(hand.refused_late for hand in hands)
        return Soaked(
            people=len(people),
            sent=0,
            kills=sum(hand.killed for hand in hands),
            stops=stood,
            letters=len(letters),
            verdict=replace(found, stale=found.stale + not_refused),
            chain=self._verified(),
        )

    def _verified(self) -> bool:
        """What `usher audit verify` says of this database's chain."""
        settings = {
            "USHER_DATABASE_URL": str(self._place.url),
            "USHER_MASTER_KEY": base64.b64encode(MASTER).decode(),
            "USHER_EMBEDDER": "hashing",
            "USHER_PLANNER": "offline",
        }
        outside = {k: v for k, v in os.environ.items() if not k.startswith(("USHER_", "OPENAI_"))}
        said = subprocess.run(
            [sys.executable, "-m", "cli", "audit", "verify", "--data", str(self._place.folder)],
            cwd=ROOT,
            env={**outside, **settings},
            stdout=subprocess.DEVNULL,
            check=False,
        )
        return said.returncode == 0


def soak(folder: Path, seed: int) -> Soaked:
    """A run on a PostgreSQL of its own."""
    server = PostgreSQLServer()
    try:
        return Crew(folder, server.migrated_url(), seed).run()
    finally:
        server.stop()
