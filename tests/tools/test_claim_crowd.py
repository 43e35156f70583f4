"""Processes that claim for the same people at once, die and come back: never one over (P2).

Each takes lanes from the others or believes to hold one (P4). What left is written down outside by
the test's own hand; caps, money, stock and offers are then counted from the rows by a second,
independent way, and beside what left.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table, select

from store.schema import contacts, effects, offers, reservations
from store.schema import counters as counters_table
from tests.databases import Place
from tests.source import ROOT
from tests.tools.crowd import PEOPLE, POINTS
from tests.tools.world import LAMP, MONTH, World

CONTACTS, OFFERS, MONEY, STOCK = 4, 3, 5_999, 7
PACK = (
    ("version: 1", "version: 2"),
    ("max: 3,", f"max: {CONTACTS},"),
    ("max: 1,", "max: 1000,"),
    ("limit_minor: 500000", f"limit_minor: {MONEY}"),
    ("avoid_when: customer.days_since_last_code < params.code_rest_days",
     "avoid_when: customer.days_since_last_code == 1"),
    ("quiet_hours: {from",
     f"  - {{id: codes, on: [offer], max: {OFFERS}, window: {{rolling: P30D}}, per: person,"
     " obeys: {}, because: Codes are rare}\n\nquiet_hours: {from"),
)  # fmt: skip
HOLDS = {"claimed", "scheduled", "sent", "unknown"}


class Crowd:
    """The processes of one test, and what left."""

    def __init__(self, place: Place, log: Path) -> None:
        self.place, self.log = place, log
        where = [str(place.folder), place.url or "-", str(log)]
        self._mother = subprocess.Popen(
            [sys.executable, "-m", "tests.tools.crowd", *where],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *_: object) -> None:
        self._mother.communicate()

    def run(self, *lives: tuple[int, int, str, int]) -> list[int]:
        """Let them live at the same time (seed, rounds, where to die, the how manieth time)."""
        assert self._mother.stdin is not None and self._mother.stdout is not None
        self._mother.stdin.write(json.dumps(lives) + "\n")
        self._mother.stdin.flush()
        ends: list[int] = json.loads(self._mother.stdout.readline())
        return ends

    def left(self) -> list[tuple[str, str]]:
        """Person and effect of every letter that left."""
        if not self.log.exists():
            return []
        lines = self.log.read_text().splitlines()
        return [(line.split()[0], line.split()[1]) for line in lines]


def begin(place: Place) -> None:
    db = place.open()
    world = World(db)
    world.put_pack(*PACK)
    world.put_product(stock=STOCK)
    world.put_product("shade", stock=100_000)
    for name in PEOPLE:
        world.person(name, segment="gold")
    db.close()


def rows(conn: Connection, table: Table) -> list[Any]:
    return list(conn.execute(select(table)).all())


def check(crowd: Crowd) -> Counter[str]:
    """Nothing is one over, and every sum is what the effects say; how much of each is used."""
    db = crowd.place.open()
    try:
        world = World(db)
        made = {row.id: row for row in db.read_now(rows, effects)}
        kept = db.read_now(rows, contacts)
        codes = db.read_now(rows, offers)
        held = db.read_now(rows, reservations)
        pots = {row.key: row for row in db.read_now(rows, counters_table)}
        sums = {key: world.counter(key) for key in (MONTH, LAMP)}
    finally:
        db.close()
    used: Counter[str] = Counter()
    counting = {row.effect_id for row in kept if row.state != "released"}
    letters = {row.id for row in made.values() if row.kind == "contact" and row.status in HOLDS}
    assert counting == letters, (
        "a place in the caps for each letter that may have come, and no more"
    )
    for row in made.values():
        if row.id in letters:
            used[f"contacts:{row.customer_id}"] += 1
    for code in codes:
        used[f"offers:{code.customer_id}"] += 1
    for key, most in (("contacts", CONTACTS), ("offers", OFFERS)):
        assert all(n <= most for name, n in used.items() if name.startswith(key)), used
    out = crowd.left()
    assert len(set(out)) == len(out), "no letter left twice"
    assert all(n <= CONTACTS for n in Counter(person for person, _ in out).values()), out
    assert {effect_id for _, effect_id in out} <= letters, "what left counts"
    for key, pot in pots.items():
        mine = [row for row in held if row.counter == key]
        assert pot.reserved == sum(row.amount for row in mine if row.state == "reserved")
        assert pot.committed == sum(row.amount for row in mine if row.state == "committed")
        assert 0 <= pot.reserved + pot.committed <= pot.ceiling, key
        used[key] = pot.reserved + pot.committed
    assert {row.effect_id for row in held} <= made.keys(), "nothing is held for nobody"
    assert set(pots) <= set(sums)
    return used


def crowd_of(place: Place, folder: Path, *, many: int, rounds: int, waves: int) -> None:
    """In each wave all but one die somewhere; then somebody recovers, and the next wave begins."""
    begin(place)
    with Crowd(place, folder / "left") as crowd:
        for wave in range(waves):
            dying = [
                (100 * wave + n, rounds, POINTS[(wave * many + n) % len(POINTS)], 1 + wave % 2)
                for n in range(many)
            ]
            ends = crowd.run(*dying, (100 * wave + 99, rounds // 4, "-", 0))
            assert set(ends) <= {0, -signal.SIGKILL} and -signal.SIGKILL in ends, ends
            check(crowd)
            assert crowd.run((wave, 0, "recover", 0)) == [0]
            check(crowd)
        assert crowd.run((7, 2 * rounds, "-", 0), (8, 2 * rounds, "-", 0)) == [0, 0]
    used = check(crowd)
    # All there is was wanted, so what is left is too little for one more.
    assert used[LAMP] == STOCK or each(used, "contacts:") == [CONTACTS] * len(PEOPLE), used
    assert MONEY - used[MONTH] < 1_000 or each(used, "offers:") == [OFFERS] * len(PEOPLE), used


def each(used: Counter[str], what: str) -> list[int]:
    return [n for name, n in used.items() if name.startswith(what)]


def test_p2_p4_a_dying_crowd_is_never_one_over(any_place: Place, tmp_path: Path) -> None:
    crowd_of(any_place, tmp_path, many=len(POINTS), rounds=12, waves=1)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_p2_p4_a_larger_crowd_is_never_one_over(any_place: Place, tmp_path: Path) -> None:
    crowd_of(any_place, tmp_path, many=6, rounds=40, waves=8)
