"""The queue: each question is decided once, by somebody else, in time, or not at all (P9)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from store import approvals
from store.approvals import Question
from store.database import Database


@pytest.fixture
def ada(any_database: Database) -> str:
    return any_database.vault.reserve(1)[0]


def question(person: str, n: int = 1, **changes: Any) -> Question:
    return Question(
        **{
            "id": f"apr_{n}",
            "decision_id": f"dec_{n}",
            "journey_id": "jrn_1",
            "customer_id": person,
            "call_digest": "d" * 64,
            "outcome": "approval",
            "requested_by": "agent:shopping",
            "requested_at": 100,
            "due_at": 500,
            "body": {"rules": ["big_discount"]},
        }
        | changes
    )


def status(db: Database, approval_id: str = "apr_1") -> tuple[str, str | None, int | None]:
    row = db.read_now(approvals.get, approval_id)
    assert row is not None
    return row.status, row.decided_by, row.decided_at


def test_a_question_waits_with_its_call_and_its_words_sealed(
    any_database: Database, ada: str
) -> None:
    db = any_database
    db.write_now(approvals.ask, db.vault, question(ada))
    row = db.read_now(approvals.get, "apr_1")
    assert row is not None and (row.status, row.call_digest) == ("pending", "d" * 64)
    assert b"big_discount" not in row.body_sealed
    assert db.vault.open_json("approvals.body", row.body_sealed) == {"rules": ["big_discount"]}
    assert db.read_now(approvals.get, "apr_2") is None


def test_p9_of_many_who_decide_at_once_one_wins(any_database: Database, ada: str) -> None:
    db = any_database
    db.write_now(approvals.ask, db.vault, question(ada))

    def decide(n: int) -> str | None:
        word = "approved" if n % 2 else "rejected"
        won = db.write_now(approvals.settle, "apr_1", status=word, by=f"user:{n}", at=200 + n)
        return f"{word} user:{n}" if won else None

    with ThreadPoolExecutor(8) as pool:
        won = [who for who in pool.map(decide, range(16)) if who]
    assert len(won) == 1
    word, by, _ = status(db)
    assert f"{word} {by}" == won[0]


def test_p9_what_is_decided_stays_decided(any_database: Database, ada: str) -> None:
    db = any_database
    db.write_now(approvals.ask, db.vault, question(ada))
    assert db.write_now(approvals.settle, "apr_1", status="rejected", by="user:bo", at=200)
    assert not db.write_now(approvals.settle, "apr_1", status="approved", by="user:cy", at=201)
    assert not db.write_now(approvals.settle, "apr_1", status="lapsed", by=None, at=500)
    assert db.write_now(approvals.supersede, "dec_1", at=300) == 0
    assert status(db) == ("rejected", "user:bo", 200)


def test_p9_nobody_approves_what_they_asked_for(any_database: Database, ada: str) -> None:
    db = any_database
    db.write_now(approvals.ask, db.vault, question(ada, requested_by="user:bo"))
    with pytest.raises(IntegrityError):
        db.write_now(approvals.settle, "apr_1", status="approved", by="user:bo", at=200)
    assert status(db) == ("pending", None, None)
    assert db.write_now(approvals.settle, "apr_1", status="approved", by="user:cy", at=200)


@pytest.mark.parametrize("at", [500, 501])
def test_p9_once_due_nobody_can_approve_and_it_lapses(
    any_database: Database, ada: str, at: int
) -> None:
    db = any_database
    db.write_now(approvals.ask, db.vault, question(ada))
    assert not db.write_now(approvals.settle, "apr_1", status="approved", by="user:bo", at=at)
    assert db.write_now(approvals.settle, "apr_1", status="lapsed", by=None, at=at)
    assert status(db) == ("lapsed", None, at)


def test_a_newer_question_of_the_same_decision_takes_the_olders_place(
    any_database: Database, ada: str
) -> None:
    db = any_database
    db.write_now(approvals.ask, db.vault, question(ada))
    db.write_now(approvals.ask, db.vault, question(ada, 2, decision_id="dec_1", requested_at=150))
    assert status(db) == ("superseded", None, 150)
    assert [r.id for r in db.read_now(approvals.of_decision, "dec_1")] == ["apr_1", "apr_2"]
    assert db.write_now(approvals.settle, "apr_2", status="approved", by="user:bo", at=200)


@pytest.mark.parametrize("word", ["approved", "edited", "responded"])
def test_an_answer_waits_to_be_carried_out(any_database: Database, ada: str, word: str) -> None:
    db = any_database
    assert db.read_now(approvals.newest_answer, "dec_1") is None
    db.write_now(approvals.ask, db.vault, question(ada))
    assert db.read_now(approvals.newest_answer, "dec_1") is None
    db.write_now(approvals.settle, "apr_1", status=word, by="user:bo", at=200)
    assert db.read_now(approvals.newest_answer, "dec_1") == "apr_1"
    db.write_now(approvals.ask, db.vault, question(ada, 2, decision_id="dec_1"))
    assert db.read_now(approvals.newest_answer, "dec_1") is None


@pytest.mark.parametrize("word", ["rejected", "lapsed", "superseded"])
def test_what_ends_a_question_is_no_answer_to_carry_out(
    any_database: Database, ada: str, word: str
) -> None:
    db = any_database
    db.write_now(approvals.ask, db.vault, question(ada))
    db.write_now(approvals.settle, "apr_1", status=word, by=None, at=200)
    assert db.read_now(approvals.newest_answer, "dec_1") is None


def test_the_queue_comes_in_pages_in_the_order_of_asking(any_database: Database, ada: str) -> None:
    db = any_database
    for n in range(1, 6):
        db.write_now(approvals.ask, db.vault, question(ada, n))
    db.write_now(approvals.settle, "apr_2", status="rejected", by="user:bo", at=200)
    pages: list[str] = []
    while page := db.read_now(
        approvals.listing, status="pending", after=pages[-1] if pages else None, limit=2
    ):
        pages += [row.id for row in page]
    assert pages == ["apr_1", "apr_3", "apr_4", "apr_5"]
    assert len(db.read_now(approvals.listing, status=None, after=None, limit=9)) == 5


def test_an_answers_words_are_sealed_beside_the_question(any_database: Database, ada: str) -> None:
    db = any_database
    db.write_now(approvals.ask, db.vault, question(ada))
    db.write_now(approvals.amend, db.vault, "apr_1", {"reason": "she asked for it"})
    row = db.read_now(approvals.get, "apr_1")
    assert row is not None and b"asked" not in row.body_sealed
    body = db.vault.open_json("approvals.body", row.body_sealed)
    assert body == {"reason": "she asked for it"}
    with pytest.raises(LookupError, match="no approval apr_9"):
        db.write_now(approvals.amend, db.vault, "apr_9", {})
