"""What is held is found again when people let go: everybody's, or one customer's."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from store import held, wakeups
from store.database import Database
from store.schema import effects
from store.schema import wakeups as table
from tests.tools.world import World

NOW = 1_000


def test_everything_that_is_held_is_due_again_and_nothing_else(any_database: Database) -> None:
    world = World(any_database)
    world.put_pack()
    world.put_product()
    people = [world.person(f"p{k}") for k in range(3)]
    made = [world.claim(world.ready(person)).effect_id for person in people]
    hours = {made[0]: NOW - 1, made[1]: NOW + 1, made[2]: NOW}

    def queue(conn: Connection) -> None:
        for effect_id, not_before in hours.items():
            conn.execute(
                update(effects)
                .where(effects.c.id == effect_id)
                .values(status="scheduled", not_before=not_before)
            )
        for person, effect_id in zip(people, made, strict=True):
            held.keep(conn, effect_id=effect_id, at=0, customer_id=person.id, journey_id="jrn_1")
        wakeups.schedule(
            conn, kind=held.HELD_BACK, ref="dec_1", due_at=9_999, customer_id=people[1].id
        )

    def due(conn: Connection) -> set[str]:
        return {row.ref for row in conn.execute(select(table).where(table.c.state == "due"))}

    db = any_database
    db.write_now(queue)
    assert db.read_now(due) == set()
    assert db.write_now(held.take_up, now_us=NOW, customer_id=people[0].id) == [people[0].id]
    assert db.read_now(due) == {made[0]}
    assert db.write_now(held.take_up, now_us=NOW) == sorted(person.id for person in people)
    assert db.read_now(due) == {made[0], made[2], "dec_1"}
