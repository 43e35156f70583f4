"""What recall, indexing and erasure ask of whoever keeps memory vectors: one protocol, two keepers.

`agent.vectors.MemoryVectors` keeps them in a folder of this process, `agent.vector_server` on a
Chroma server. Both keep turned vectors under memory ids, for one embedder, and never any text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agent.embedder import Vectors
from agent.errors import NotReady


class VectorsUnavailable(NotReady):
    """The vectors cannot be reached now. The message names the server and says what to do."""


class Writing(Protocol):
    """Vectors that are being written, and have not taken the place of those in use."""

    def add(self, ids: Sequence[str], rows: Vectors) -> None:
        """Store vectors."""
        ...

    def take_place(self, known: Callable[[list[str]], Collection[str]]) -> int:
        """Take the place, with no id but those that are still `known`. Returns how many."""
        ...


class VectorStore(Protocol):
    """Vectors of one embedder by memory id. Any method may raise `VectorsUnavailable`."""

    def add(self, ids: Sequence[str], rows: Vectors) -> None:
        """Store vectors, one row an id; an id that is there already is replaced."""
        ...

    def get(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors of these ids that are stored."""
        ...

    def delete(self, ids: Sequence[str]) -> None:
        """Take vectors out of reach."""
        ...

    def count(self) -> int:
        """How many vectors of this embedder there are."""
        ...

    def of_others(self) -> list[str]:
        """The other embedders of which there are vectors, by name."""
        ...

    def rebuild(self) -> int:
        """Write what is left anew and throw the old away. Returns how many vectors there are."""
        ...

    def anew(self) -> AbstractContextManager[Writing]:
        """Somewhere empty to write into; what is there stays in use until it takes its place."""
        ...

    def close(self) -> None:
        """Let go."""
        ...
