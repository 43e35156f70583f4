"""Memory vectors on a Chroma server, which several processes share; otherwise as in a folder.

A rebuild writes a new collection, marks it as the one in use, and deletes the old one. Each has a
generation, and the highest that is marked counts, so a process that is killed in between leaves one
whole collection, and a process that still holds the old one finds the new one at its next request.
The server's own files are compacted by whoever runs it: what was deleted lies in them until then,
as the noise that it has been since its person's key was destroyed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.chroma_doors import Exchanged, answering, client_of, close
from agent.embedder import Vectors
from agent.vector_store import VectorsUnavailable

_OURS = "usher-memories"
_WRITTEN, _IN_USE = "being written", "in use"
_PAGE = 1_000


class ServerVectors:
    """One embedder's vectors on the server at this URL, which keeps those of one deployment only.

    Rebuilds are meant to be run by one process at a time; of two, one fails and changes nothing.
    """

    def __init__(self, url: str, embedder: str) -> None:
        self._url = url
        self._embedder = embedder
        self._opening = Lock()
        #: Held by what changes vectors, so that none is lost while a collection is exchanged.
        self._changing = Lock()
        self._one_rebuild = Lock()
        self._client: Any = None
        self._collection: Any = None

    def open(self) -> None:
        """Connect now instead of at the first request. Raises `VectorsUnavailable`."""
        self._in_use()

    def add(self, ids: Sequence[str], rows: Vectors) -> None:
        """Store vectors; an id that is there already is replaced."""
        with self._changing:
            for part, of_part in _parts(ids, rows):
                self._ask("upsert", ids=part, embeddings=of_part)

    def get(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors of these ids that are stored."""
        stored: dict[str, NDArray[np.float32]] = {}
        for start in range(0, len(ids), _PAGE):
            part = list(ids[start : start + _PAGE])
            found = self._ask("get", ids=part, include=["embeddings"])
            for key, row in zip(found["ids"], found["embeddings"], strict=True):
                stored[str(key)] = np.asarray(row, dtype=np.float32)
        return stored

    def delete(self, ids: Sequence[str]) -> None:
        """Take vectors out of reach. The server's files keep their bytes until it is compacted."""
        with self._changing:
            for start in range(0, len(ids), _PAGE):
                part = list(ids[start : start + _PAGE])
                self._ask("delete", ids=part)

    def count(self) -> int:
        """How many vectors of this embedder there are."""
        return int(self._ask("count"))

    def of_others(self) -> list[str]:
        """The embedders whose vectors lie on the server beside those of this one, by name."""
        self._in_use()
        with answering(self._url):
            named = {str(each.metadata["embedder"]) for each in self._listed()}
        return sorted(named - {self._embedder})

    def rebuild(self) -> int:
        """Copy what is left into a new collection, which takes the old one's place.

        Returns how many vectors there are.
        """
        with self._one_rebuild, self._changing, _kept(self._url):
            fresh = self._begin()
            copied = 0
            while True:
                page = self._ask("get", include=["embeddings"], limit=_PAGE, offset=copied)
                if not page["ids"]:
                    break
                fresh.add(ids=page["ids"], embeddings=page["embeddings"])
                copied += len(page["ids"])
            self._exchange(fresh)
            return copied

    @contextmanager
    def anew(self) -> Iterator[AnewOnServer]:
        """A new, empty collection to write into. What is there stays in use until it takes its
        place. One at a time, and never beside `rebuild`: whoever comes second waits.
        """
        with self._one_rebuild:
            with _kept(self._url):
                made = AnewOnServer(self, self._begin())
            try:
                yield made
            finally:
                if not made.in_place:
                    self._drop(made.fresh)

    def close(self) -> None:
        """Let go of the connections."""
        with self._opening:
            if self._client is not None:
                close(self._client)
            self._client = self._collection = None

    def _ask(self, what: str, **of: Any) -> Any:
        """Ask the collection in use; a second time where another has taken its place meanwhile."""
        asked = self._in_use()
        try:
            with answering(self._url):
                return getattr(asked, what)(**of)
        except Exchanged:
            with self._opening:
                if self._collection is asked:
                    self._collection = None
        with _kept(self._url):
            return getattr(self._in_use(), what)(**of)

    def _in_use(self) -> Any:
        with self._opening:
            if self._client is None:
                self._client = client_of(self._url)
            if self._collection is None:
                with _kept(self._url):
                    self._collection = self._found() or self._first()
            return self._collection

    def _found(self) -> Any:
        """The newest that is in use; what it took the place of goes, had a process been killed."""
        newest, *older = self._of_this(_IN_USE) or [None]
        for each in older:
            self._drop(each)
        return newest

    def _first(self) -> Any:
        # Two processes that start at once get the same one.
        return self._client.get_or_create_collection(
            self._name(1), metadata=self._metadata(1, _IN_USE), embedding_function=None
        )

    def _begin(self) -> Any:
        self._in_use()
        for abandoned in self._of_this(_WRITTEN):
            self._drop(abandoned)
        newest = max(_generation(each) for each in self._of_this(_IN_USE))
        return self._client.create_collection(
            self._name(newest + 1),
            metadata=self._metadata(newest + 1, _WRITTEN),
            embedding_function=None,
        )

    def _exchange(self, fresh: Any) -> None:
        fresh.modify(metadata=self._metadata(_generation(fresh), _IN_USE))
        with self._opening:
            self._collection = fresh
        for each in self._listed():
            if each.id != fresh.id:
                self._drop(each)

    def _drop(self, collection: Any) -> None:
        try:
            with answering(self._url):
                self._client.delete_collection(collection.name)
        except Exchanged:
            return  # another process was first

    def _of_this(self, state: str) -> list[Any]:
        """This embedder's collections in this state, the newest first."""
        wanted = (self._embedder, state)
        found = [
            each
            for each in self._listed()
            if (each.metadata["embedder"], each.metadata["state"]) == wanted
        ]
        return sorted(found, key=_generation, reverse=True)

    def _listed(self) -> list[Any]:
        listed = self._client.list_collections()
        return [each for each in listed if (each.metadata or {}).get("kind") == _OURS]

    def _name(self, generation: int) -> str:
        return f"memories-{self._embedder}.{generation}"

    def _metadata(self, generation: int, state: str) -> dict[str, Any]:
        return {
            "kind": _OURS,
            "embedder": self._embedder,
            "generation": generation,
            "state": state,
        }


