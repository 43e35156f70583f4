"""Ledger, counters and contacts together, in any order of claims, moves and new ceilings (P2, P3).

A plain model says what should stand; the database is asked after every step. Units fail when all is
written, and the database is closed and opened again, wherever the search wants it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, select

from store import counters, ledger
from store.ledger import MOVES, Contact, EffectStatus
from store.schema import contacts
from store.schema import counters as counters_table
from tests.databases import Place
from tests.postgresql import PostgreSQLServer
from tests.store.effect_of import claim, effect

S = EffectStatus
KEYS = ("budget:x", "stock:lamp")
BACK = {S.FAILED, S.PREEMPTED, S.CANCELLED, S.EXPIRED}


class Spending(RuleBasedStateMachine):
    """Effects that reserve from two counters, move, are charged and are given back."""

    known = Bundle("known")

    @initialize(ceilings=st.tuples(st.integers(0, 60), st.integers(0, 60)))
    def begin(self, ceilings: tuple[int, int]) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.place = self.fresh(Path(self.folder.name))
        self.db = self.place.open()
        self.person = self.db.vault.reserve(1)[0]
        self.ceiling = dict(zip(KEYS, ceilings, strict=True))
        for key, ceiling in self.ceiling.items():
            self.db.write_now(counters.set_ceiling, key, ceiling)
        self.highest, self.starts = dict(self.ceiling), 1
        self.status: dict[str, EffectStatus] = {}
        self.held: dict[tuple[str, str], int] = {}
        self.spent = dict.fromkeys(KEYS, 0)
        self.places: dict[str, str] = {}

    def fresh(self, folder: Path) -> Place:
        """Where this run's database lives."""
        return Place(folder)

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.db.close()
            self.folder.cleanup()

    @rule(key=st.integers(1, 12), amount=st.integers(1, 30))
    def dies_inside(self, key: int, amount: int) -> None:
        """All of it is written, and then the unit fails."""
        new = effect(self.person, key, id=f"eff_lost_{key}", idempotency_key=f"lost:{key}")

        def unit(conn: Connection) -> None:
            claim(conn, self.db.vault, new, contact=Contact(key, "2026-01-05"))
            for counter in KEYS:
                counters.reserve(conn, effect_id=new.id, key=counter, amount=amount)
            for effect_id in list(self.status):
                ledger.move(conn, effect_id, to=S.CANCELLED, at=9)
            raise LookupError

        with pytest.raises(LookupError):
            self.db.write_now(unit)

    @precondition(lambda self: getattr(self, "starts", 2) < 2)
    @rule()
    def starts_again(self) -> None:
        self.starts += 1
        self.db.close()
        self.db = self.place.open()

    @rule(
        target=known,
        key=st.integers(1, 12),
        amounts=st.tuples(st.integers(1, 30), st.integers(1, 30)),
        status=st.sampled_from([S.CLAIMED, S.SCHEDULED]),
    )
    def claim(self, key: int, amounts: tuple[int, int], status: EffectStatus) -> object:
        """Claim and reserve in one unit, as the gate does; all of it or nothing."""
        new = effect(self.person, key, status=status)

        def unit(conn: Connection) -> bool:
            if not claim(conn, self.db.vault, new, contact=Contact(key, "2026-01-05")):
                return False
            for counter, amount in zip(KEYS, amounts, strict=True):
                if not counters.reserve(conn, effect_id=new.id, key=counter, amount=amount):
                    raise OverflowError
            return True

        try:
            added = self.db.write_now(unit)
        except OverflowError:
            fits = all(
                self.taken(c) + a <= self.ceiling[c] for c, a in zip(KEYS, amounts, strict=True)
            )
            assert not fits and new.id not in self.status
            return multiple()
        assert added == (new.id not in self.status)
        if added:
            self.status[new.id] = status
            self.places[new.id] = "reserved"
            self.held |= {(new.id, c): a for c, a in zip(KEYS, amounts, strict=True)}
        return new.id

    @rule(effect_id=known, to=st.sampled_from(list(S)))
    def move(self, effect_id: str, to: EffectStatus) -> None:
        moved = self.db.write_now(ledger.move, effect_id, to=to, at=9)
        assert moved == (self.status[effect_id] in MOVES[to])
        if not moved:
            return
        self.status[effect_id] = to
        if to in BACK:
            self.places[effect_id] = "released"
            for key in KEYS:
                self.held.pop((effect_id, key), None)
        elif to in (S.SENT, S.UNKNOWN):
            self.places[effect_id] = "committed"

    @rule(effect_id=known, key=st.sampled_from(KEYS))
    def charge(self, effect_id: str, key: str) -> None:
        moved = self.db.write_now(counters.commit, effect_id, prefix=key)
        assert moved == ((effect_id, key) in self.held)
        self.spent[key] += self.held.pop((effect_id, key), 0)

    @rule(effect_id=consumes(known))
    def give_back(self, effect_id: str) -> None:
        held = [key for key in KEYS if self.held.pop((effect_id, key), None)]
        assert self.db.write_now(counters.release, effect_id) == len(held)

    @rule(key=st.sampled_from(KEYS), ceiling=st.integers(0, 80))
    def new_ceiling(self, key: str, ceiling: int) -> None:
        self.db.write_now(counters.set_ceiling, key, ceiling)
        self.ceiling[key] = ceiling
        # A lower ceiling takes nothing back: what was held under a higher one stays.
        self.highest[key] = max(ceiling, self.taken(key))

    @invariant()
    def stands_as_it_should(self) -> None:
        if not hasattr(self, "db"):
            return
        for key in KEYS:
            assert self.db.read_now(counters.left, key) == self.ceiling[key] - self.taken(key)
        rows = self.db.read_now(lambda conn: conn.execute(select(counters_table)).all())
        for row in rows:
            reserved = sum(a for (_, key), a in self.held.items() if key == row.key)
            assert (row.reserved, row.committed) == (reserved, self.spent[row.key])
            assert min(row.reserved, row.committed) >= 0
            assert row.reserved + row.committed <= max(row.ceiling, self.highest[row.key])
        places = self.db.read_now(
            lambda conn: conn.execute(select(contacts.c.effect_id, contacts.c.state)).all()
        )
        assert dict(tuple(place) for place in places) == self.places

    def taken(self, key: str) -> int:
        """What is reserved or spent of a counter."""
        return self.spent[key] + sum(a for (_, k), a in self.held.items() if k == key)


QUICK = settings(max_examples=8, stateful_step_count=20, deadline=None)
LONG = settings(max_examples=300, stateful_step_count=40, deadline=None)


def machine(kind: str, server: PostgreSQLServer) -> type[Spending]:
    """The machine on databases of this kind."""

    class OnPostgreSQL(Spending):
        def fresh(self, folder: Path) -> Place:
            return Place(folder, server.migrated_url())

        def teardown(self) -> None:
            super().teardown()
            if hasattr(self, "place") and self.place.url is not None:
                server.give_back(self.place.url)

    return Spending if kind == "sqlite" else OnPostgreSQL


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_p2_p3_what_is_held_is_what_effects_hold(
    kind: str, postgresql_server: PostgreSQLServer
) -> None:
    run_state_machine_as_test(machine(kind, postgresql_server), settings=QUICK)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_p2_p3_what_is_held_is_what_effects_hold_for_long(
    kind: str, postgresql_server: PostgreSQLServer
) -> None:
    run_state_machine_as_test(machine(kind, postgresql_server), settings=LONG)
