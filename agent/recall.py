"""Recall: what is remembered of one person that bears on a question, behind the read barrier (P5).

The ids come from the database, the vectors from Chroma by id, the ranking from numpy: flat at any
size. Score = cosine × weight × recency, which halves every 90 days. What has expired or is
superseded, was kept for another purpose or is too sensitive for this one, is withheld: it is named
without its text. Only the texts of the best are opened, and of those that have no vector yet.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy import Connection, Row

from agent.embedder import Embedder, Vectors
from agent.vector_store import VectorStore, VectorsUnavailable
from agent.vectors import Turn
from customers import memory_text
from customers.barrier import barrier
from customers.memory_standing import why_withheld
from store.database import Database
from store.sealing import Erased, Vault

log = structlog.get_logger("usher.memory")

HALF_LIFE_US = 90 * 86_400 * 1_000_000
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Memory:
    """One memory. `why` says why it is withheld, or is empty."""

    id: str
    kind: str
    text: str
    at: int
    score: float = 0.0
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """As the journal keeps it; a withheld one without its text."""
        if self.why:
            return {"id": self.id, "kind": self.kind, "at": self.at, "why": self.why}
        return {"id": self.id, "kind": self.kind, "text": self.text, "at": self.at}


@dataclass(frozen=True, slots=True)
class Recalled:
    """What was used and what was withheld."""

    used: tuple[Memory, ...] = ()
    withheld: tuple[Memory, ...] = ()


@dataclass(frozen=True, slots=True)
class _Held:
    """A memory that may be used, still sealed."""

    id: str
    row: Row[Any]


class Recall:
    """Finds memories, and keeps the vector index up to date off the decision's path."""

    def __init__(self, db: Database, embedder: Embedder, vectors: VectorStore) -> None:
        self._db = db
        self.embedder = embedder
        self.vectors = vectors
        #: Held by whoever stores vectors: indexing, or a rebuild.
        self.indexing = asyncio.Lock()
        #: How often the vectors could not be reached since the start; then memories are embedded
        #: when they are recalled.
        self.without_vectors = 0

    async def recall(
        self, customer_id: str, *, purpose: str, query: str, now_us: int, top: int = 5
    ) -> Recalled:
        """The `top` memories of this person; nothing, and no vector query, for whom is barred."""
        held, withheld = await self._db.read(
            _held, self._db.vault, customer_id, purpose=purpose, now_us=now_us
        )
        if not held:
            return Recalled((), tuple(withheld))
        used, fault = await asyncio.to_thread(self._rank, customer_id, held, query, now_us, top)
        if fault is not None:
            self.without_vectors += 1
            log.warning("memory_vectors_unavailable", error=type(fault).__name__)
        return Recalled(tuple(used), tuple(withheld))

    async def index(self) -> int:
        """Store the vectors of memories that have none yet. Returns how many.

        Of whom there are too many, the oldest go.
        """
        done = 0
        async with self.indexing:
            while True:
                rows = await self._db.read(memory_text.not_indexed, limit=_BATCH)
                if not rows:
                    return done
                await asyncio.to_thread(self._store, rows)
                stored = {row.id: row.customer_id for row in rows}
                await self._bound(sorted(set(stored.values())))
                await self._db.write(memory_text.mark_indexed, stored)
                done += len(rows)

    async def _bound(self, customer_ids: list[str]) -> None:
        surplus = [
            memory_id
            for customer_id in customer_ids
            for memory_id in await self._db.read(memory_text.surplus, customer_id)
        ]
        if surplus:
            await asyncio.to_thread(self.vectors.delete, surplus)
            await self._db.write(memory_text.forget, surplus)

    def _rank(
        self,
        customer_id: str,
        held: list[_Held],
        query: str,
        now_us: int,
        top: int,
    ) -> tuple[list[Memory], VectorsUnavailable | None]:
        """The best of them; and why none of the stored vectors could be got, where none could."""
        vault = self._db.vault
        turn = Turn(vault.rotation_seed(customer_id), self.embedder.dimension)
        fault: VectorsUnavailable | None = None
        stored: dict[str, NDArray[np.float32]] = {}
        try:
            stored = self.vectors.get([h.id for h in held if h.row.indexed])
        except VectorsUnavailable as caught:
            fault = caught
        fresh = [h for h in held if h.id not in stored]
        texts = [query, *(memory_text.text_of(vault, h.row) for h in fresh)]
        turned = turn.apply(self.embedder.embed(texts))
        stored |= {h.id: row for h, row in zip(fresh, turned[1:], strict=True)}
        cosine = np.stack([stored[h.id] for h in held]) @ turned[0]
        scored = [(_score(float(c), h.row, now_us), h) for c, h in zip(cosine, held, strict=True)]
        scored.sort(key=lambda pair: (-pair[0], pair[1].id))
        used = [
            Memory(h.id, h.row.kind, memory_text.text_of(vault, h.row), h.row.at)
            for _, h in scored[:top]
        ]
        return used, fault

    def vectors_of(self, rows: list[Any]) -> tuple[list[str], Vectors]:
        """The turned vectors of these memories, by id; none of anybody who was erased meanwhile."""
        vault = self._db.vault
        by_person: dict[str, list[Any]] = {}
        for row in rows:
            by_person.setdefault(row.customer_id, []).append(row)
        ids: list[str] = []
        vectors = []
        for customer_id, theirs in by_person.items():
            try:
                turn = Turn(vault.rotation_seed(customer_id), self.embedder.dimension)
                texts = [memory_text.text_of(vault, row) for row in theirs]
            except Erased:
                continue
            ids += [row.id for row in theirs]
            vectors.append(turn.apply(self.embedder.embed(texts)))
        nothing = np.zeros((0, self.embedder.dimension), dtype=np.float32)
        return ids, np.concatenate(vectors) if vectors else nothing

    def _store(self, rows: list[Any]) -> None:
        ids, vectors = self.vectors_of(rows)
        if ids:
            self.vectors.add(ids, vectors)


def _held(
    conn: Connection, vault: Vault, customer_id: str, *, purpose: str, now_us: int
) -> tuple[list[_Held], list[Memory]]:
    if barrier(conn, vault, customer_id, purpose=purpose, now_us=now_us) is not None:
        return [], []
    held: list[_Held] = []
    withheld: list[Memory] = []
    for row in memory_text.of_customer(conn, customer_id):
        why = why_withheld(row, purpose=purpose, now_us=now_us)
        if why is not None:
            withheld.append(Memory(row.id, row.kind, "", row.at, why=why))
        else:
            held.append(_Held(str(row.id), row))
    return held, withheld


def _score(cosine: float, row: Row[Any], now_us: int) -> float:
    """Similarity × weight × recency, which halves with every `HALF_LIFE_US` of age."""
    age_us: int = max(0, now_us - row.at)
    weight: float = row.weight_bp / 10_000
    return float(cosine * weight * 0.5 ** (age_us / HALF_LIFE_US))
