"""Memory vectors in Chroma: ids, transformed vectors, no text, no filter.

Each person's vectors are turned by an orthogonal transform that only that person's key gives.
Angles within one person stay as they were; across people, and once the key is destroyed, they are
noise. Recall asks by id only, because Chroma's filters cost with the size of the whole collection.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.embedder import Vectors

_ROUNDS = 2
_COLLECTION = "memories"
_OLD, _NEW = ".old", ".new"
_PAGE = 5_000


class Turn:
    """One person's orthogonal transform: rounds of sign flips, shuffles and Hadamard mixing."""

    def __init__(self, seed: bytes, dimension: int) -> None:
        if dimension & (dimension - 1):
            raise ValueError(f"the dimension must be a power of two, not {dimension}")
        rng = np.random.Generator(np.random.Philox(key=int.from_bytes(seed[:16], "big")))
        self._signs = [
            rng.choice(np.array([-1, 1], dtype=np.float32), size=dimension) for _ in range(_ROUNDS)
        ]
        self._orders = [rng.permutation(dimension) for _ in range(_ROUNDS)]

    def apply(self, rows: Vectors) -> Vectors:
        """Turn each row; lengths and angles between rows stay as they were."""
        turned = rows
        for signs, order in zip(self._signs, self._orders, strict=True):
            turned = _hadamard((turned * signs)[:, order])
        return turned


def _hadamard(rows: Vectors) -> Vectors:
    n = rows.shape[1]
    mixed = rows.copy()
    half = 1
    while half < n:
        pairs = mixed.reshape(rows.shape[0], -1, 2, half)
        mixed = np.stack(
            (pairs[:, :, 0] + pairs[:, :, 1], pairs[:, :, 0] - pairs[:, :, 1]), axis=2
        ).reshape(rows.shape[0], n)
        half *= 2
    scaled: Vectors = (mixed / np.sqrt(np.float32(n))).astype(np.float32)
    return scaled


class MemoryVectors:
    """The collection. Chroma is opened when first needed; one process owns the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._collection: Any = None
        self._client: Any = None

    def add(self, ids: Sequence[str], rows: Vectors) -> None:
        """Store vectors; an id that is there already is replaced."""
        with self._lock:
            self._open().upsert(ids=list(ids), embeddings=[row.tolist() for row in rows])

    def get(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors of these ids that are stored."""
        if not ids:
            return {}
        with self._lock:
            found = self._open().get(ids=list(ids), include=["embeddings"])
        return {
            str(key): np.asarray(row, dtype=np.float32)
            for key, row in zip(found["ids"], found["embeddings"], strict=True)
        }

    def delete(self, ids: Sequence[str]) -> None:
        """Take vectors out of reach. Their bytes go with `rebuild`; they have been noise before."""
        if ids:
            with self._lock:
                self._open().delete(ids=list(ids))

    def rebuild(self) -> int:
        """Write what is left into a new folder, which takes the old one's place.

        Returns how many vectors there are. Killed at any moment, the next opening finds one whole
        folder: the old one until the new one is complete, and then nothing of the old one.
        """
        with self._lock:
            old = self._open()
            fresh = self._beside(_NEW)
            shutil.rmtree(fresh, ignore_errors=True)
            client, collection = _collection_in(fresh)
            copied = 0
            while True:
                page = old.get(include=["embeddings"], limit=_PAGE, offset=copied)
                if not page["ids"]:
                    break
                collection.add(ids=page["ids"], embeddings=page["embeddings"])
                copied += len(page["ids"])
            client.close()
            self._close()
            self._folder.rename(self._beside(_OLD))
            fresh.rename(self._folder)
            shutil.rmtree(self._beside(_OLD))
            return copied

    def close(self) -> None:
        """Let go of the folder."""
        with self._lock:
            self._close()

    def _open(self) -> Any:
        if self._collection is None:
            self._settle()
            self._client, self._collection = _collection_in(self._folder)
        return self._collection

    def _settle(self) -> None:
        """End a rebuild that was killed: one folder stays, and no vector of the other."""
        old, new = self._beside(_OLD), self._beside(_NEW)
        if not self._folder.exists() and new.exists():
            new.rename(self._folder)
        for leftover in (old, new):
            shutil.rmtree(leftover, ignore_errors=True)

    def _beside(self, ending: str) -> Path:
        return self._folder.with_name(self._folder.name + ending)

    def _close(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = self._collection = None


def _collection_in(folder: Path) -> tuple[Any, Any]:
    import chromadb
    from chromadb.config import Settings

    folder.mkdir(parents=True, exist_ok=True)
    client = chromadb.PersistentClient(
        path=str(folder), settings=Settings(anonymized_telemetry=False)
    )
    return client, client.get_or_create_collection(_COLLECTION, embedding_function=None)
