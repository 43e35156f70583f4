"""Recall: by meaning, by id, behind the barrier; what is withheld is named and never read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import Connection

from agent.embedder import HashingEmbedder, Vectors, WordLlamaEmbedder
from agent.recall import HALF_LIFE_US, Recall
from agent.vectors import MemoryVectors
from customers import memory_text, suppression
from customers.identifiers import normalise
from customers.resolve import resolve
from store.database import Database
from store.ids import new_id
from store.sealing import Erased, Vault

NOW = 1_772_539_200_000_000


class Recording(MemoryVectors):
    """The real vectors, which remember what they were asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, HashingEmbedder.name)
        self.asked: list[list[str]] = []

    def get(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        self.asked.append(list(ids))
        return super().get(ids)


class Listening(HashingEmbedder):
    """The real embedder, which remembers what it was given."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.heard += texts
        return super().embed(texts)


@pytest.fixture
def vectors(tmp_path: Path) -> Iterator[Recording]:
    made = Recording(tmp_path / "memory")
    yield made
    made.close()


def somebody(db: Database, name: str) -> str:
    """A fresh customer of this user id."""
    (fresh,) = db.vault.reserve(1)

    def work(conn: Connection, vault: Vault) -> str:
        identifier = normalise("user_id", name)
        assert identifier is not None
        found = resolve(
            conn, vault, [identifier], fresh_customer_id=fresh, now_us=NOW, joins=False,
            own_consent=False,
        )  # fmt: skip
        return found.customer_id or ""

    return db.write_now(work, db.vault)


def remember(db: Database, who: str, text: str, *, at: int = NOW, **more: Any) -> str:
    memory_id = new_id("mem")

    def work(conn: Connection, vault: Vault) -> None:
        memory_text.remember(
            conn, vault, memory_id=memory_id, customer_id=who, kind=more.pop("kind", "reply"),
            text=text, source_id=None, at=at, **more,
        )  # fmt: skip

    db.write_now(work, db.vault)
    return memory_id


async def found(recall: Recall, who: str, query: str, **more: Any) -> list[str]:
    given = {"purpose": "marketing", "now_us": NOW, **more}
    return [m.text for m in (await recall.recall(who, query=query, **given)).used]


async def test_it_ranks_by_meaning_and_not_by_words(db: Database, vectors: Recording) -> None:
    recall = Recall(db, WordLlamaEmbedder(), vectors)
    ada = somebody(db, "ada")
    box = "Your delivery was late and the box was damaged"
    evening = "I prefer to be written to in the evening"
    daughter = "My daughter loves the blue lamp"
    for text in (box, evening, daughter):
        remember(db, ada, text)
    await recall.index()
    for query, best in (
        ("package arrived broken", box),
        ("when at night to contact her", evening),
        ("favourite colour of a child", daughter),
    ):
        assert await found(recall, ada, query, top=1) == [best]
        assert not set(query.split()) & set(best.split()) - {"to"}


async def test_what_is_not_indexed_yet_is_found_all_the_same(
    db: Database, vectors: Recording
) -> None:
    recall = Recall(db, HashingEmbedder(), vectors)
    ada = somebody(db, "ada")
    remember(db, ada, "blue lamp")
    assert await found(recall, ada, "lamp") == ["blue lamp"]
    assert await recall.index() == 1
    assert await recall.index() == 0
    assert await found(recall, ada, "lamp") == ["blue lamp"]


async def test_it_asks_for_the_ids_of_this_person_and_for_nobody_elses(
    db: Database, vectors: Recording
) -> None:
    recall = Recall(db, HashingEmbedder(), vectors)
    ada, bob = somebody(db, "ada"), somebody(db, "bob")
    theirs = [remember(db, ada, f"lamp {n}") for n in range(3)]
    others = [remember(db, bob, f"lamp {n}") for n in range(3)]
    await recall.index()
    await found(recall, ada, "lamp")
    (asked,) = vectors.asked
    assert sorted(asked) == sorted(theirs) and not set(asked) & set(others)


async def test_p5_of_somebody_suppressed_nothing_is_embedded_and_no_vector_is_asked_for(
    db: Database, vectors: Recording
) -> None:
    embedder = Listening()
    recall = Recall(db, embedder, vectors)
    ada = somebody(db, "ada")
    remember(db, ada, "blue lamp")
    await recall.index()
    embedder.heard.clear()

    def stop(conn: Connection, vault: Vault) -> None:
        suppression.suppress(
            conn, vault, suppression_id=new_id("sup"), customer_id=ada, scope="purpose",
            channel=None, by="me", reason="asked", now_us=NOW,
        )  # fmt: skip

    db.write_now(stop, db.vault)
    barred = await recall.recall(ada, purpose="marketing", query="lamp", now_us=NOW)
    assert (barred.used, barred.withheld) == ((), ())
    assert vectors.asked == [] and embedder.heard == []
    assert await found(recall, ada, "lamp", purpose="service") == ["blue lamp"]


async def test_p5_of_somebody_unknown_or_erased_nothing_is_asked_for(
    db: Database, vectors: Recording
) -> None:
    embedder = Listening()
    recall = Recall(db, embedder, vectors)
    assert await found(recall, "cus_nobody", "lamp") == []
    assert vectors.asked == [] and embedder.heard == []


async def test_expired_memories_and_those_of_another_purpose_are_named_and_not_read(
    db: Database, vectors: Recording
) -> None:
    embedder = Listening()
    recall = Recall(db, embedder, vectors)
    ada = somebody(db, "ada")
    remember(db, ada, "blue lamp")
    remember(db, ada, "OLD WISH", expires_at=NOW)
    remember(db, ada, "SERVICE CASE", purpose="service", kind="complaint")
    given = await recall.recall(ada, purpose="marketing", query="lamp", now_us=NOW)
    assert [m.text for m in given.used] == ["blue lamp"]
    assert {(m.kind, m.why, m.text) for m in given.withheld} == {
        ("reply", "expired", ""),
        ("complaint", "kept for service, not used for marketing", ""),
    }
    assert not {"OLD WISH", "SERVICE CASE"} & set(embedder.heard)
    assert all("text" not in m.as_json() for m in given.withheld)
    later = await recall.recall(ada, purpose="marketing", query="lamp", now_us=NOW - 1)
    assert "OLD WISH" in [m.text for m in later.used]


async def test_what_is_sensitive_or_superseded_is_named_and_neither_embedded_nor_asked_for(
    db: Database, vectors: Recording
) -> None:
    embedder = Listening()
    recall = Recall(db, embedder, vectors)
    ada = somebody(db, "ada")
    kept = remember(db, ada, "lamp to the flat", topic="delivery_wish", at=NOW - 1)
    await recall.index()
    embedder.heard.clear()
    remember(db, ada, "LAMP TO THE OFFICE", topic="delivery_wish", at=NOW - 2)
    remember(db, ada, "AFTER MY SURGERY", sensitivity="sensitive", kind="complaint")
    given = await recall.recall(ada, purpose="marketing", query="lamp", now_us=NOW)
    assert [m.text for m in given.used] == ["lamp to the flat"]
    assert {(m.kind, m.why, m.text) for m in given.withheld} == {
        ("reply", "superseded by a newer one", ""),
        ("complaint", "sensitive, not used for marketing", ""),
    }
    assert embedder.heard == ["lamp"] and vectors.asked == [[kept]]
    service = await recall.recall(ada, purpose="service", query="lamp", now_us=NOW)
    assert {m.text for m in service.used} == {"lamp to the flat", "AFTER MY SURGERY"}
    assert [m.why for m in service.withheld] == ["superseded by a newer one"]


async def test_of_two_alike_the_newer_and_the_weightier_comes_first(
    db: Database, vectors: Recording
) -> None:
    recall = Recall(db, HashingEmbedder(), vectors)
    ada = somebody(db, "ada")
    remember(db, ada, "lamp old", at=NOW - 2 * HALF_LIFE_US)
    remember(db, ada, "lamp new")
    remember(db, ada, "lamp weak", weight_bp=1_000)
    assert await found(recall, ada, "lamp") == ["lamp new", "lamp old", "lamp weak"]
    assert await found(recall, ada, "lamp", top=1) == ["lamp new"]


async def test_after_a_restart_and_a_rebuild_it_finds_the_same(
    db: Database, tmp_path: Path
) -> None:
    first = MemoryVectors(tmp_path / "kept", HashingEmbedder.name)
    recall = Recall(db, HashingEmbedder(), first)
    ada = somebody(db, "ada")
    remember(db, ada, "blue lamp")
    remember(db, ada, "red vase")
    await recall.index()
    before = await found(recall, ada, "vase")
    first.rebuild()
    first.close()
    kept = MemoryVectors(tmp_path / "kept", HashingEmbedder.name)
    again = Recall(db, HashingEmbedder(), kept)
    assert await found(again, ada, "vase") == before == ["red vase", "blue lamp"]
    again.vectors.close()


async def test_p10_without_the_persons_key_nothing_can_be_recalled(
    db: Database, vectors: Recording
) -> None:
    recall = Recall(db, HashingEmbedder(), vectors)
    ada = somebody(db, "ada")
    remember(db, ada, "blue lamp")
    await recall.index()
    db.vault.destroy([ada])
    with pytest.raises(Erased):
        await found(recall, ada, "lamp")
    assert vectors.asked == []


async def test_of_each_person_the_newest_two_hundred_are_kept_rows_and_vectors(
    db: Database, vectors: Recording
) -> None:
    recall = Recall(db, HashingEmbedder(), vectors)
    ada, bob = somebody(db, "ada"), somebody(db, "bob")
    theirs = [remember(db, ada, f"lamp {n}", at=NOW + n) for n in range(memory_text.MOST + 3)]
    remember(db, bob, "vase")
    await recall.index()
    kept = [row.id for row in db.read_now(memory_text.of_customer, ada, limit=500)]
    assert kept == theirs[:2:-1]
    assert vectors.count() == memory_text.MOST + 1
    assert await found(recall, bob, "vase") == ["vase"]


async def test_what_has_long_expired_goes_with_the_next_memory(
    db: Database, vectors: Recording
) -> None:
    recall = Recall(db, HashingEmbedder(), vectors)
    ada = somebody(db, "ada")
    remember(db, ada, "old", expires_at=NOW + 1)
    await recall.index()
    remember(db, ada, "newer", at=NOW + memory_text.KEPT_AFTER_EXPIRY_US)
    await recall.index()
    assert len(db.read_now(memory_text.of_customer, ada)) == 2
    remember(db, ada, "newest", at=NOW + 1 + memory_text.KEPT_AFTER_EXPIRY_US)
    await recall.index()
    texts = [memory_text.text_of(db.vault, r) for r in db.read_now(memory_text.of_customer, ada)]
    assert texts == ["newest", "newer"] and vectors.count() == 2


class Reversed(HashingEmbedder):
    """Another embedder: the same words at other places."""

    name = "reversed-256"

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.ascontiguousarray(super().embed(texts)[:, ::-1])


async def test_after_a_change_of_embedder_no_old_vector_is_compared_with_a_new_one(
    db: Database, tmp_path: Path
) -> None:
    ada = somebody(db, "ada")
    before = MemoryVectors(tmp_path / "kept", HashingEmbedder.name)
    first = Recall(db, HashingEmbedder(), before)
    ids = [remember(db, ada, text) for text in ("blue lamp", "red vase")]
    await first.index()
    before.close()
    vectors = MemoryVectors(tmp_path / "kept", Reversed.name)
    recall = Recall(db, Reversed(), vectors)
    assert vectors.get(ids) == {} and vectors.of_others() == [HashingEmbedder.name]
    assert await found(recall, ada, "vase", top=1) == ["red vase"]
    vectors.close()
