"""What was answered as published is in force: in every process, for whatever is claimed next."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from agent.pack_changing import Clocks
from agent.publishing import Publishing
from store.clock import SystemClock
from store.database import Database
from tests.databases import Place
from tests.source import ROOT
from tests.tools.pack_texts import commerce
from tools.packs import PackShelf


@contextmanager
def another_process(place: Place) -> Iterator[subprocess.Popen[str]]:
    """Somebody else who claims on the same database."""
    at = [str(place.folder), *([place.url] if place.url else [])]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.agent.pack_process", *at],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.stdin.close()
        process.wait(timeout=60)
        process.stdout.close()


def version_there(process: subprocess.Popen[str]) -> int:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("which\n")
    process.stdin.flush()
    return int(process.stdout.readline())


async def test_another_process_decides_by_what_was_answered_as_published(
    postgresql_place: Place,
) -> None:
    place = postgresql_place
    db: Database = place.open()
    shelf = PackShelf()
    publishing = Publishing(db, SystemClock(), shelf, default="commerce", clocks=Clocks())
    await publishing.put("commerce", commerce(1), author="ann")
    with another_process(place) as process:
        assert version_there(process) == 1
        for version in range(2, 12):
            told = await publishing.put("commerce", commerce(version), author="ann")
            assert version_there(process) == version, told
            assert db.read_now(shelf.live, "commerce").version == version
        await publishing.rollback("commerce", 4, author="ann", reason="as it was")
        assert version_there(process) == 4
    db.close()


async def test_while_others_publish_nobody_ever_sees_an_older_one_again(
    postgresql_db: Database,
) -> None:
    shelf = PackShelf()
    publishing = Publishing(postgresql_db, SystemClock(), shelf, default="commerce")
    seen = 0
    for version in range(1, 8):
        await publishing.put("commerce", commerce(version), author="ann")
        now = await postgresql_db.write(lambda conn: shelf.live(conn, "commerce").version)
        assert now == version > seen
        seen = now
