"""A process that is killed inside a claim leaves nothing half done (P2, P3)."""

from __future__ import annotations

import subprocess
import sys

from sqlalchemy import select

from customers.resolve import find
from store.ledger import EffectStatus
from store.schema import offers
from tests.databases import Place
from tests.source import ROOT
from tests.tools.world import LAMP, MONTH, Person, World


def killed_inside(place: Place) -> None:
    """Let a process of its own claim, and kill it before it can commit."""
    where = [str(place.folder)] if place.url is None else [str(place.folder), place.url]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.tools.claiming_process", *where],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.kill()
    assert said == "inside\n"


def test_p2_a_claim_that_was_killed_has_not_happened_and_can_happen_again(
    any_place: Place,
) -> None:
    db = any_place.open()
    world = World(db)
    world.put_pack()
    world.put_product()
    db.close()
    killed_inside(any_place)
    db = any_place.open()
    try:
        world = World(db)
        rows = world.rows()
        assert (rows["effects"], rows["offers"], rows["contacts"]) == (1, 1, 0)
        assert world.counter(MONTH) == (500_000, 1_000, 0)
        assert world.counter(LAMP) == (0, 0, 0)
        customer_id = db.read_now(find, db.vault, "ada")
        assert customer_id is not None
        row = db.read_now(lambda conn: conn.execute(select(offers)).one())
        person = Person(customer_id, 0, row.decision_id)
        world.take_lane(person)
        args = world.letter("cart_reminder_offer", offer_id=row.id)
        claimed = world.do(person, "send_email", args)
        assert (claimed.status, claimed.fresh) == (EffectStatus.CLAIMED, True)
        assert world.counter(LAMP) == (100, 1, 0)
        assert world.do(person, "send_email", args).effect_id == claimed.effect_id
    finally:
        db.close()
