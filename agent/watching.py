"""The watched folder: a file that people save is in force a moment later, or its problems are told.

The whole folder is read whenever anything in it moved; a file taken away changes nothing. It may
come later than the server, go, and come again. Reading and compiling hold nobody up.

A file that is still being written is not taken: half a pack may read well and hold half the rules.
What the folder holds is taken once two looks, a moment apart, see the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog
from watchfiles import awatch

from agent.pack_files import Found, read_folder

log = structlog.get_logger("usher.watching")

#: Editors write a file in several steps; what comes within this time is one change.
_SETTLES_MS = 300
#: How often to see whether the folder itself has come or gone, and how long a stop may take.
_LOOKS_UP_MS = 1_000


class FolderWatch:
    """Watches one folder of packs. `must`: somebody said that it is there, so its absence is told.

    `take` is given what the folder holds, at the start and after every change.
    """

    def __init__(
        self,
        folder: Path,
        take: Callable[[Found], Awaitable[None]],
        *,
        must: bool,
        read: Callable[[Path], Found] = read_folder,
    ) -> None:
        self._folder = folder
        self._take = take
        self._must = must
        self._read = read
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._seen: Found | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.create_task(self._watch(), name="policies-folder")

    async def stop(self) -> None:
        """Stop watching; what is being taken in is finished first."""
        self._stop.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                await self._look()
                if self._folder.is_dir():
                    await self._until_it_is_gone()
                    continue
            except Exception as fault:
                # The folder may be unreadable for now, or the machine out of watches. Whatever it
                # is, looking again does no harm, and files are text people wrote, never data.
                log.warning("policies_watch_failed", error=type(fault).__name__)
            await self._pause()

    async def _until_it_is_gone(self) -> None:
        """Look whenever something moved; return when this folder is no longer the one there was."""
        there = _identity(self._folder)
        async for _ in awatch(
            self._folder,
            watch_filter=None,
            debounce=_SETTLES_MS,
            rust_timeout=_LOOKS_UP_MS,
            yield_on_timeout=True,
            stop_event=self._stop,
            recursive=False,
        ):
            if _identity(self._folder) != there:
                return
            await self._look()

    async def _look(self) -> None:
        """Read the folder; hand it on where it holds something else than the last time."""
        found = await self._there()
        while found != self._seen and not self._stop.is_set():
            await asyncio.sleep(_SETTLES_MS / 1_000)
            before, found = found, await self._there()
            if found == before:
                await self._take(found)
                self._seen = found

    async def _there(self) -> Found:
        if self._folder.is_dir():
            return await asyncio.to_thread(self._read, self._folder)
        if self._must:
            return Found({}, (f"{self._folder}: there is no such folder",))
        return Found({})

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), _LOOKS_UP_MS / 1_000)
        except TimeoutError:
            return


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
