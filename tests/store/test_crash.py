"""Killed at any moment, the store keeps all it answered, whole, and its chains hold (P7, P8)."""

from __future__ import annotations

import random

from sqlalchemy import select

from store import audit
from store.schema import contacts, effects, journal, reservations
from store.schema import counters as counters_table
from tests.databases import Place
from tests.processes import start

WRITER = """
import asyncio, sys
from pathlib import Path
from store import anchors, counters, journal, lanes, ledger
from store.database import Database
from tests.store.effect_of import claim, effect
from store.ledger import Contact

folder, url, life = sys.argv[1], sys.argv[2] or None, sys.argv[3]
db = Database.open(Path(folder), url=url, master=bytes(range(32)))
db.write_now(counters.set_ceiling, "budget:x", 10_000_000)

def unit(conn, person, n):
    new = effect(person, n, id=f"eff_{life}_{n}", idempotency_key=f"{life}:{n}")
    assert claim(conn, db.vault, new, contact=Contact(n, "2026-01-05"))
    assert counters.reserve(conn, effect_id=new.id, key="budget:x", amount=3)
    journal.append(conn, db.vault, customer_id=person, decision_id=new.id, kind="effect",
                   body={"n": n}, at=n, epoch=0)
    if n % 25 == 0:
        anchors.anchor(conn, db.vault, at=n)
    return new.id

async def client(person, numbers):
    for n in numbers:
        print(await db.write(unit, person, n), flush=True)

async def main():
    people = db.vault.reserve(8)
    await asyncio.gather(*(client(p, range(i, 100_000, 8)) for i, p in enumerate(people)))

asyncio.run(main())
"""


def live_and_die(place: Place, life: int, answers: int) -> list[str]:
    """Let a writer answer so many units, kill it, and gather all that it had answered."""
    process = start(WRITER, place.folder, place.url or "", f"l{life}")
    assert process.stdout is not None
    answered = [process.stdout.readline().strip() for _ in range(answers)]
    process.kill()
    rest = process.stdout.read().splitlines(keepends=True)
    process.communicate()
    return answered + [line.strip() for line in rest if line.endswith("\n")]


def test_p7_p8_what_was_answered_is_there_after_any_death(any_place: Place) -> None:
    chance = random.Random(7)
    answered: list[str] = []
    for life in range(3):
        answered += live_and_die(any_place, life, chance.randrange(1, 120))
        db = any_place.open()
        report = db.read_now(audit.verify, db.vault)
        assert report.intact, report.problems
        kept = set(db.read_now(lambda conn: conn.execute(select(effects.c.id)).scalars().all()))
        assert set(answered) <= kept
        for table in (journal.c.decision_id, reservations.c.effect_id, contacts.c.effect_id):
            also = db.read_now(lambda conn, t=table: conn.execute(select(t)).scalars().all())
            assert sorted(also) == sorted(kept), "a unit is there whole or not at all"
        budget = db.read_now(lambda conn: conn.execute(select(counters_table)).one())
        assert (budget.reserved, budget.committed) == (3 * len(kept), 0)
        for row in db.read_now(lambda conn: conn.execute(select(effects)).all()):
            assert db.vault.open_json("effects.body", row.body_sealed)
        db.close()
    assert len(answered) > 3
