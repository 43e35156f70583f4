"""The soak from the command line: one line of what happened and what an independent judge found.

`python -m tests.soak [--quick] [SEED]`: one server on a folder of its own, and, unless it is to be
quick, four workers over one ledger on PostgreSQL; the line has both together. Exit 1 where a fault
was found, or nothing was sent; then what was judged stays in a folder that is named.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.soak import crew
from tests.soak.embedded import FULL, QUICK, Soak
from tests.soak.outcome import both


def main(words: list[str]) -> int:
    """Soak, judge and tell; 0 where nothing was found."""
    quick = "--quick" in words
    [seed] = [int(word) for word in words if word != "--quick"] or [1]
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="usher-soak-"))
    if quick:
        soaked = Soak(folder / "embedded", QUICK, seed).run()
    else:
        soaked = both(Soak(folder / "embedded", FULL, seed).run(), crew.soak(folder / "crew", seed))
    print(soaked.line(time.monotonic() - begun), flush=True)
    if soaked.passed:
        shutil.rmtree(folder)
        return 0
    print(f"seed {seed}; what was judged lies in {folder}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
