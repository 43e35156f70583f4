"""Are all cases of a decision table covered, each one once? Own interval arithmetic.

A column's domain is cut into the atoms its cells distinguish; a cell is a bit mask of
atoms, a row a box of masks. What no row covers is kept as a list of disjoint boxes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Box = tuple[int, ...]
MAX_BOXES: Final = 20_000


class TooManyCases(Exception):
    """The table distinguishes more cases than can be looked at when a pack is loaded."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Row indices; `gap` is a box that no row covers, None when there is none."""

    unreachable: tuple[int, ...]
    overlaps: tuple[tuple[int, int, Box], ...]
    gap: Box | None


def examine(rows: Sequence[Box], full: Box, *, unique: bool) -> Findings:
    """Look for rows that can never be reached, rows that overlap, and cases left open."""
    overlaps: list[tuple[int, int, Box]] = []
    if unique:
        for j, later in enumerate(rows):
            for i in range(j):
                if common := _common(rows[i], later):
                    overlaps.append((i, j, common))
    open_boxes: list[Box] = [full]
    unreachable: list[int] = []
    for index, row in enumerate(rows):
        rest: list[Box] = []
        hit = False
        for box in open_boxes:
            common = _common(box, row)
            if common is None:
                rest.append(box)
                continue
            hit = True
            rest.extend(_without(box, common))
        if len(rest) > MAX_BOXES:
            raise TooManyCases
        if not hit and not unique:
            unreachable.append(index)
        open_boxes = rest
    return Findings(tuple(unreachable), tuple(overlaps), open_boxes[0] if open_boxes else None)


def _common(one: Box, two: Box) -> Box | None:
    box = tuple(a & b for a, b in zip(one, two, strict=True))
    return box if all(box) else None


def _without(box: Box, common: Box) -> list[Box]:
    """The box less a part of it, as disjoint boxes."""
    pieces: list[Box] = []
    for column, part in enumerate(common):
        if left := box[column] & ~part:
            pieces.append((*common[:column], left, *box[column + 1 :]))
    return pieces
