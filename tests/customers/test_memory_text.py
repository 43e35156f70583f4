"""Memories: kept once, sealed, indexed under the key of whoever they belong to."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, select, update

from customers import memory_text
from customers.resolve import find
from store.schema import customers, memories
from store.sealing import Erased
from tests.customers.people import NOW, Town, identify, track


def complain(town: Town, user: str, text: str, at: int = NOW) -> str:
    return town.who(track("Complaint Received", user, text=text), at=at)


def waiting(town: Town) -> dict[str, str]:
    rows = town.db.read_now(memory_text.not_indexed, limit=10)
    return {row.id: row.customer_id for row in rows}


def test_a_memory_is_kept_once_and_sealed(any_town: Town) -> None:
    ada = complain(any_town, "ada", "  The lamp is too bright.  ")
    row = any_town.db.read_now(memory_text.of_customer, ada)[0]
    assert memory_text.text_of(any_town.vault, row) == "The lamp is too bright."
    assert b"lamp" not in row.text_sealed
    again = any_town.run(
        memory_text.remember,
        any_town.vault,
        memory_id=row.id,
        customer_id=ada,
        kind="complaint",
        text="other words",
        source_id=None,
        at=NOW,
    )
    assert not again


def test_the_newest_memories_come_first_and_never_all(town: Town) -> None:
    for n in range(5):
        ada = complain(town, "ada", f"word {n}", at=NOW - n)
    rows = town.db.read_now(memory_text.of_customer, ada, limit=3)
    assert [memory_text.text_of(town.vault, r) for r in rows] == ["word 0", "word 1", "word 2"]


def test_a_memory_that_went_over_to_somebody_else_is_indexed_anew(any_town: Town) -> None:
    old = complain(any_town, "ada", "The lamp is too bright.")
    read_before = waiting(any_town)
    any_town.run(memory_text.hand_over, to="cus_other", of=old)
    assert any_town.run(memory_text.mark_indexed, read_before) == 0
    row = any_town.rows(select(memories))[0]
    assert (row.customer_id, row.indexed) == ("cus_other", 0)


def test_what_is_indexed_is_no_longer_waiting(any_town: Town) -> None:
    complain(any_town, "ada", "The lamp is too bright.")
    complain(any_town, "bob", "The chair is too low.")
    assert any_town.run(memory_text.mark_indexed, waiting(any_town)) == 2
    assert waiting(any_town) == {}


def test_p5_nothing_of_the_erased_is_indexed_and_nobody_else_waits_for_it(town: Town) -> None:
    ada = complain(town, "ada", "The lamp is too bright.")
    bob = complain(town, "bob", "The chair is too low.")

    def erased(conn: Connection) -> None:
        conn.execute(update(customers).where(customers.c.id == ada).values(erased_at=NOW))

    town.run(erased)
    town.vault.destroy([ada])
    assert set(waiting(town).values()) == {bob}
    row = town.db.read_now(memory_text.of_customer, ada)[0]
    with pytest.raises(Erased):
        memory_text.text_of(town.vault, row)


def test_words_of_any_length_and_kind_are_cut_and_never_break(town: Town) -> None:
    ada = town.who(identify("ada"))
    for text in ("x" * 100_000, "", "   ", None, 5, ["x"]):
        town.who(track("Complaint Received", "ada", text=text))
    rows = town.db.read_now(memory_text.of_customer, ada)
    assert [len(memory_text.text_of(town.vault, row)) for row in rows] == [2_000]
    assert town.db.read_now(find, town.vault, "ada") == ada
