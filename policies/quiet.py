"""Quiet hours: may a message leave now, and if not, when at the earliest?

An instant is quiet when the clock on the wall of any of the given zones shows a time in
[start, end). Days on which clocks are put forward or back are handled exactly.
"""

from collections.abc import Iterable

from policies.zones import offset_us

MINUTE_US = 60_000_000
DAY_US = 1440 * MINUTE_US
HORIZON_US = 8 * DAY_US


class CannotBeMet(Exception):
    """No instant of the next eight days is outside quiet hours in every zone."""


def quiet_until(now_us: int, zones: Iterable[str], start: int, end: int) -> int | None:
    """None when `now_us` is quiet in no zone, else the earliest instant that is quiet in none.

    Instants are UTC microseconds, `start` and `end` minutes of the local day; a window may
    run over midnight. KeyError for an unknown zone, CannotBeMet when nothing fits.
    """
    names = tuple(zones)
    instant = now_us
    while True:
        # All of [instant, latest end) is quiet somewhere, so no answer is jumped over.
        latest = max((_end_of_quiet(instant, name, start, end) for name in names), default=instant)
        if latest == instant:
            return None if instant == now_us else instant
        if latest - now_us > HORIZON_US:
            raise CannotBeMet
        instant = latest


def next_local(now_us: int, zones: Iterable[str], minute: int) -> int:
    """The earliest instant by which every zone's clock has come to `minute` of its day."""
    return max(_next_in(now_us, name, minute) for name in sorted(set(zones)))


def _next_in(now_us: int, name: str, minute: int) -> int:
    ahead = offset_us(name, now_us)
    target = now_us + _until(_shown(now_us, ahead), minute)
    later = offset_us(name, target)
    moved = target + ahead - later
    # A time that the clocks skip that night comes as much later as they were put forward.
    return moved if offset_us(name, moved) == later else target


def _until(shown_us: int, minute: int) -> int:
    return (minute * MINUTE_US - shown_us) % DAY_US


def _quiet(shown_us: int, start: int, end: int) -> bool:
    minute = shown_us // MINUTE_US
    if start < end:
        return start <= minute < end
    return minute >= start or minute < end


def _shown(instant: int, ahead: int) -> int:
    return (instant + ahead) % DAY_US


def _change(after: int, upto: int, name: str, ahead: int) -> int:
    """The first whole second in (after, upto] at which the zone's offset is not `ahead`."""
    low, high = after // 1_000_000, upto // 1_000_000
    while high - low > 1:
        middle = (low + high) // 2
        if offset_us(name, middle * 1_000_000) == ahead:
            low = middle
        else:
            high = middle
    return high * 1_000_000


def _end_of_quiet(instant: int, name: str, start: int, end: int) -> int:
    while True:
        ahead = offset_us(name, instant)
        shown = _shown(instant, ahead)
        if not _quiet(shown, start, end):
            return instant
        target = instant + _until(shown, end)
        if offset_us(name, target) == ahead:
            return target
        instant = _change(instant, target, name, ahead)
