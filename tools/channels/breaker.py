"""A circuit breaker: a channel that fails again and again is left alone for a while.

After so many failures in a row it opens: nothing is tried. After a pause one letter is let through;
if that goes well all others may follow, if not the pause begins again. Nothing waits for it: what
it stops is `not_sent` at once, so that one sick system holds up nobody else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Final

FAILURES: Final = 5
PAUSE_S: Final = 30.0


class Breaker:
    """Counts failures in a row; whatever goes well in between starts the count again."""

    def __init__(
        self,
        *,
        failures: int = FAILURES,
        pause_s: float = PAUSE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open after so many failures, for so many seconds."""
        self._most = failures
        self._pause = pause_s
        self._monotonic = monotonic
        self._in_a_row = 0
        self._open_until: float | None = None
        self._probing = False

    def trial(self) -> Trial | str:
        """A try to be reported on, or why there is none now."""
        if self._open_until is None:
            return Trial(self, probe=False)
        if self._probing:
            return "the channel has failed repeatedly; one letter is trying it, the others wait"
        left = self._open_until - self._monotonic()
        if left > 0:
            return f"the channel has failed {self._in_a_row} times in a row; left alone for a while"
        self._probing = True
        return Trial(self, probe=True)

    # -- what a trial reports --------------------------------------------------------------------

    def _well(self) -> None:
        self._in_a_row = 0
        self._open_until = None

    def _badly(self) -> None:
        self._in_a_row += 1
        if self._in_a_row >= self._most:
            self._open_until = self._monotonic() + self._pause


class Trial:
    """One try. What is neither well nor badly when it ends says nothing about the channel."""

    def __init__(self, breaker: Breaker, *, probe: bool) -> None:
        self._breaker = breaker
        self._probe = probe

    def __enter__(self) -> Trial:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._probe:
            self._breaker._probing = False

    def went_well(self) -> None:
        """The other system answers."""
        self._breaker._well()

    def went_badly(self) -> None:
        """It cannot be reached, or fails."""
        self._breaker._badly()
