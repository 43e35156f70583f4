"""The ledger: one effect a key, one way through its states, everything held given back once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
from sqlalchemy import Connection, func, select

from store import counters, lanes, ledger
from store.database import Database
from store.ledger import MOVES, Contact, EffectStatus
from store.schema import contacts, effects
from store.schema import counters as counters_table
from tests.store.effect_of import claim, effect

S = EffectStatus
HELD = {S.CLAIMED, S.SCHEDULED}


def row(db: Database, effect_id: str = "eff_1") -> object:
    return db.read_now(ledger.get, effect_id)


def contact_of(db: Database, effect_id: str = "eff_1") -> tuple[int, str, str]:
    def read(conn: Connection) -> tuple[int, str, str]:
        found = conn.execute(select(contacts).where(contacts.c.effect_id == effect_id)).one()
        return found.at, found.local_day, found.state

    return db.read_now(read)


def budget(db: Database) -> tuple[int, int]:
    def read(conn: Connection) -> tuple[int, int]:
        found = conn.execute(select(counters_table)).one()
        return found.reserved, found.committed

    return db.read_now(read)


def brought_to(db: Database, person: str, status: EffectStatus, *, amount: int = 0) -> None:
    """One effect, moved lawfully to this state."""
    way = {
        S.CLAIMED: [S.CLAIMED],
        S.SCHEDULED: [S.SCHEDULED],
        S.SENT: [S.CLAIMED, S.SENT],
        S.UNKNOWN: [S.CLAIMED, S.UNKNOWN],
        S.FAILED: [S.CLAIMED, S.FAILED],
        S.PREEMPTED: [S.SCHEDULED, S.PREEMPTED],
        S.CANCELLED: [S.SCHEDULED, S.CANCELLED],
        S.EXPIRED: [S.SCHEDULED, S.EXPIRED],
    }[status]

    def begin(conn: Connection) -> None:
        assert claim(
            conn,
            db.vault,
            effect(person, status=way[0], not_before=500),
            contact=Contact(500, "2026-01-05"),
        )
        if amount:
            counters.set_ceiling(conn, "budget:x", 100)
            assert counters.reserve(conn, effect_id="eff_1", key="budget:x", amount=amount)

    db.write_now(begin)
    for step in way[1:]:
        assert db.write_now(ledger.move, "eff_1", to=step, at=200)


@pytest.fixture
def ada(any_database: Database) -> str:
    return any_database.vault.reserve(1)[0]


def test_what_is_claimed_is_written_whole_and_sealed(any_database: Database, ada: str) -> None:
    db = any_database
    assert db.write_now(claim, db.vault, effect(ada, amount_minor=500, currency="EUR"))
    found = db.read_now(ledger.get, "eff_1")
    assert found is not None
    assert (found.status, found.amount_minor, found.currency) == ("claimed", 500, "EUR")
    assert (found.claimed_at, found.claim_epoch, found.claim_until) == (100, 0, 30)
    assert found.settled_at is None and b"ada" not in found.body_sealed
    body = db.vault.open_json("effects.body", found.body_sealed)
    assert body == {"to": "ada@customer.example"}
    assert db.read_now(ledger.by_key, "dec_1:1") == found
    assert db.read_now(ledger.by_key, "dec_1:2") is None


def test_what_is_sent_at_once_is_settled_at_once(any_database: Database, ada: str) -> None:
    db = any_database
    db.write_now(claim, db.vault, effect(ada, status=S.SENT))
    found = db.read_now(ledger.get, "eff_1")
    assert found is not None and found.settled_at == 100


def test_p3_one_effect_a_key_however_many_claim_at_once(any_database: Database, ada: str) -> None:
    db = any_database

    def try_it(n: int) -> bool:
        new = effect(ada, n, idempotency_key="dec_1:call_1")
        return db.write_now(claim, db.vault, new, contact=Contact(1, "2026-01-05"))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_it, range(24))) == 1

    def count(conn: Connection) -> list[int]:
        return [
            int(conn.execute(select(func.count()).select_from(table)).scalar_one())
            for table in (effects, contacts)
        ]

    assert db.read_now(count) == [1, 1]


def test_p3_a_second_claim_of_a_key_changes_nothing(any_database: Database, ada: str) -> None:
    db = any_database
    assert db.write_now(claim, db.vault, effect(ada))
    before = row(db)
    other = effect(ada, 2, idempotency_key="dec_1:1", score=9, body={"to": "other"})
    assert not db.write_now(claim, db.vault, other, contact=Contact(1, "2026-01-05"))
    assert row(db) == before and row(db, "eff_2") is None


@pytest.mark.parametrize(("source", "target"), list(product(S, S)), ids=str)
def test_p3_an_effect_moves_only_along_its_way(
    db: Database, source: EffectStatus, target: EffectStatus
) -> None:
    ada = db.vault.reserve(1)[0]
    brought_to(db, ada, source)
    before = row(db)
    moved = db.write_now(ledger.move, "eff_1", to=target, at=300, reason="tried")
    assert moved == (source in MOVES[target])
    found = db.read_now(ledger.get, "eff_1")
    assert found is not None
    if moved:
        assert (found.status, found.reason) == (target.value, "tried")
        assert (found.settled_at is None) == (target in HELD)
    else:
        assert found == before


def test_nobody_comes_back_from_an_end() -> None:
    ends = {S.SENT, S.FAILED, S.PREEMPTED, S.CANCELLED, S.EXPIRED}
    assert not [(s, t) for t, sources in MOVES.items() for s in sources if s in ends]
    assert set(MOVES) == set(S)


@pytest.mark.parametrize("status", list(S))
def test_p2_what_reached_nobody_gives_everything_back(
    any_database: Database, ada: str, status: EffectStatus
) -> None:
    brought_to(any_database, ada, status, amount=40)
    gone = status in {S.FAILED, S.PREEMPTED, S.CANCELLED, S.EXPIRED}
    assert budget(any_database) == ((0, 0) if gone else (40, 0))
    place = {True: "released", False: "reserved" if status in HELD else "committed"}[gone]
    assert contact_of(any_database)[2] == place
    counted = any_database.read_now(ledger.contacts_since, ada, 0)
    assert len(counted) == (0 if gone else 1)


def test_p2_of_many_who_settle_at_once_one_wins_and_all_is_given_back_once(
    any_database: Database, ada: str
) -> None:
    db = any_database
    brought_to(db, ada, S.CLAIMED, amount=40)
    ways = [S.FAILED, S.CANCELLED, S.FAILED, S.CANCELLED] * 4
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda to: db.write_now(ledger.move, "eff_1", to=to, at=300), ways))
    assert sum(won) == 1
    assert budget(db) == (0, 0)


def test_an_unknown_that_a_person_settles_as_failed_gives_its_place_back(
    any_database: Database, ada: str
) -> None:
    db = any_database
    brought_to(db, ada, S.UNKNOWN, amount=40)
    assert budget(db) == (40, 0) and contact_of(db)[2] == "committed"
    assert db.write_now(ledger.move, "eff_1", to=S.FAILED, at=400)
    assert budget(db) == (0, 0) and contact_of(db)[2] == "released"


def test_p3_a_claim_stands_for_its_epoch_its_time_and_its_lane(
    any_database: Database, ada: str
) -> None:
    db = any_database
    db.write_now(claim, db.vault, effect(ada), claim_until=30)

    def stands(epoch: int = 0, at: int = 29) -> bool:
        return db.read_now(ledger.still_claimed, "eff_1", epoch=epoch, monotonic_us=at)

    assert stands()
    assert not stands(at=30), "a claim is good until its time, not at it"
    assert not stands(epoch=1)
    db.write_now(lanes.take, ada)
    assert not stands() and not stands(epoch=1)


def test_p3_what_was_stopped_is_not_handed_over(any_database: Database, ada: str) -> None:
    db = any_database
    db.write_now(claim, db.vault, effect(ada))
    db.write_now(ledger.move, "eff_1", to=S.CANCELLED, at=200, reason="unsubscribed")
    assert not db.read_now(ledger.still_claimed, "eff_1", epoch=0, monotonic_us=0)
    assert not db.write_now(ledger.move, "eff_1", to=S.SENT, at=201)


@pytest.mark.parametrize("arrived", [True, False])
def test_p2_what_was_stopped_on_its_way_holds_its_place_until_somebody_knows(
    any_database: Database, ada: str, arrived: bool
) -> None:
    """Else its place, and what it promised, would be given away before it arrives after all."""
    db = any_database
    brought_to(db, ada, S.CLAIMED, amount=40)
    assert db.write_now(ledger.hand_over_by, "eff_1", epoch=0, via="mail")
    assert db.write_now(ledger.move, "eff_1", to=S.CANCELLED, at=200, reason="unsubscribed")
    assert not db.read_now(ledger.still_claimed, "eff_1", epoch=0, monotonic_us=0)
    assert budget(db) == (40, 0) and contact_of(db)[2] == "reserved"
    if arrived:
        assert db.write_now(ledger.sent_after_all, "eff_1", to=S.SENT, at=300)
        db.write_now(ledger.stopped_in_time, "eff_1")
        assert budget(db) == (40, 0) and contact_of(db)[2] == "committed"
    else:
        db.write_now(ledger.stopped_in_time, "eff_1")
        assert budget(db) == (0, 0) and contact_of(db)[2] == "released"
        assert not db.write_now(ledger.move, "eff_1", to=S.SENT, at=300)


def test_p2_what_waits_again_after_a_try_is_on_no_way(any_database: Database, ada: str) -> None:
    db = any_database
    brought_to(db, ada, S.CLAIMED, amount=40)
    db.write_now(ledger.hand_over_by, "eff_1", epoch=0, via="mail")
    db.write_now(ledger.move, "eff_1", to=S.SCHEDULED, at=200, not_before=900)
    assert db.write_now(ledger.move, "eff_1", to=S.CANCELLED, at=300, reason="unsubscribed")
    assert budget(db) == (0, 0) and contact_of(db)[2] == "released"


def test_p4_an_open_claim_is_taken_over_by_a_newer_epoch_only(
    any_database: Database, ada: str
) -> None:
    db = any_database
    db.write_now(claim, db.vault, effect(ada))
    epoch = db.write_now(lanes.take, ada)
    reclaim = ledger.reclaim
    assert db.write_now(reclaim, "eff_1", epoch=epoch, claim_until=90) == "email"
    assert db.read_now(ledger.still_claimed, "eff_1", epoch=epoch, monotonic_us=89)
    assert db.write_now(reclaim, "eff_1", epoch=epoch, claim_until=99) is None
    assert db.write_now(reclaim, "eff_1", epoch=0, claim_until=99) is None
    db.write_now(ledger.move, "eff_1", to=S.SENT, at=200)
    assert db.write_now(reclaim, "eff_1", epoch=epoch + 1, claim_until=99) is None
    assert db.write_now(reclaim, "eff_none", epoch=9, claim_until=99) is None


def test_p3_a_claim_goes_by_one_channel_which_is_written_down_before(
    any_database: Database, ada: str
) -> None:
    db = any_database
    db.write_now(claim, db.vault, effect(ada))

    def by(via: str, epoch: int = 0) -> bool:
        return db.write_now(ledger.hand_over_by, "eff_1", epoch=epoch, via=via)

    assert not by("mail", epoch=1)
    assert by("mail") and by("mail")
    assert not by("other"), "what was begun by one channel is not begun by another"
    row = db.read_now(ledger.get, "eff_1")
    assert row is not None and row.via == "mail"
    db.write_now(ledger.move, "eff_1", to=S.SCHEDULED, at=150, not_before=900)
    take = {"now_us": 900, "local_day": "2026-01-07", "claim_until": 99}
    assert db.write_now(ledger.take_for_handover, "eff_1", epoch=0, **take)
    assert by("other"), "and what came back unsent sets out anew"
    db.write_now(ledger.move, "eff_1", to=S.CANCELLED, at=1_000, reason="unsubscribed")
    assert not by("other")


def test_a_scheduled_effect_is_claimed_for_its_hand_over_once(
    any_database: Database, ada: str
) -> None:
    db = any_database
    brought_to(db, ada, S.SCHEDULED)
    epoch = db.write_now(lanes.take, ada)

    def take() -> bool:
        return db.write_now(
            ledger.take_for_handover,
            "eff_1",
            epoch=epoch,
            now_us=900,
            local_day="2026-01-07",
            claim_until=99,
        )

    assert take() and not take()
    assert db.read_now(ledger.still_claimed, "eff_1", epoch=epoch, monotonic_us=98)
    assert contact_of(db) == (900, "2026-01-07", "reserved"), "it counts when it goes out"


def test_p2_what_is_put_off_counts_on_its_new_day(any_database: Database, ada: str) -> None:
    db = any_database
    brought_to(db, ada, S.SCHEDULED)
    assert db.write_now(ledger.postpone, "eff_1", not_before=700, local_day="2026-01-06")
    assert contact_of(db) == (700, "2026-01-06", "reserved")
    found = db.read_now(ledger.get, "eff_1")
    assert found is not None and found.not_before == 700


def test_p2_what_was_sent_cannot_be_put_off(any_database: Database, ada: str) -> None:
    db = any_database
    brought_to(db, ada, S.SENT)
    assert not db.write_now(ledger.postpone, "eff_1", not_before=700, local_day="2026-01-06")
    assert contact_of(db) == (500, "2026-01-05", "committed")


def test_open_effects_are_the_persons_own_oldest_first(any_database: Database, ada: str) -> None:
    db = any_database
    bo = db.vault.reserve(1)[0]
    for n, (person, status) in enumerate(
        [(ada, S.SCHEDULED), (ada, S.CLAIMED), (bo, S.CLAIMED), (ada, S.SENT)], 1
    ):
        db.write_now(claim, db.vault, effect(person, n, status=status))
    found = db.read_now(ledger.open_effects, ada, [S.CLAIMED, S.SCHEDULED])
    assert [r.id for r in found] == ["eff_1", "eff_2"]
    assert db.read_now(ledger.open_effects, ada, []) == []


def test_contacts_count_from_after_an_instant_and_into_the_future(
    any_database: Database, ada: str
) -> None:
    db = any_database
    for n, at in enumerate([100, 200, 9_000], 1):
        db.write_now(claim, db.vault, effect(ada, n), contact=Contact(at, "2026-01-05"))
    assert [c.at for c in db.read_now(ledger.contacts_since, ada, 100)] == [200, 9_000]
