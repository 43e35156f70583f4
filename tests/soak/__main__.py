"""The soak from the command line: one line of what happened and what an independent judge found.

`python -m tests.soak [--quick] [SEED]`. Exit 1 where a fault was found, or nothing was sent; then
what was judged stays in a folder that is named.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.soak.embedded import FULL, QUICK, Soak, Soaked


def line(people: int, soaked: Soaked, seconds: float) -> str:
    """What is printed."""
    found = soaked.verdict
    return (
        f"soak: {people} customers, {soaked.sent} events, {soaked.kills} kills, "
        f"{soaked.stops} stops, {soaked.letters} letters: {found.lost} lost, {found.twice} twice, "
        f"{found.caps} caps exceeded, {found.after_opt_out} after opt-out, "
        f"{found.stale} stale writes, chain {'valid' if soaked.chain else 'BROKEN'} "
        f"({seconds:.0f} s)"
    )


def main(words: list[str]) -> int:
    """Soak, judge and tell; 0 where nothing was found."""
    size = QUICK if "--quick" in words else FULL
    [seed] = [int(word) for word in words if word != "--quick"] or [1]
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="usher-soak-"))
    soaked = Soak(folder, size, seed).run()
    print(line(size.people, soaked, time.monotonic() - begun), flush=True)
    if soaked.passed:
        shutil.rmtree(folder)
        return 0
    print(f"seed {seed}; what was judged lies in {folder}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
