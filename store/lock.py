"""One process a folder: `usher.lock` is held while a server or a writing command works on it."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

_PAUSE_S = 0.01
_MOST_PAUSES = 200


class FolderBusy(Exception):
    """Another process works on this data folder."""


class FolderLock:
    """Held from `take` to `release`; the kernel lets go of it when the process dies."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "usher.lock"
        self._handle: int | None = None

    def take(self, *, pause: Callable[[], None] = lambda: time.sleep(_PAUSE_S)) -> None:
        """Take the folder or raise `FolderBusy`, which says who has it.

        Somebody who only looks (`held`) is waited for, with a `pause` in between.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        pauses = 0
        while not _locked(handle, fcntl.LOCK_EX):
            # Where it can be shared, nobody has it: somebody only looks.
            if pauses < _MOST_PAUSES and _locked(handle, fcntl.LOCK_SH):
                fcntl.flock(handle, fcntl.LOCK_UN)
                pauses += 1
                pause()
                continue
            holder = os.read(handle, 32).decode(errors="replace").strip() or "unknown"
            os.close(handle)
            raise FolderBusy(
                f"process {holder} already works on {self._path.parent}; stop it first, "
                "or give this one another folder with --data"
            ) from None
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        self._handle = handle

    def release(self) -> None:
        """Let go."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    @classmethod
    def held(cls, folder: Path) -> bool:
        """Whether some process works on this folder now. Looking makes nothing and stops nobody."""
        try:
            handle = os.open(cls(folder)._path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            return not _locked(handle, fcntl.LOCK_SH)
        finally:
            os.close(handle)


def _locked(handle: int, how: int) -> bool:
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