class AnewOnServer:
    """A collection that is being written, and has not taken the old one's place."""

    def __init__(self, vectors: ServerVectors, fresh: Any) -> None:
        self._vectors = vectors
        self.fresh = fresh
        self.in_place = False

    def add(self, ids: Sequence[str], rows: Vectors) -> None:
        """Store vectors."""
        with _kept(self._vectors._url):
            for part, of_part in _parts(ids, rows):
                self.fresh.upsert(ids=part, embeddings=of_part)

    def take_place(self, known: Callable[[list[str]], Collection[str]]) -> int:
        """Take the old one's place, with no id but those that are still `known`. Returns how many.

        This process deletes nothing while it is asked: somebody erased before is unknown then,
        somebody erased later is deleted from what has taken the place.
        """
        vectors = self._vectors
        with vectors._changing:
            seen = 0
            while ids := self._page(seen):
                still = set(known(ids))
                gone = [one for one in ids if one not in still]
                if gone:
                    with _kept(vectors._url):
                        self.fresh.delete(ids=gone)
                seen += len(ids) - len(gone)
            with _kept(vectors._url):
                vectors._exchange(self.fresh)
            self.in_place = True
            return seen

    def _page(self, offset: int) -> list[str]:
        with _kept(self._vectors._url):
            found = self.fresh.get(include=[], limit=_PAGE, offset=offset)
        return [str(one) for one in found["ids"]]


@contextmanager
def _kept(url: str) -> Iterator[None]:
    """As `answering`, where a collection that goes is a fault: somebody else deletes them."""
    try:
        with answering(url):
            yield
    except Exchanged:
        raise VectorsUnavailable(
            f"a collection on the Chroma server at {url} (USHER_CHROMA_URL) went while it was "
            "used: another process rebuilds it, or the server is used by another deployment"
        ) from None


def _generation(collection: Any) -> int:
    return int(collection.metadata["generation"])


def _parts(ids: Sequence[str], rows: Vectors) -> Iterator[tuple[list[str], list[list[float]]]]:
    for start in range(0, len(ids), _PAGE):
        end = start + _PAGE
        yield list(ids[start:end]), [row.tolist() for row in rows[start:end]]
