"""What nobody knows counts until somebody does, and each way out of it is taken once (P2, P3)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, select

from store import counters, ledger, uncertain
from store.database import Database
from store.ledger import Contact, EffectStatus
from store.schema import contacts
from store.schema import counters as counters_table
from tests.store.effect_of import claim, effect

S = EffectStatus
MONEY, RULE = "budget:x", "override:rule"
Moves = Callable[[Connection], bool]

WAYS: dict[str, tuple[Moves, set[EffectStatus], EffectStatus]] = {
    "nobody knows": (
        lambda conn: uncertain.nobody_knows(conn, "eff_1", at=9, reason="restored"),
        {S.CLAIMED, S.SCHEDULED},
        S.UNKNOWN,
    ),
    "it arrived": (
        lambda conn: uncertain.found_out(conn, "eff_1", reached=True, at=9, reason="ann"),
        {S.UNKNOWN},
        S.SENT,
    ),
    "it did not": (
        lambda conn: uncertain.found_out(conn, "eff_1", reached=False, at=9, reason="ann"),
        {S.UNKNOWN},
        S.FAILED,
    ),
    "too late": (
        lambda conn: uncertain.too_late(conn, "eff_1", at=9, reason="late"),
        {S.CLAIMED},
        S.EXPIRED,
    ),
}


def begin(db: Database, status: EffectStatus) -> None:
    """One effect that holds a contact, money and an exception, in this state."""
    person = db.vault.reserve(1)[0]

    def made(conn: Connection) -> None:
        first = S.SCHEDULED if status is S.SCHEDULED else S.CLAIMED
        mail = effect(person, status=first, not_before=500)
        assert claim(conn, db.vault, mail, contact=Contact(500, "2026-01-05"))
        for key in (MONEY, RULE):
            counters.set_ceiling(conn, key, 10)
            assert counters.reserve(conn, effect_id="eff_1", key=key, amount=3)
        if status not in (S.SCHEDULED, S.CLAIMED):
            assert ledger.move(conn, "eff_1", to=status, at=5)

    db.write_now(made)


def standing(db: Database) -> tuple[str, str, dict[str, tuple[int, int]]]:
    """The effect's state, its contact's, and what each counter holds and has spent."""

    def read(conn: Connection) -> tuple[str, str, dict[str, tuple[int, int]]]:
        row = ledger.get(conn, "eff_1")
        assert row is not None
        state = conn.execute(select(contacts.c.state)).scalar_one()
        held = {r.key: (r.reserved, r.committed) for r in conn.execute(select(counters_table))}
        return str(row.status), str(state), held

    return db.read_now(read)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("status", [S.SCHEDULED, S.CLAIMED, S.SENT, S.UNKNOWN, S.FAILED])
def test_p2_each_way_starts_where_it_may_and_is_taken_once(
    any_database: Database, status: EffectStatus, way: str
) -> None:
    db = any_database
    begin(db, status)
    before = standing(db)
    move, sources, to = WAYS[way]
    taken = db.write_now(move)
    assert taken == (status in sources)
    after = standing(db)
    if not taken:
        assert after == before
        return
    assert not db.write_now(move)
    assert standing(db) == after
    reached = to in (S.UNKNOWN, S.SENT)
    held = {MONEY: (3, 0), RULE: (0, 3)} if reached else {MONEY: (0, 0), RULE: (0, 0)}
    assert after == (to.value, "committed" if reached else "released", held)


def test_what_waits_for_a_person_is_counted_and_listed(any_database: Database) -> None:
    begin(any_database, S.UNKNOWN)
    assert any_database.read_now(uncertain.count) == 1
    found = any_database.read_now(uncertain.listing, status="unknown", after=None, limit=5)
    assert [row.id for row in found] == ["eff_1"]
    assert not any_database.read_now(uncertain.listing, status="sent", after=None, limit=5)
    assert not any_database.read_now(uncertain.listing, status=None, after="eff_1", limit=5)
