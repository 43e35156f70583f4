"""Where a test's database lives: it can be opened, opened again, or from another process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from store.database import Database

#: Every test's master key. Nothing here is worth hiding.
MASTER = bytes(range(32))


@dataclass(frozen=True, slots=True)
class Place:
    """A data folder, and the address of the PostgreSQL database that goes with it, if one does."""

    folder: Path
    url: str | None = None

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return "sqlite" if self.url is None else "postgresql"

    def open(self) -> Database:
        """Open it as a process would that starts."""
        return Database.open(self.folder, url=self.url, master=MASTER)
