"""What is wrong with a pack, said so that its author can mend it: file, line, column, advice."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding; `line` and `col` count from 1. A `warning` does not stop a pack."""

    file: str
    line: int
    col: int
    text: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        """Give the finding as `FILE:LINE:COL: text`."""
        return f"{self.file}:{self.line}:{self.col}: {self.text}"


class PolicyError(Exception):
    """A pack that must not be used; `problems` holds everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems in the order of the file."""
        self.problems: tuple[Problem, ...] = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` when a known word is close, else nothing."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""


def words(values: Iterable[object]) -> str:
    """A list as people write it: `a, b, c`."""
    return ", ".join(str(value) for value in values)
