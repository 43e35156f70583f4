"""Memory vectors: turned by a personal key, found by id, gone to the last byte after a rebuild."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.vectors import MemoryVectors, Turn

Rows = NDArray[np.float32]
ADA, BOB = b"a" * 32, b"b" * 32


def unit(seed: int, n: int, dimension: int = 256) -> Rows:
    """Random unit vectors, the same for the same seed."""
    rows = np.random.default_rng(seed).normal(size=(n, dimension)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_angles_within_one_person_stay_as_they_were(seed: bytes, drawn: int) -> None:
    rows = unit(drawn, 5)
    turned = Turn(seed, 256).apply(rows)
    assert np.allclose(turned @ turned.T, rows @ rows.T, atol=1e-5)
    assert np.allclose(np.linalg.norm(turned, axis=1), 1, atol=1e-5)


def test_across_people_the_same_memory_looks_like_noise() -> None:
    """P10: of another person's vectors, or of one's own without the key, nothing can be told."""
    rows = unit(1, 200)
    ada, bob = Turn(ADA, 256).apply(rows), Turn(BOB, 256).apply(rows)
    across = np.abs(np.sum(ada * bob, axis=1))
    raw = np.abs(np.sum(ada * rows, axis=1))
    for cosines in (across, raw):
        assert cosines.mean() < 0.1 and cosines.max() < 0.35
    ones = np.zeros((1, 256), dtype=np.float32)
    ones[0, 0] = 1  # one word's own place does not show either
    assert np.abs(Turn(ADA, 256).apply(ones)).max() < 0.6


def test_the_same_key_turns_the_same_way_in_every_process() -> None:
    rows = unit(2, 1)
    turned = Turn(ADA, 256).apply(rows)
    assert np.array_equal(turned, Turn(ADA, 256).apply(rows))
    # Frozen: stored vectors would be noise to another transform of the same key.
    assert [round(float(x), 4) for x in turned[0, :3]] == [0.0547, 0.0068, 0.0768]


def test_a_dimension_that_cannot_be_mixed_is_refused() -> None:
    with pytest.raises(ValueError, match="power of two"):
        Turn(ADA, 200)


def test_vectors_are_found_by_id_and_only_those_that_are_there(tmp_path: Path) -> None:
    store = MemoryVectors(tmp_path / "memory", "test-256")
    rows = unit(3, 3)
    store.add(["m1", "m2", "m3"], rows)
    found = store.get(["m3", "m1", "never"])
    assert set(found) == {"m1", "m3"}
    assert np.allclose(found["m3"], rows[2]) and store.get([]) == {}
    store.add(["m1"], rows[1:2])
    assert np.allclose(store.get(["m1"])["m1"], rows[1])
    store.delete(["m3"])
    store.delete([])
    assert store.get(["m3"]) == {}
    store.close()


def test_after_a_restart_they_are_still_there(tmp_path: Path) -> None:
    rows = unit(4, 2)
    first = MemoryVectors(tmp_path / "memory", "test-256")
    first.add(["m1", "m2"], rows)
    first.close()
    again = MemoryVectors(tmp_path / "memory", "test-256")
    assert np.allclose(again.get(["m2"])["m2"], rows[1])
    again.close()


def bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_p10_a_rebuild_leaves_no_byte_of_what_was_deleted(tmp_path: Path) -> None:
    store = MemoryVectors(tmp_path / "memory", "test-256")
    rows = unit(5, 40)
    store.add([f"m{k}" for k in range(40)], rows)
    marks = [rows[k].tobytes()[:64] for k in range(40)]
    before = bytes_in(tmp_path)
    assert marks[7] in before and b"m7" in before
    store.delete(["m7"])
    assert store.rebuild() == 39
    after = bytes_in(tmp_path)
    assert marks[7] not in after and marks[8] in after
    assert [path.name for path in tmp_path.iterdir()] == ["memory"]
    assert set(store.get([f"m{k}" for k in range(40)])) == {f"m{k}" for k in range(40)} - {"m7"}
    store.add(["m99"], rows[:1])
    store.close()
    again = MemoryVectors(tmp_path / "memory", "test-256")
    assert set(again.get(["m99", "m7", "m8"])) == {"m99", "m8"}
    again.close()


def test_rebuilding_nothing_is_no_error(tmp_path: Path) -> None:
    store = MemoryVectors(tmp_path / "memory", "test-256")
    assert store.rebuild() == 0
    assert store.get(["m1"]) == {}
    store.close()


@pytest.mark.parametrize("killed", ["while copying", "between the two names", "before tidying up"])
def test_a_rebuild_that_was_killed_leaves_one_whole_folder(tmp_path: Path, killed: str) -> None:
    folder, rows = tmp_path / "memory", unit(6, 2)
    store = MemoryVectors(folder, "test-256")
    store.add(["m1", "m2"], rows)
    store.close()
    if killed == "while copying":
        half = MemoryVectors(tmp_path / "memory.new", "test-256")
        half.add(["m1"], rows[:1])
        half.close()
    elif killed == "between the two names":
        whole = MemoryVectors(tmp_path / "memory.new", "test-256")
        whole.add(["m1", "m2"], rows)
        whole.close()
        folder.rename(tmp_path / "memory.old")
    else:
        older = MemoryVectors(tmp_path / "memory.old", "test-256")
        older.add(["gone"], rows[:1])
        older.close()
    again = MemoryVectors(folder, "test-256")
    assert set(again.get(["m1", "m2", "gone"])) == {"m1", "m2"}
    assert [path.name for path in tmp_path.iterdir()] == ["memory"]
    again.close()
