"""A process of its own that tells which version it would claim under, each time it is asked.

Run as `python -m tests.agent.pack_process FOLDER [URL]`. It answers every line with a version.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.databases import Place
from tools.packs import PackShelf


def main(folder: str, url: str | None = None) -> None:
    """Answer until there is nobody who asks."""
    db, shelf = Place(Path(folder), url).open(), PackShelf()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(db.write_now(shelf.live, "commerce", "recover_cart").version, flush=True)
    db.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
