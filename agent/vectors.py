"""Memory vectors in Chroma: ids, transformed vectors, no text, no filter.

Each person's vectors are turned by an orthogonal transform that only that person's key gives.
Angles within one person stay as they were; across people, and once the key is destroyed, they are
noise. Recall asks by id only, because Chroma's filters cost with the size of the whole collection.
The collection is named after its embedder: vectors of another one are never compared with its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.chroma_doors import collection_in
from agent.embedder import Vectors

_ROUNDS = 2
_COLLECTION = "memories-"
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
    """One embedder's collection, in a folder of one process. Chroma is opened when first needed."""

    def __init__(self, folder: Path, embedder: str) -> None:
        self._folder = folder
        self._name = f"{_COLLECTION}{embedder}"
        self._lock = Lock()
        self._one_rebuild = Lock()
        self._collection: Any = None
        self._client: Any = None
        self._fresh: Any = None

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

    def count(self) -> int:
        """How many vectors of this embedder there are."""
        with self._lock:
            return int(self._open().count())

    def of_others(self) -> list[str]:
        """The embedders whose vectors lie in the folder beside those of this one, by name."""
        with self._lock:
            self._open()
            names = (str(each.name) for each in self._client.list_collections())
            return sorted(name.removeprefix(_COLLECTION) for name in names if name != self._name)

    def rebuild(self) -> int:
        """Write what is left into a new folder, which takes the old one's place.

        Returns how many vectors there are. Killed at any moment, the next opening finds one whole
        folder: the old one until the new one is complete, and then nothing of the old one.
        """
        with self._one_rebuild, self._lock:
            old = self._open()
            client, fresh = self._begin()
            copied = 0
            while True:
                page = old.get(include=["embeddings"], limit=_PAGE, offset=copied)
                if not page["ids"]:
                    break
                fresh.add(ids=page["ids"], embeddings=page["embeddings"])
                copied += len(page["ids"])
            self._swap(client)
            return copied

    @contextmanager
    def anew(self) -> Iterator[Anew]:
        """A new, empty folder to write into. What is there stays in use until it takes its place.

        One at a time, and never beside `rebuild`: whoever comes second waits. Left without
        `take_place`, nothing has changed.
        """
        with self._one_rebuild:
            with self._lock:
                self._open()
                client, self._fresh = self._begin()
            made = Anew(self, client)
            try:
                yield made
            finally:
                with self._lock:
                    self._fresh = None
                    if not made.in_place:
                        client.close()
                        shutil.rmtree(self._beside(_NEW), ignore_errors=True)

    def _begin(self) -> tuple[Any, Any]:
        folder = self._beside(_NEW)
        shutil.rmtree(folder, ignore_errors=True)
        return collection_in(folder, self._name)

    def _swap(self, client: Any) -> None:
        client.close()
        self._close()
        self._folder.rename(self._beside(_OLD))
        self._beside(_NEW).rename(self._folder)
        shutil.rmtree(self._beside(_OLD))

    def close(self) -> None:
        """Let go of the folder."""
        with self._lock:
            self._close()

    def _open(self) -> Any:
        if self._collection is None:
            self._settle()
            self._client, self._collection = collection_in(self._folder, self._name)
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


class Anew:
    """A collection that is being written, and has not taken the old one's place."""

    def __init__(self, vectors: MemoryVectors, client: Any) -> None:
        self._vectors = vectors
        self._client = client
        self.in_place = False

    def add(self, ids: Sequence[str], rows: Vectors) -> None:
        """Store vectors."""
        with self._vectors._lock:
            self._vectors._fresh.upsert(ids=list(ids), embeddings=[row.tolist() for row in rows])

    def take_place(self, known: Callable[[list[str]], Collection[str]]) -> int:
        """Take the old one's place, with no id but those that are still `known`. Returns how many.

        Nobody deletes while it is asked: somebody erased before is unknown then, somebody erased
        later is deleted from what has taken the place.
        """
        vectors = self._vectors
        with vectors._lock:
            seen = 0
            while ids := vectors._fresh.get(include=[], limit=_PAGE, offset=seen)["ids"]:
                still = set(known(list(ids)))
                gone = [one for one in ids if one not in still]
                if gone:
                    vectors._fresh.delete(ids=gone)
                seen += len(ids) - len(gone)
            vectors._swap(self._client)
            self.in_place = True
            return seen
