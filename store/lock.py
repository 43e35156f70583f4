"""One process a folder: `usher.lock` is held while a server or a writing command works on it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class FolderBusy(Exception):
    """Another process works on this data folder."""


class FolderLock:
    """Held from `take` to `release`; the kernel lets go of it when the process dies."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "usher.lock"
        self._handle: int | None = None

    def take(self) -> None:
        """Take the folder or raise `FolderBusy`, which says who has it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
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
        """Whether some process works on this folder now."""
        lock = cls(folder)
        try:
            lock.take()
        except FolderBusy:
            return True
        lock.release()
        return False
