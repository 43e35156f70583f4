"""The time in which a limit counts: `{rolling: P7D}`, `{calendar: day}` or `{ever: true}`."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from ruamel.yaml.nodes import Node

from policies.problems import did_you_mean, words
from policies.source import Source

MAX_WINDOW_DAYS: Final = 3660
_DURATION = re.compile(
    r"P(?:([0-9]{1,4})W)?(?:([0-9]{1,4})D)?(?:T(?:([0-9]{1,5})H)?(?:([0-9]{1,6})M)?)?\Z"
)
_UNITS: Final = ("day", "week", "month", "year")


@dataclass(frozen=True, slots=True)
class Window:
    """`rolling`: the last `duration_us`; `calendar`: the `unit` that is now; `ever`: all time."""

    kind: Literal["rolling", "calendar", "ever"]
    duration_us: int = 0
    unit: str = ""


def read_window(source: Source, node: Node) -> Window | None:
    """Read a `window:`."""
    keys = source.mapping(node, "window:", may=("rolling", "calendar", "ever"))
    if keys is None:
        return None
    if len(keys) != 1:
        source.say(node, "window: is {rolling: P7D}, {calendar: day} or {ever: true}")
        return None
    if "ever" in keys:
        if source.scalar(keys["ever"]) is True:
            return Window("ever")
        source.say(keys["ever"], "ever: is true, or the window is another one")
        return None
    return _calendar(source, keys["calendar"]) if "calendar" in keys else _rolling(source, keys)


def _calendar(source: Source, node: Node) -> Window | None:
    unit = source.string(node, "calendar:")
    if unit in _UNITS:
        return Window("calendar", unit=unit)
    if unit is not None:
        hint = did_you_mean(unit, _UNITS)
        source.say(node, f"calendar: is one of {words(_UNITS)}, not '{unit}'{hint}")
    return None


def _rolling(source: Source, keys: dict[str, Node]) -> Window | None:
    total = read_duration(source, keys["rolling"], "rolling:")
    if total is None:
        return None
    if total > MAX_WINDOW_DAYS * 86_400_000_000:
        source.say(keys["rolling"], f"a window is at most {MAX_WINDOW_DAYS} days long")
        return None
    return Window("rolling", duration_us=total)


def read_duration(source: Source, node: Node, what: str) -> int | None:
    """A duration such as P7D or PT24H in microseconds."""
    text = source.string(node, what)
    if text is None:
        return None
    match = _DURATION.match(text)
    weeks, days, hours, minutes = (int(part or 0) for part in (match.groups() if match else "0000"))
    total = ((weeks * 7 + days) * 1440 + hours * 60 + minutes) * 60_000_000
    if not total:
        source.say(node, f"'{text}' is not a duration such as P7D or PT24H")
        return None
    return total
