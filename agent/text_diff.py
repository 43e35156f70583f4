"""What changes from one text to another, line by line, for people who approve it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

_AROUND = 2


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a difference: `sign` is `+`, `-`, a blank for context, or `…` for what is left
    out. `number` counts in the new text, of a line taken away in the old one.
    """

    sign: str
    number: int
    text: str


def diff(old: str, new: str, *, around: int = _AROUND) -> list[Line]:
    """The lines that differ, with some around them; empty where nothing does."""
    before, after = old.splitlines(), new.splitlines()
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    lines: list[Line] = []
    for group in matcher.get_grouped_opcodes(around):
        if lines:
            lines.append(Line("…", 0, ""))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += [Line(" ", j + 1, after[j]) for j in range(j1, j2)]
                continue
            lines += [Line("-", i + 1, before[i]) for i in range(i1, i2)]
            lines += [Line("+", j + 1, after[j]) for j in range(j1, j2)]
    return lines
