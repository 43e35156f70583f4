"""Embedders: unit vectors, the same for the same text, without network."""

from __future__ import annotations

import numpy as np
import pytest

from agent.embedder import Embedder, HashingEmbedder, WordLlamaEmbedder


@pytest.mark.parametrize("embedder", [WordLlamaEmbedder(), HashingEmbedder()])
def test_rows_are_unit_vectors_and_stable(embedder: Embedder) -> None:
    texts = ["a blue lamp", "eine blaue Lampe", "🪔 " * 50]
    rows = embedder.embed(texts)
    assert rows.shape == (3, embedder.dimension) and rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert np.allclose(rows[1], embedder.embed(texts[1:2])[0], atol=1e-5)


@pytest.mark.parametrize("embedder", [WordLlamaEmbedder(), HashingEmbedder()])
def test_a_text_without_words_is_no_error_and_like_nothing(embedder: Embedder) -> None:
    rows = embedder.embed(["", "   ", "lamp"])
    assert np.isfinite(rows).all()
    assert abs(float(rows[0] @ rows[2])) < 0.5


def test_meaning_is_known_by_the_one_and_not_by_the_other() -> None:
    texts = ["the box was damaged", "package arrived broken", "we moved to Rome"]
    llama, hashed = WordLlamaEmbedder().embed(texts), HashingEmbedder().embed(texts)
    assert llama[0] @ llama[1] > llama[0] @ llama[2] + 0.1
    assert abs(float(hashed[0] @ hashed[1])) < 0.3
