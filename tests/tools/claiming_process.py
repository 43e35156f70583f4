"""A process of its own that claims and stops inside the claim, for a test to kill it there.

Run as `python -m tests.tools.claiming_process FOLDER [URL]`. It says `inside` when everything has
been written and nothing is committed.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from sqlalchemy import Connection

from tests.databases import Place
from tests.tools.world import World
from tools.claim import Claimed


def main(folder: str, url: str | None = None) -> None:
    """Claim an offer and a message; stop inside the second one."""
    world = World(Place(Path(folder), url).open())
    person = world.person("ada")
    offered = world.offer(person)
    args = world.letter("cart_reminder_offer", offer_id=offered.prepared.result["offer_id"])

    def stop(conn: Connection, claimed: Claimed) -> None:
        print("inside", flush=True)
        signal.pause()

    world.claim(world.ready(person, "send_email", args), record=stop)


if __name__ == "__main__":
    main(*sys.argv[1:])
