"""Memories: kept once, sealed, indexed under the key of whoever they belong to."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from customers import memory_standing, memory_text
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


def wish(town: Town, user: str, text: str, *, at: int, **more: Any) -> str:
    said = {"text": text, "channel": "email", "topic": "delivery_address_change"} | more
    return town.who(track("Message Replied", user, **said), at=at)


def standing(town: Town, who: str) -> list[str]:
    rows = town.db.read_now(memory_text.of_customer, who)
    return [memory_text.text_of(town.vault, r) for r in rows if r.superseded_by is None]


def test_of_one_topic_the_newest_stands_whatever_arrived_first(any_town: Town) -> None:
    for number, order in enumerate(permutations((1, 2, 3))):
        for n in order:
            who = wish(any_town, f"user-{number}", f"to place {n}", at=NOW - 10 + n)
        assert standing(any_town, who) == ["to place 3"]
        rows = any_town.db.read_now(memory_text.of_customer, who)
        assert [row.superseded_by for row in rows] == [None, rows[0].id, rows[0].id]


def test_other_people_kinds_and_topics_supersede_nothing(town: Town) -> None:
    ada = wish(town, "ada", "to my office", at=NOW - 3)
    wish(town, "bob", "to my flat", at=NOW - 2)
    wish(town, "ada", "in the evening", at=NOW - 2, topic="contact_time_wish")
    town.who(
        track("Complaint Received", "ada", text="wrong door", topic="delivery_address_change"),
        at=NOW - 1,
    )
    assert standing(town, ada) == ["wrong door", "in the evening", "to my office"]


@pytest.mark.parametrize("stated", [None, "", "my street 5", 7, ["size"], {"size": 1}])
def test_a_topic_that_is_none_of_ours_is_none(town: Town, stated: Any) -> None:
    ada = wish(town, "ada", "one", at=NOW - 2, topic=stated)
    wish(town, "ada", "two", at=NOW - 1, topic=stated)
    assert standing(town, ada) == ["two", "one"]
    assert [row.topic for row in town.db.read_now(memory_text.of_customer, ada)] == [None, None]


def test_our_own_code_cannot_make_up_a_topic(town: Town) -> None:
    ada = town.who(identify("ada"))
    with pytest.raises(ValueError, match="a memory's topic is one of channel_wish"):
        town.run(
            memory_text.remember,
            town.vault,
            memory_id="mem_1",
            customer_id=ada,
            kind="reply",
            text="words",
            source_id=None,
            at=NOW,
            topic="her street",
        )


def test_what_goes_over_to_somebody_else_is_settled_with_theirs_and_back_again(
    any_town: Town,
) -> None:
    ada = wish(any_town, "ada", "to my office", at=NOW - 2)
    bob = wish(any_town, "bob", "to my flat", at=NOW - 1)
    hers = any_town.db.read_now(memory_text.of_customer, ada)[0].id
    any_town.run(memory_text.hand_over, to=bob, of=ada)
    assert standing(any_town, bob) == ["to my flat"]

    def undone(conn: Connection) -> None:
        conn.execute(update(memories).where(memories.c.id == hers).values(customer_id=ada))
        for each in (ada, bob):
            memory_standing.settle_all(conn, each)

    any_town.run(undone)
    assert (standing(any_town, ada), standing(any_town, bob)) == (["to my office"], ["to my flat"])


def test_what_was_superseded_does_not_come_back_when_the_newer_one_goes(town: Town) -> None:
    ada = wish(town, "ada", "to my office", at=NOW - 3)
    wish(town, "ada", "to my flat", at=NOW - 1)
    newest = town.db.read_now(memory_text.of_customer, ada)[0].id
    town.run(memory_text.forget, [newest])
    town.run(memory_standing.settle_all, ada)
    assert standing(town, ada) == []


def test_complaints_and_replies_that_touch_a_sensitive_field_are_marked(any_town: Town) -> None:
    ada = complain(any_town, "ada", "I was in hospital and could not send it back.", at=NOW - 1)
    any_town.who(track("Message Replied", "ada", text="Das Paket kam spät.", channel="email"))
    rows = any_town.db.read_now(memory_text.of_customer, ada)
    assert [(row.kind, row.sensitivity) for row in rows] == [
        ("reply", "ordinary"),
        ("complaint", "sensitive"),
    ]
