"""Interval arithmetic of tables, against counting every case one by one."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.coverage import Box, examine

FULL: Box = (0b111, 0b1111, 0b11)
BOXES = st.tuples(st.integers(1, 7), st.integers(1, 15), st.integers(1, 3))


def cases(box: Box) -> set[tuple[int, ...]]:
    return set(product(*([i for i in range(4) if mask >> i & 1] for mask in box)))


@settings(deadline=None, max_examples=300)
@given(st.lists(BOXES, max_size=8))
def test_gaps_dead_rows_and_overlaps_are_found_exactly(rows: list[Box]) -> None:
    covered: set[tuple[int, ...]] = set()
    dead: list[int] = []
    for index, row in enumerate(rows):
        if cases(row) <= covered:
            dead.append(index)
        covered |= cases(row)
    first = examine(rows, FULL, unique=False)
    assert list(first.unreachable) == dead
    assert (first.gap is None) == (covered == cases(FULL))
    assert first.gap is None or not cases(first.gap) & covered
    unique = examine(rows, FULL, unique=True)
    assert {(i, j) for i, j, _ in unique.overlaps} == {
        (i, j) for j in range(len(rows)) for i in range(j) if cases(rows[i]) & cases(rows[j])
    }
    assert all(cases(box) <= cases(rows[i]) & cases(rows[j]) for i, j, box in unique.overlaps)
