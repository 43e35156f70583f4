"""One process a folder: a second is refused by name, and a death lets go (DESIGN §5)."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from store.lock import FolderBusy, FolderLock
from tests.processes import start

HOLDER = """
import sys
from pathlib import Path
from store.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
lock.take()
print("held")
sys.stdin.readline()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    process = start(HOLDER, folder)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_refused_and_told_who_has_the_folder(tmp_path: Path) -> None:
    process = holder(tmp_path)
    assert FolderLock.held(tmp_path)
    with pytest.raises(FolderBusy, match=rf"process {process.pid} already works on {tmp_path}"):
        FolderLock(tmp_path).take()
    process.communicate("go\n")
    assert not FolderLock.held(tmp_path)


def test_a_holder_that_is_killed_lets_go(tmp_path: Path) -> None:
    process = holder(tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    lock = FolderLock(tmp_path)
    lock.take()
    assert (tmp_path / "usher.lock").read_text() == f"{os.getpid()}\n"
    lock.release()


def test_the_same_process_cannot_take_a_folder_twice(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    lock.take()
    with pytest.raises(FolderBusy, match=str(os.getpid())):
        FolderLock(tmp_path).take()
    lock.release()
    lock.release()
    again = FolderLock(tmp_path)
    again.take()
    again.release()


def test_a_folder_that_is_not_there_yet_can_be_taken(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "new" / "data")
    assert not FolderLock.held(tmp_path / "other")
    lock.take()
    assert FolderLock.held(tmp_path / "new" / "data")
    lock.release()


def test_two_folders_are_two_locks(tmp_path: Path) -> None:
    one, two = FolderLock(tmp_path / "one"), FolderLock(tmp_path / "two")
    one.take()
    two.take()
    one.release()
    two.release()


def test_whoever_only_looks_refuses_nobody(tmp_path: Path) -> None:
    """A look at the very moment at which a server starts: the start waits for it."""
    (tmp_path / "usher.lock").touch()
    looking = os.open(tmp_path / "usher.lock", os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    lock = FolderLock(tmp_path)
    lock.take(pause=lambda: fcntl.flock(looking, fcntl.LOCK_UN))
    assert FolderLock.held(tmp_path)
    lock.release()
    os.close(looking)


def test_looking_makes_nothing_and_does_not_wait_for_whoever_looks_too(tmp_path: Path) -> None:
    assert not FolderLock.held(tmp_path / "never")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "usher.lock").touch()
    looking = os.open(tmp_path / "usher.lock", os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    assert not FolderLock.held(tmp_path)
    os.close(looking)


def test_a_folder_that_a_lock_makes_is_for_its_owner_only(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "data")
    lock.take()
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    lock.release()
