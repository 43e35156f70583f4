"""When a cap that is full has room again: the instant at which a person may be written to next.

Never earlier than the cap allows and never later than it asks (both are properties in the tests).
Only caps are asked: what else would stand in the way then, the gate says then.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from policies.obligations import NOT_BEFORE_US
from policies.scope import CONTACT, OFFER, holds
from policies.verdict import FiredKind, Outcome
from policies.windows import Window
from tools.cap_facts import contact_times, offer_times, same_unit, used
from tools.gate import Decided
from tools.instants import DAY_US, local_date
from tools.messages import Send, message_file
from tools.picture import Picture
from tools.tool import Setting

#: No unit of a calendar is over later than this.
_LONGEST_UNIT_US = 370 * DAY_US


def free_at(
    window: Window, most: int, times: Iterable[int], zones: Iterable[str], start: int
) -> int | None:
    """The first instant from `start` on at which one more fits beside these; None: never."""
    taken, names = sorted(times, reverse=True), tuple(zones) or ("Etc/UTC",)
    if most <= 0:
        return None
    if len(taken) < most:
        return start
    if window.kind == "ever":
        return None
    if window.kind == "rolling":
        return max(start, taken[most - 1] + window.duration_us)
    at = start
    # All of a unit that is full in some zone is full, so no answer is jumped over.
    while full := [z for z in names if used(window, taken, at, (z,)) >= most]:
        at = max(_end_of_unit(window.unit, at, zone) for zone in full)
    return at


def possible_from(picture: Picture, decided: Decided, setting: Setting) -> int | None:
    """From when no cap would refuse this call; None where others refuse it too, or for ever."""
    denials = [f for f in decided.verdict.fired if f.outcome is Outcome.DENY]
    if not denials or any(fired.kind is not FiredKind.CAP for fired in denials):
        return None
    held = decided.verdict.obligations.get(NOT_BEFORE_US)
    at = held if isinstance(held, int) else picture.now_us
    counts = _counts(picture, decided, setting)
    settled = False
    while not settled:
        settled = True
        for window, most, times in counts:
            free = free_at(window, most, times, picture.zones, at)
            if free is None:
                return None
            settled, at = settled and free == at, free
    return at


def _counts(
    picture: Picture, decided: Decided, setting: Setting
) -> list[tuple[Window, int, list[int]]]:
    """Of each cap that holds this call: its window, how many it allows, and what it has counted."""
    found: list[tuple[Window, int, list[int]]] = []
    for cap in setting.pack.caps:
        if cap.on != decided.kind.value or not holds(cap.obeys, decided.facts):
            continue
        times = offer_times(cap, picture, setting) if cap.on == OFFER else None
        if cap.on == CONTACT and decided.tool is not None and isinstance(decided.args, Send):
            channel = decided.tool.channel
            file = message_file(channel, picture, decided.args, setting)
            if file is not None:
                times = contact_times(cap, picture, setting, channel, file.purpose)
        found.append((cap.window, cap.max, times or []))
    return found


def _end_of_unit(unit: str, at: int, zone: str) -> int:
    """The first instant after `at` that a calendar of this zone shows in another unit."""
    today = local_date(at, zone)
    inside, outside = at, at + _LONGEST_UNIT_US
    first = _first_of_next(unit, today)
    while outside - inside > 1:
        middle = (inside + outside) // 2
        if local_date(middle, zone) < first:
            inside = middle
        else:
            outside = middle
    return outside


def _first_of_next(unit: str, day: date) -> date:
    """The first day of the unit after this day's."""
    other = day + timedelta(days=1)
    while same_unit(unit, day, other):
        other += timedelta(days=1)
    return other
