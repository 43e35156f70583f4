"""A call as a planner wrote it, and the same call as something that can be written down.

A planner may write anything: numbers that are none, texts that no file can hold, structures without
end. `readable` turns whatever it is into plain JSON values of bounded size and says what was wrong.
It never raises, so a bad call is an answer to the planner and not a fault of ours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

#: Arguments of a call, written out: so many characters, values and levels at most.
MOST_CHARACTERS: Final = 20_000
MOST_VALUES: Final = 2_000
DEEPEST: Final = 12
_MOST_REASONS: Final = 50
_LONGEST_NAME: Final = 100
_LONGEST_TEXT: Final = 4_000
_FULL_BP: Final = 10_000


@dataclass(frozen=True, slots=True)
class Proposed:
    """A call as a planner proposes it. `overrides`: a reason for each soft rule to be set aside."""

    id: str
    tool: str
    args: dict[str, Any]
    reasoning: str = ""
    confidence_bp: int | None = None
    overrides: dict[str, str] = field(default_factory=dict)


class _Unreadable(Exception):
    """A value that has no place in a call; the text says which kind."""


def readable(proposed: Proposed) -> tuple[Proposed, str | None]:
    """The call in plain values, and what was wrong with it; None where nothing was.

    What cannot be read is left out, so that the rest can be shown. A confidence that is none is
    unknown, not an error.
    """
    problems: list[str] = []
    args = _part(proposed.args, "arguments", problems)
    reasons = _part(proposed.overrides, "overrides", problems)
    if len(reasons) > _MOST_REASONS or not all(isinstance(r, str) for r in reasons.values()):
        problems.append("overrides: give one reason in words for each rule")
        reasons = {}
    if not isinstance(proposed.tool, str):
        problems.append("tool: name a tool")
    confidence = proposed.confidence_bp
    known = type(confidence) is int and 0 <= confidence <= _FULL_BP
    plain = Proposed(
        id=_text(proposed.id, _LONGEST_NAME),
        tool=_text(proposed.tool, _LONGEST_NAME),
        args=args,
        reasoning=_text(proposed.reasoning, _LONGEST_TEXT),
        confidence_bp=confidence if known else None,
        overrides={rule: reason[:_LONGEST_TEXT] for rule, reason in reasons.items()},
    )
    return plain, "; ".join(problems) or None


def _text(value: object, longest: int) -> str:
    """A text as UTF-8 can hold it; nothing where it is no text."""
    if not isinstance(value, str):
        return ""
    return value[:longest].encode("utf-8", "replace").decode("utf-8")


def _part(value: object, what: str, problems: list[str]) -> dict[str, Any]:
    try:
        plain = _Reading().plain(value, 0)
    except _Unreadable as problem:
        problems.append(f"{what}: {problem}")
        return {}
    if not isinstance(plain, dict):
        problems.append(f"{what}: give an object")
        return {}
    return plain


class _Reading:
    """One walk over a value, with what it may still meet."""

    def __init__(self) -> None:
        self.values, self.characters = MOST_VALUES, MOST_CHARACTERS

    def plain(self, value: object, depth: int) -> Any:
        self.values -= 1
        if self.values < 0 or depth > DEEPEST:
            raise _Unreadable("it holds too many values, or too deep ones")
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int):
            if not -(2**63) <= value < 2**63:
                raise _Unreadable("it holds a number that is too large")
            return int(value)
        if isinstance(value, float):
            if not math.isfinite(value):
                raise _Unreadable("it holds a number that is none")
            return float(value)
        if isinstance(value, (list, tuple)):
            return [self.plain(item, depth + 1) for item in value]
        if isinstance(value, Mapping):
            return {self.key(key): self.plain(item, depth + 1) for key, item in value.items()}
        raise _Unreadable("it holds a value that JSON does not know")

    def key(self, key: object) -> str:
        if not isinstance(key, str):
            raise _Unreadable("it holds a name that is no text")
        return self.text(key)

    def text(self, value: str) -> str:
        self.characters -= len(value)
        if self.characters < 0:
            raise _Unreadable("it is too long")
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise _Unreadable("it holds half of a character") from None
        return str(value)
