"""`memory`: the best five memories of one customer, among ever more vectors of other people.

Ours is `Recall.recall` as decisions call it, on a database and a folder of vectors: rows read,
texts opened, vectors got by id, ranked. Only the embedding is left out: the embedder knows its
answers. The peer is Chroma's own `query(where={"customer": …})` on the same collection. Both are
measured in process CPU; the vectors of others are random and of length one. Ours must find the
right five; how many of them the peer finds is said.
`python -m evals.benches.memory 10000 1000000` takes other sizes; a million takes long to insert.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Connection, insert

from agent.chroma_doors import collection_in
from agent.embedder import Vectors
from agent.recall import Recall
from agent.vectors import MemoryVectors, Turn
from customers import memory_text
from store.database import Database
from store.ids import new_id
from store.schema import customers, memories
from store.sealing import Vault

NAME = "memory"
WHAT = (
    "the best five memories of one customer in CPU ms, without the embedding, among vectors of "
    "others; DESIGN asks for at most 1.5 ms, flat; Chroma's own filter beside it"
)
SIZES = (10_000, 100_000)
TOP = 5
_THEIRS = 30
_OTHERS_HAVE = 30
_BATCH = 5_000
_NOW = 1_772_539_200_000_000
_SEED = 17


class KnownAnswers:
    """An embedder whose answers are there before they are asked for."""

    name = "known-256"
    dimension = 256

    def __init__(self, texts: Sequence[str]) -> None:
        rows = unit_rows(np.random.default_rng(_SEED), len(texts), self.dimension)
        self._rows = dict(zip(texts, rows, strict=True))

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text, each of length one."""
        return np.stack([self._rows[text] for text in texts])


def run(
    *, sizes: Sequence[int] = SIZES, rounds: int = 200, peer_rounds: int = 20
) -> dict[str, Any]:
    """Median CPU and wall milliseconds at each size; how much the last costs over the first."""
    with tempfile.TemporaryDirectory() as folder:
        db = Database.open(Path(folder) / "data")
        try:
            at = asyncio.run(_measure(db, Path(folder), sorted(sizes), rounds, peer_rounds))
        finally:
            db.close()
    first, last = at[0], at[-1]
    return {
        "memories_of_the_customer": _THEIRS,
        "at": at,
        "flatness": round(last["cpu_ms"] / first["cpu_ms"], 2),
        "peer_flatness": round(last["peer_cpu_ms"] / first["peer_cpu_ms"], 2),
        "peer_cpu_over_ours": round(last["peer_cpu_ms"] / last["cpu_ms"], 1),
    }


async def _measure(
    db: Database, folder: Path, sizes: list[int], rounds: int, peer_rounds: int
) -> list[dict[str, Any]]:
    texts = [f"something that was said, number {n}" for n in range(_THEIRS)]
    embedder = KnownAnswers([*texts, "asked"])
    [fresh] = db.vault.reserve(1)
    who = db.write_now(_somebody, db.vault, fresh, texts)
    vectors = MemoryVectors(folder / "memory", embedder.name)
    recall = Recall(db, embedder, vectors)
    await recall.index()
    rows = embedder.embed(["asked", *texts])
    right = {texts[n] for n in np.argsort(-(rows[1:] @ rows[0]))[:TOP]}
    asked = Turn(db.vault.rotation_seed(who), embedder.dimension).apply(rows[:1])
    measured: list[dict[str, Any]] = []
    with _bar() as told:
        there = 0
        for size in sizes:
            vectors.close()
            _fill(db, folder, embedder.name, who, there, size, told)
            there = size
            ours = []
            for _ in range(rounds):
                cpu, wall = time.process_time(), time.perf_counter()
                found = await recall.recall(
                    who, purpose="marketing", query="asked", now_us=_NOW, top=TOP
                )
                ours.append((time.process_time() - cpu, time.perf_counter() - wall))
            if {memory.text for memory in found.used} != right:
                raise AssertionError("recall did not find the five that are nearest")
            vectors.close()
            peers, share = _peer(db, folder, embedder.name, who, asked, right, peer_rounds)
            measured.append(
                {
                    "vectors_of_others": size,
                    "cpu_ms": _ms(ours, 0),
                    "wall_ms": _ms(ours, 1),
                    "peer_cpu_ms": _ms(peers, 0),
                    "peer_wall_ms": _ms(peers, 1),
                    "peer_found": share,
                }
            )
    vectors.close()
    return measured


