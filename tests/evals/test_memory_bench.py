"""The measurement of recall finds the right memories among others'; how fast is asked by hand."""

from __future__ import annotations

import numpy as np

from evals.benches import memory


def test_recall_and_its_peer_are_measured_at_each_size_and_find_the_same_five() -> None:
    measured = memory.run(sizes=(400, 100), rounds=3, peer_rounds=2)
    assert [each["vectors_of_others"] for each in measured["at"]] == [100, 400]
    for each in measured["at"]:
        assert each["peer_found"] == 1.0
        assert each["cpu_ms"] > 0 and each["peer_cpu_ms"] > 0
    assert measured["flatness"] > 0 and measured["peer_cpu_over_ours"] > 0


def test_vectors_of_others_are_of_length_one_and_the_same_for_the_same_seed() -> None:
    one, again = (memory.unit_rows(np.random.default_rng(3), 50, 256) for _ in range(2))
    assert np.allclose(np.linalg.norm(one, axis=1), 1, atol=1e-5)
    assert np.array_equal(one, again) and one.dtype == np.float32
