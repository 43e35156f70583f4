"""The memory index: what there is, what is missing, and writing it anew from the database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Connection, update

from agent.embedder import HashingEmbedder, Vectors
from agent.errors import Conflict
from agent.memory_index import MemoryIndex
from agent.recall import Recall
from agent.vectors import MemoryVectors
from customers import memory_text
from store.clock import SimulatedClock
from store.database import Database
from store.schema import customers, memories
from tests.agent.test_recall import NOW, Reversed, found, remember, somebody


class Slow(HashingEmbedder):
    """The real embedder, which waits to be let on."""

    def __init__(self) -> None:
        self.reached = Event()
        self.on = Event()

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.reached.set()
        assert self.on.wait(60)
        return super().embed(texts)


class Stand:
    """An index over one folder."""

    def __init__(self, db: Database, folder: Path, embedder: Any) -> None:
        self.vectors = MemoryVectors(folder, embedder.name)
        self.recall = Recall(db, embedder, self.vectors)
        self.index = MemoryIndex(db, SimulatedClock(NOW), self.recall)

    async def rebuilt(self) -> dict[str, Any]:
        await self.index.rebuild()
        await self.index.idle()
        return await self.index.status()


@pytest.fixture
def stands() -> Iterator[list[Stand]]:
    made: list[Stand] = []
    yield made
    for stand in made:
        stand.vectors.close()


async def test_it_says_what_there_is(db: Database, tmp_path: Path, stands: list[Stand]) -> None:
    stand = Stand(db, tmp_path / "memory", HashingEmbedder())
    stands.append(stand)
    remember(db, somebody(db, "ada"), "blue lamp")
    told = await stand.index.status()
    assert (told["embedder"], told["memories"], told["waiting"], told["vectors"]) == (
        "hashing-256", 1, 1, 0,
    )  # fmt: skip
    assert not told["rebuild_needed"] and told["rebuild"]["state"] == "never"
    await stand.recall.index()
    told = await stand.index.status()
    assert (told["waiting"], told["vectors"], told["rebuild_needed"]) == (0, 1, False)


async def test_after_a_change_of_embedder_it_is_marked_and_a_rebuild_mends_it(
    db: Database, tmp_path: Path, stands: list[Stand]
) -> None:
    ada, bob = somebody(db, "ada"), somebody(db, "bob")
    for who, text in ((ada, "blue lamp"), (ada, "red vase"), (bob, "green chair")):
        remember(db, who, text)
    before = Stand(db, tmp_path / "memory", HashingEmbedder())
    await before.recall.index()
    before.vectors.close()
    stand = Stand(db, tmp_path / "memory", Reversed())
    stands.append(stand)
    told = await stand.index.status()
    assert told["rebuild_needed"] and "hashing-256" in told["why"][0]
    remember(db, bob, "not indexed yet")
    told = await stand.rebuilt()
    assert not told["rebuild_needed"] and told["why"] == []
    assert (told["vectors"], told["waiting"]) == (4, 0)
    assert told["rebuild"] | {"done": 4, "total": 4, "state": "done"} == told["rebuild"]
    assert [path.name for path in tmp_path.iterdir() if "memory" in path.name] == ["memory"]
    assert await found(stand.recall, ada, "vase", top=1) == ["red vase"]
    assert set(stand.vectors.get([row["id"] for row in rows(db)])) == {r["id"] for r in rows(db)}


def rows(db: Database) -> list[dict[str, Any]]:
    query = memories.select()
    return [dict(row._mapping) for row in db.read_now(lambda conn: conn.execute(query).all())]


async def test_a_lost_folder_is_noticed_and_written_anew(
    db: Database, tmp_path: Path, stands: list[Stand]
) -> None:
    remember(db, somebody(db, "ada"), "blue lamp")
    before = Stand(db, tmp_path / "gone", HashingEmbedder())
    await before.recall.index()
    before.vectors.close()
    stand = Stand(db, tmp_path / "memory", HashingEmbedder())
    stands.append(stand)
    assert "1 memories have no vector" in (await stand.index.status())["why"][0]
    assert (await stand.rebuilt())["vectors"] == 1


async def test_one_rebuild_at_a_time_and_recall_goes_on_meanwhile(
    db: Database, tmp_path: Path, stands: list[Stand]
) -> None:
    slow = Slow()
    stand = Stand(db, tmp_path / "memory", slow)
    stands.append(stand)
    ada = somebody(db, "ada")
    remember(db, ada, "blue lamp")
    begun = await stand.index.rebuild()
    assert begun["rebuild"]["state"] == "running" and begun["rebuild"]["total"] == 1
    await asyncio.to_thread(slow.reached.wait, 60)
    with pytest.raises(Conflict):
        await stand.index.rebuild()
    indexing = asyncio.create_task(stand.recall.index())
    remember(db, ada, "red vase")
    other = Recall(db, HashingEmbedder(), stand.vectors)
    assert await found(other, ada, "vase", top=1) == ["red vase"]
    slow.on.set()
    await stand.index.idle()
    await indexing
    told = await stand.index.status()
    assert (told["vectors"], told["waiting"]) == (2, 0)
    assert told["rebuild"]["done"] <= told["rebuild"]["total"]


async def test_p10_whoever_is_erased_meanwhile_is_not_in_what_is_written(
    db: Database, tmp_path: Path, stands: list[Stand]
) -> None:
    slow = Slow()
    stand = Stand(db, tmp_path / "memory", slow)
    stands.append(stand)
    ada, bob = somebody(db, "ada"), somebody(db, "bob")
    hers = remember(db, ada, "blue lamp")
    his = remember(db, bob, "green chair")
    await stand.index.rebuild()
    await asyncio.to_thread(slow.reached.wait, 60)

    def erased(conn: Connection) -> None:
        conn.execute(update(customers).where(customers.c.id == ada).values(erased_at=NOW))

    db.write_now(erased)
    db.vault.destroy([ada])
    await asyncio.to_thread(stand.vectors.delete, [hers])
    slow.on.set()
    await stand.index.idle()
    assert (await stand.index.status())["rebuild"]["state"] == "done"
    assert set(stand.vectors.get([hers, his])) == {his}


async def test_a_rebuild_that_is_stopped_leaves_what_was_there(
    db: Database, tmp_path: Path, stands: list[Stand]
) -> None:
    stand = Stand(db, tmp_path / "memory", HashingEmbedder())
    stands.append(stand)
    ada = somebody(db, "ada")
    kept = remember(db, ada, "blue lamp")
    await stand.recall.index()
    slow = Slow()
    stand.recall.embedder = slow
    for n in range(501):
        remember(db, ada, f"lamp {n}")
    await stand.index.rebuild()
    await asyncio.to_thread(slow.reached.wait, 60)
    stopping = asyncio.create_task(stand.index.stop())
    await asyncio.sleep(0)
    slow.on.set()
    await stopping
    assert (await stand.index.status())["rebuild"]["state"] == "stopped"
    assert set(stand.vectors.get([kept])) == {kept} and stand.vectors.count() == 1
    assert [path.name for path in tmp_path.iterdir() if "memory" in path.name] == ["memory"]


async def test_memories_that_went_over_to_somebody_else_are_turned_by_their_key(
    db: Database, tmp_path: Path, stands: list[Stand]
) -> None:
    stand = Stand(db, tmp_path / "memory", HashingEmbedder())
    stands.append(stand)
    ada, bob = somebody(db, "ada"), somebody(db, "bob")
    remember(db, ada, "blue lamp")
    remember(db, bob, "green chair")
    await stand.recall.index()
    db.write_now(memory_text.hand_over, to=bob, of=ada)
    assert (await stand.rebuilt())["waiting"] == 0
    assert await found(stand.recall, bob, "lamp") == ["blue lamp", "green chair"]
