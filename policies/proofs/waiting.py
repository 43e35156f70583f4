"""How long quiet hours and deferrals hold a message, as a term.

Zones are opaque: a message waits for any time that could be, so what is proved holds in every
zone. Where `exact` holds, the person is in the zone UTC and the wait is the one the gate works out:
a case found there is real.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from policies.facts import LAST_INSTANT_US
from policies.limits import NOW, USEFUL
from policies.proofs.logic import Term
from policies.proofs.space import Family, Space
from policies.quiet import Hours

DAY: Final = 1440
MINUTE_US: Final = 60_000_000
#: Days since 1970 on which nothing runs over the last instant that a pack knows.
LAST_DAY: Final = LAST_INSTANT_US // (DAY * MINUTE_US) - 16


@dataclass(frozen=True, slots=True)
class Held:
    """A rule that defers to a minute of the day: where it fires. `key` tells it from others."""

    minute: int
    fires: Term
    key: str


@dataclass(frozen=True, slots=True)
class Quiet:
    """Quiet hours, and the calls that are held to them. `hours` None: they stay opaque.

    `key` tells them from others.
    """

    key: str
    hours: Hours | None
    applies: Term


class Clock:
    """The one reading of the clock in a space: a day and a minute, in UTC."""

    def __init__(self, space: Space) -> None:
        logic = space.logic
        self.exact = logic.unknown("clock:exact")
        self.minute = logic.unknown_number("clock:minute")
        self.day = logic.unknown_number("clock:day")
        now = _number(space, NOW)
        logic.assume(logic.all([self.minute >= 0, self.minute < DAY]))
        logic.assume(logic.all([self.day >= 1, self.day <= LAST_DAY]))
        shown = (self.day * DAY + self.minute) * MINUTE_US
        logic.assume(logic.any([logic.negated(self.exact), now == shown]))


class Waiting:
    """What a pack makes of the clock: whether it is quiet, and whether a message comes too late."""

    def __init__(
        self, space: Space, clock: Clock, held: Sequence[Held], quiet: Sequence[Quiet]
    ) -> None:
        self._space, self._clock = space, clock
        logic = space.logic
        # The same rules make the same wait of the same moment: then two packs share the unknown.
        rules = repr([one.key for one in held])
        hours = repr([one.key for one in quiet])
        first = logic.unknown_number(f"wait:{_short(rules)}")
        second = logic.unknown_number(f"wait:{_short(rules + hours)}")
        never = logic.unknown(f"never:{_short(rules + hours)}")
        logic.assume(logic.all([first >= 0, second >= first]))
        self._tell(first, second, never, held, quiet)
        applies = logic.any(one.applies for one in quiet)
        deferred = logic.any(one.fires for one in held)
        wait = logic.either(deferred, first, logic.number(0))
        wait = logic.either(applies, second, wait)
        ends = logic.negated(logic.all([applies, never]))
        useful = _number(space, USEFUL)
        self.fires = logic.all([applies, logic.any([never, second > first])])
        self.too_late = logic.any([
            logic.negated(ends), logic.all([wait > 0, wait > useful])
        ])  # fmt: skip

    def _tell(
        self, first: Term, second: Term, never: Term, held: Sequence[Held], quiet: Sequence[Quiet]
    ) -> None:
        """What the waits are where the clock is read exactly."""
        logic, clock = self._space.logic, self._clock
        later = logic.number(0)
        for one in held:
            until = _until(self._space, clock.minute, one.minute)
            later = logic.either(logic.all([one.fires, until > later]), until, later)
        told = [first == later, logic.negated(never)]
        daily = quiet[0].hours if len(quiet) == 1 else None
        # Of several windows, and of those of some days, only that they may hold it is known.
        if daily is not None and daily == Hours(daily.start, daily.end):
            start, end = daily.start, daily.end
            sum_ = clock.minute + first
            shown = logic.either(sum_ >= DAY, sum_ - DAY, sum_)
            inside = [shown >= start, shown < end]
            is_quiet = logic.all(inside) if start < end else logic.any(inside)
            rest = logic.either(is_quiet, _until(self._space, shown, end), logic.number(0))
            told.append(second == first + rest)
        elif not quiet:
            told.append(second == first)
        logic.assume(logic.any([logic.negated(clock.exact), logic.all(told)]))


def clock_of(space: Space) -> Clock | None:
    """The clock of a space, where its calls are about a moment at all."""
    found = space.unknowns.get(NOW, [])
    return Clock(space) if any(one.family is Family.NUMBER for one in found) else None


def _number(space: Space, name: str) -> Term:
    return next(one.term for one in space.unknowns[name] if one.family is Family.NUMBER)


def _until(space: Space, minute: Term, target: int) -> Term:
    """Minutes from one minute of the day to another, none when it is that one."""
    return space.logic.either(minute <= target, target - minute, target + DAY - minute)


def _short(key: str) -> str:
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
