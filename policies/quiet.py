"""Quiet hours: may a message leave now, and if not, when at the earliest?

An instant is quiet when the clock on the wall of any zone of any window shows a time in
[start, end). A window that runs over midnight belongs to the day on which it starts. Days on which
clocks are put forward or back, and days that a zone skips, are handled exactly.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import TypeAlias

from policies.local_days import EVERY_DAY, on_holiday, on_weekday
from policies.zones import offset_us

MINUTE_US = 60_000_000
DAY_US = 1440 * MINUTE_US
HORIZON_US = 8 * DAY_US
_ALWAYS = -1_000_000


@dataclass(frozen=True, slots=True)
class Hours:
    """[start, end) minutes of the local days that are among `days` or `holidays`.

    `days` has a bit for each weekday from Monday; `end` up to `start` is the next day's, and 1440
    the end of the day. `since`: the number of the first day on which this holds.
    """

    start: int
    end: int
    days: int = EVERY_DAY
    holidays: tuple[str, ...] = ()
    since: int = _ALWAYS

    def on(self, day: int) -> bool:
        """Whether a window starts on this day."""
        if day < self.since:
            return False
        if self.days == EVERY_DAY or on_weekday(day, self.days):
            return True
        return bool(self.holidays) and on_holiday(day, self.holidays)


Held: TypeAlias = tuple[Hours, Sequence[str], int]
"""A window, the zones in which it holds, and the number of the rule that it belongs to."""


class CannotBeMet(Exception):
    """No instant of the next eight days is outside every window in every zone."""

    def __init__(self, rules: Set[int]) -> None:
        """Keep the numbers of the rules that left no room."""
        super().__init__("quiet for eight days on end")
        self.rules = rules


Spell: TypeAlias = tuple[int, Set[int], int]
"""A time without messages: its end, the rules that made it, the local minute it ends at."""


def quiet_spell(now_us: int, held: Sequence[Held]) -> Spell | None:
    """None when `now_us` is quiet nowhere, else the spell to the earliest instant that is not.

    Instants are UTC microseconds. KeyError for an unknown zone, CannotBeMet when nothing fits.
    """
    instant, minute = now_us, 0
    rules: set[int] = set()
    while True:
        # All of [instant, latest end) is quiet somewhere, so no answer is jumped over.
        latest = instant
        for hours, zones, rule in held:
            for name in zones:
                end = _end_of_quiet(instant, name, hours)
                if end > instant:
                    rules.add(rule)
                    if end > latest:
                        latest, minute = end, hours.end % 1440
        if latest == instant:
            return None if instant == now_us else (instant, rules, minute)
        if latest - now_us > HORIZON_US:
            raise CannotBeMet(rules)
        instant = latest


def free_until(now_us: int, upto_us: int, held: Sequence[Held], zones: Iterable[str]) -> int:
    """The last instant up to `upto_us` before which nothing changes anywhere.

    `now_us` is not quiet, and no window holds in other zones than `zones`. Until the answer no
    window starts, no clock is put forward or back, and every zone shows the same day as now.
    """
    last = upto_us
    clocks: dict[str, tuple[int, int]] = {}
    for name in zones:
        ahead = offset_us(name, now_us)
        clocks[name] = day, shown = divmod(now_us + ahead, DAY_US)
        if last - now_us >= DAY_US - shown:
            last = now_us + DAY_US - shown - 1
        if offset_us(name, last) != ahead:
            last = _change(now_us, last, name, ahead) - 1
    for hours, names, _ in held:
        start = hours.start * MINUTE_US
        for name in names:
            day, shown = clocks[name]
            if 0 < start - shown <= last - now_us and hours.on(day):
                last = now_us + start - shown - 1
    return max(last, now_us)


def next_local(now_us: int, zones: Iterable[str], minute: int) -> int:
    """The earliest instant by which every zone's clock has come to `minute` of its day."""
    return max(_next_in(now_us, name, minute) for name in sorted(set(zones)))


def _next_in(now_us: int, name: str, minute: int) -> int:
    ahead = offset_us(name, now_us)
    target = now_us + (minute * MINUTE_US - now_us - ahead) % DAY_US
    later = offset_us(name, target)
    moved = target + ahead - later
    # A time that the clocks skip that night comes as much later as they were put forward.
    return moved if offset_us(name, moved) == later else target


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


def _end_of_quiet(instant: int, name: str, hours: Hours) -> int:
    """When the window that `instant` lies in is over; `instant` itself when it lies in none."""
    start, end = hours.start, hours.end
    while True:
        ahead = offset_us(name, instant)
        day, shown = divmod(instant + ahead, DAY_US)
        minute = shown // MINUTE_US
        if minute >= start:
            if start < end and minute >= end or not hours.on(day):
                return instant
            target = instant + end * MINUTE_US - shown + (0 if start < end else DAY_US)
        elif minute < end and end <= start and hours.on(_day_before(instant, name, day, shown)):
            target = instant + end * MINUTE_US - shown
        else:
            return instant
        if offset_us(name, target) == ahead:
            return target
        instant = _change(instant, target, name, ahead)


def _day_before(instant: int, name: str, day: int, shown: int) -> int:
    """The last day that there was in this zone before `day`; a zone that skips a day had another.

    Clocks that were put back since midnight would show `day` still, so it is at most the day
    before.
    """
    midnight = instant - shown - 1
    return min(day - 1, (midnight + offset_us(name, midnight)) // DAY_US)
