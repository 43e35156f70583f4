"""Plain values: what can be written down and read back, and where a message holds anything else.

JSON as people send it may hold numbers that are none, half of a character, or structures without
end. None of that can be kept, so it is refused at the door, with its place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

DEEPEST: Final = 32
LARGEST: Final = 10**40


def unplain(value: Any, *, where: str) -> str | None:
    """What is wrong and where, such as `properties.total: not a number`; None where it is plain."""
    waiting: list[tuple[str, Any, int]] = [(where, value, 0)]
    while waiting:
        place, part, depth = waiting.pop()
        if depth > DEEPEST:
            return f"{place}: more than {DEEPEST} levels"
        if isinstance(part, Mapping):
            for key, inner in part.items():
                if not isinstance(key, str) or _broken(key):
                    return f"{place}: a name that is no text"
                waiting.append((f"{place}.{key[:40]}", inner, depth + 1))
        elif isinstance(part, (list, tuple)):
            waiting.extend((f"{place}[{n}]", inner, depth + 1) for n, inner in enumerate(part))
        elif isinstance(part, float) and not math.isfinite(part):
            return f"{place}: not a number"
        elif isinstance(part, int) and abs(part) >= LARGEST:
            return f"{place}: a number of more than 40 digits"
        elif isinstance(part, str) and _broken(part):
            return f"{place}: half of a character (a lone surrogate)"
    return None


def _broken(text: str) -> bool:
    return any(0xD800 <= ord(character) <= 0xDFFF for character in text)
