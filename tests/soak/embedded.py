"""The embedded soak: one server, killed and stopped at named points while events and days pass.

A round is a share of the events, an opt-out at the desk, and a day that passes. The points at which
the server is killed or stopped in a round, drawn by the seed:

- `taking`: while a batch is on its way
- `handing_over`: as soon as the mail server has taken one letter more
- `moving_on`: while the clock moves on a day
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from tests.soak.judge import judge, read_log
from tests.soak.outcome import Soaked
from tests.soak.plant import OPENS, Plant
from tests.soak.sending import Gone, Sender, ask
from tests.soak.traffic import batches, cart_left, doings, introductions, name_of, zones_of

POINTS = ("taking", "handing_over", "moving_on")
_MODE = "/v1/agents/shopping/mode"
_DAYS_AFTER = 2
_LATEST_S = 0.2
_PATIENCE_S = 10.0
_STOPPED_S = 1.5


@dataclass(frozen=True, slots=True)
class Size:
    """How large a soak is."""

    people: int
    events: int
    rounds: int
    kills: int
    stops: int


QUICK = Size(people=60, events=600, rounds=6, kills=3, stops=1)
FULL = Size(people=2_000, events=10_000, rounds=30, kills=15, stops=10)


class Soak:
    """One run in a folder of its own."""

    def __init__(self, folder: Path, size: Size, seed: int) -> None:
        self._size, self._chance = size, random.Random(seed)
        self._sender = Sender(zones_of(size.people))
        self._plant = Plant(folder, seed)
        self._client: httpx.Client | None = None
        self._striking: threading.Thread | None = None
        self._reached = {point: threading.Event() for point in POINTS}
        self._today = datetime.fromisoformat(OPENS)
        self._kills = self._stops = 0

    def run(self) -> Soaked:
        """Soak and judge."""
        try:
            self._begin()
            share = -(-len(self._sender.left) // self._size.rounds)
            for what, point in self._faults():
                self._round(share, what, point)
            for _ in range(_DAYS_AFTER):
                self._pass_a_day()
            chain = self._plant.verified()
            self._plant.end()
            letters = read_log(self._plant.log)
            verdict = judge(self._plant.data / "usher.db", letters, self._sender.told())
        finally:
            if self._client is not None:
                self._client.close()
            self._plant.close()
        return Soaked(
            people=self._size.people,
            sent=self._sender.sent,
            kills=self._kills,
            stops=self._stops,
            letters=len(letters),
            verdict=verdict,
            chain=chain,
        )

    def _begin(self) -> None:
        """Everybody is known, the lamp is in stock, the agent has been watched and goes live."""
        client = self._client = self._plant.start()
        sender, size = self._sender, self._size
        first = [*introductions(size.people), cart_left(name_of(0), 0)]
        sender.left = batches(self._chance, first)
        sender.send(client, len(sender.left))
        lamp = {"sku": "SKU-1", "name": "Lamp", "price_minor": 12_000, "cost_minor": 6_000}
        ask(client, "PUT", "/v1/products", [{**lamp, "currency": "EUR", "stock": 100_000}])
        ask(client, "POST", "/v1/clock", {"advance": "PT1M"})
        seen = ask(client, "GET", _MODE)["seen"]
        ask(client, "PUT", _MODE, {"mode": "live", "seen": seen})
        sender.left = batches(self._chance, doings(self._chance, size.events, size.people))

    def _faults(self) -> list[tuple[str, str]]:
        """By round, what strikes and at which point; nothing in some."""
        size = self._size
        faults = ["kill"] * size.kills + ["stop"] * size.stops
        points = [POINTS[n % len(POINTS)] for n in range(len(faults))]
        quiet = [("", "")] * (size.rounds - len(faults))
        return self._chance.sample([*zip(faults, points, strict=True), *quiet], size.rounds)

    def _round(self, share: int, what: str, point: str) -> None:
        """A share of the events, an opt-out at the desk, a day; and a fault on the way."""
        if what:
            self._arm(what, point)
        self._until_done(lambda client: self._sender.send(client, share), "taking")
        leaving = name_of(self._chance.randrange(self._size.people))
        self._until_done(lambda client: self._sender.opt_out(client, leaving))
        self._pass_a_day()
        self._disarm()

    def _pass_a_day(self) -> None:
        self._today += timedelta(days=1)
        to = {"to": self._today.isoformat()}
        self._until_done(lambda client: ask(client, "POST", "/v1/clock", to), "moving_on")

    def _until_done(self, what: Callable[[httpx.Client], object], point: str = "") -> None:
        """Ask until it is answered; whenever the server was killed, start it and ask again."""
        if point:
            self._reached[point].set()
        while True:
            assert self._client is not None
            try:
                what(self._client)
                return
            except Gone:
                self._disarm()
                if not self._plant.runs:  # it ended by itself
                    raise

    # -- what strikes ----------------------------------------------------------------------------

    def _arm(self, what: str, point: str) -> None:
        for event in self._reached.values():
            event.clear()
        after = self._chance.random() * _LATEST_S
        self._striking = threading.Thread(target=self._strike, args=(what, point, after))
        self._striking.start()

    def _disarm(self) -> None:
        """What was to strike has struck; the server runs again."""
        if self._striking is not None:
            self._striking.join()
            self._striking = None
        if self._plant.down:
            assert self._client is not None
            self._client.close()
            self._client = self._plant.start()

    def _strike(self, what: str, point: str, after: float) -> None:
        """Wait for the point, and strike; after a while also where it did not come."""
        if point == "handing_over":
            size, last = self._plant.log.stat().st_size, time.monotonic() + _PATIENCE_S
            while self._plant.log.stat().st_size == size and time.monotonic() < last:
                time.sleep(0.001)
        else:
            self._reached[point].wait(_PATIENCE_S)
            time.sleep(after)
        if what == "kill":
            self._plant.kill()
            self._kills += 1
        else:
            self._plant.pause(_STOPPED_S)
            self._stops += 1
