"""Embedders: text in, unit vectors out. The default: static word vectors that ship in a package."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into unit vectors of `dimension`."""

    name: str
    dimension: int

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text, each of length one."""
        ...


class WordLlamaEmbedder:
    """WordLlama's 256-dimensional static vectors; loaded once, when first needed."""

    name = "wordllama-256"
    dimension = 256

    def __init__(self) -> None:
        self._model: Any = None
        self._lock = Lock()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text, each of length one."""
        with self._lock:
            if self._model is None:
                self._model = _load()
        return _unit(np.asarray(self._model.embed(list(texts)), dtype=np.float32))


class HashingEmbedder:
    """A degraded mode: words hashed to places. Finds equal words, knows no meaning."""

    name = "hashing-256"
    dimension = 256

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text, each of length one."""
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.casefold().split():
                digest = blake2b(word.encode(), digest_size=4).digest()
                row[int.from_bytes(digest, "big") % self.dimension] += 1
        return _unit(rows)


def _load() -> Any:
    import wordllama  # type: ignore[import-untyped]

    folder = Path(str(wordllama.__file__)).parent
    return wordllama.WordLlama.load(cache_dir=folder, disable_download=True)


def _unit(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Vectors = rows / np.maximum(lengths, np.float32(1e-12))
    return scaled