def _somebody(conn: Connection, vault: Vault, who: str, texts: list[str]) -> str:
    conn.execute(insert(customers).values(id=who, created_at=_NOW, updated_at=_NOW, legal_hold=0))
    for text in texts:
        memory_text.remember(
            conn, vault, memory_id=new_id("mem"), customer_id=who, kind="reply", text=text,
            source_id=None, at=_NOW,
        )  # fmt: skip
    return who


def _fill(
    db: Database,
    folder: Path,
    embedder: str,
    who: str,
    there: int,
    size: int,
    told: Callable[[int, int], None],
) -> None:
    """Rows and vectors of other people, up to `size` of them; Chroma is told whose each is."""
    client, collection = collection_in(folder / "memory", f"memories-{embedder}")
    theirs = [row.id for row in db.read_now(memory_text.of_customer, who)]
    collection.update(ids=theirs, metadatas=[{"customer": who}] * len(theirs))
    chance = np.random.default_rng(_SEED + there)
    sealed = db.vault.seal(who, memory_text.LABEL, b"something that another person said")
    while there < size:
        count = min(_BATCH, size - there)
        ids = [new_id("mem") for _ in range(count)]
        whose = [f"cus_other_{(there + n) // _OTHERS_HAVE:08}" for n in range(count)]
        collection.add(
            ids=ids,
            embeddings=unit_rows(chance, count, KnownAnswers.dimension),
            metadatas=[{"customer": other} for other in whose],
        )
        db.write_now(_others, ids, whose, sealed)
        there += count
        told(there, size)
    client.close()


def _others(conn: Connection, ids: list[str], whose: list[str], sealed: bytes) -> None:
    conn.execute(
        insert(memories),
        [
            {
                "id": memory_id, "customer_id": other, "kind": "reply", "at": _NOW,
                "weight_bp": 10_000, "purpose": "any", "text_sealed": sealed, "indexed": 1,
                "sensitivity": "ordinary",
            }
            for memory_id, other in zip(ids, whose, strict=True)
        ],
    )  # fmt: skip


def _peer(
    db: Database,
    folder: Path,
    embedder: str,
    who: str,
    asked: Vectors,
    right: set[str],
    rounds: int,
) -> tuple[list[tuple[float, float]], float]:
    """Seconds of CPU and wall of each of Chroma's own queries; which share of the five it finds."""
    client, collection = collection_in(folder / "memory", f"memories-{embedder}")
    texts = {
        row.id: memory_text.text_of(db.vault, row)
        for row in db.read_now(memory_text.of_customer, who)
    }
    spent = []
    for _ in range(rounds):
        cpu, wall = time.process_time(), time.perf_counter()
        found = collection.query(query_embeddings=asked, n_results=TOP, where={"customer": who})
        spent.append((time.process_time() - cpu, time.perf_counter() - wall))
    client.close()
    hits = {texts[memory_id] for memory_id in found["ids"][0]}
    return spent, round(len(hits & right) / TOP, 2)


def unit_rows(chance: np.random.Generator, count: int, dimension: int) -> Vectors:
    """Random rows, each of length one."""
    rows = chance.standard_normal((count, dimension), dtype=np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _ms(spent: Sequence[tuple[float, float]], which: int) -> float:
    return round(median(each[which] for each in spent) * 1_000, 3)


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """How far inserting is, on the terminal's error channel, where there is a terminal."""
    columns = TextColumn("vectors"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("vectors")

        def told(there: int, size: int) -> None:
            bar.update(task, completed=there, total=size)

        yield told


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    Console().print_json(json.dumps(run(sizes=given or SIZES)))
