"""The database of a process: units of work in, committed results out; and the vault beside it.

A unit is a plain function of a connection and arguments. It does no I/O, asks no clock, and may run
again; what it returns leaves only after COMMIT (P7). SQLite: one writer thread with group commit,
readers beside it. PostgreSQL: a small pool of threads; units that meet a deadlock run again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from store import journal, master_key, migrate
from store.engines import postgresql_engine, sqlite_engine
from store.keys import KeyTable
from store.sealing import Vault
from store.writer import NEWS, Writer

P = ParamSpec("P")
R = TypeVar("R")

_READERS = 2
_PG_THREADS = 4
_TRIES = 5
#: serialization_failure and deadlock_detected: the unit may simply run again.
_AGAIN = {"40001", "40P01"}


@contextmanager
def open_vault(folder: Path, master: bytes | None) -> Iterator[Vault]:
    """The keys of a SQLite deployment alone, for whoever only opens what is sealed elsewhere."""
    if not (folder / "keys.db").exists():
        raise master_key.MasterKeyError(
            f"{folder} holds no data of usher; name its folder with --data"
        )
    vault = Vault(KeyTable.in_file(folder / "keys.db"), master or master_key.of_folder(folder))
    try:
        yield vault
    finally:
        vault.close()


class Database:
    """One per process. `dialect` is `sqlite` or `postgresql`."""

    def __init__(self, folder: Path, engine: Engine, readers: Engine, vault: Vault) -> None:
        self.folder = folder
        self.vault = vault
        self.dialect = engine.dialect.name
        self._engine = engine
        self._readers = readers
        self._on_news: Callable[[], None] | None = None
        self._writer = Writer(engine, self._tell_news) if self.dialect == "sqlite" else None
        threads = _READERS if self.dialect == "sqlite" else _PG_THREADS
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="usher-db")

    @classmethod
    def open(cls, folder: Path, *, url: str | None = None, master: bytes | None = None) -> Database:
        """Open, migrating first. `url` None: `usher.db` in the folder. Raises `MasterKeyError`."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if master is None:
            master = master_key.of_folder(folder)
        with ExitStack() as opened:
            if url is None:
                path = folder / "usher.db"
                engine = sqlite_engine(path, begin="BEGIN IMMEDIATE")
                readers = sqlite_engine(path, begin="BEGIN", read_only=True)
                opened.callback(readers.dispose)
                keys = KeyTable.in_file(folder / "keys.db")
            else:
                engine = postgresql_engine(url, pool_size=2 * _PG_THREADS)
                readers = engine.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
                keys = KeyTable.shared(url)
            opened.callback(engine.dispose)
            opened.callback(keys.close)
            migrate.upgrade(engine)
            vault = Vault(keys, master)
            with engine.begin() as conn:
                journal.open_shards(conn)
            opened.pop_all()
        return cls(folder, engine, readers, vault)

    async def write(
        self, unit: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run a unit; its result once it is committed."""
        if self._writer is not None:
            result: R = await self._writer.submit_async(unit, args, kwargs)
            return result
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, lambda: self._transact(unit, args, kwargs)
        )

    async def read(
        self, unit: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run a unit that only reads, on one snapshot of what is committed."""
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, lambda: self.read_now(unit, *args, **kwargs)
        )

    def write_now(
        self, unit: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """`write` for threads that may block."""
        if self._writer is not None:
            result: R = self._writer.submit(unit, args, kwargs)
            return result
        return self._transact(unit, args, kwargs)

    def read_now(
        self, unit: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """`read` for threads that may block."""
        with self._readers.connect() as conn, conn.begin():
            return unit(conn, *args, **kwargs)

    def on_news(self, call: Callable[[], None] | None) -> None:
        """Have this called, in a thread of ours, after each commit of something to deliver.

        What other processes commit is not heard of.
        """
        self._on_news = call

    def _tell_news(self) -> None:
        if self._on_news is not None:
            self._on_news()

    async def compact(self) -> None:
        """Give freed pages back and empty the write-ahead log; freed pages are overwritten already.

        In small steps between the writer's groups, so that nobody waits long. PostgreSQL's own
        vacuum does this by itself.
        """
        if self._writer is None:
            return
        while await self._writer.submit_async(_free_some_pages, (), {}, outside=True):
            pass
        await self._writer.submit_async(_empty_log, (), {}, outside=True)

    def close(self) -> None:
        """Finish what waits and let go of every file and connection."""
        if self._writer is not None:
            self._writer.close()
        self._pool.shutdown(wait=True)
        self._engine.dispose()
        self._readers.dispose()
        self.vault.close()

    def _transact(self, unit: Callable[..., R], args: tuple[Any, ...], kwargs: dict[str, Any]) -> R:
        for attempt in range(_TRIES):
            try:
                with self._engine.begin() as conn:
                    result = unit(conn, *args, **kwargs)
                    news = conn.info.pop(NEWS, False)
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) not in _AGAIN or attempt == _TRIES - 1:
                    raise
                continue
            if news:
                self._tell_news()
            return result
        raise AssertionError("unreachable")


def _free_some_pages(raw: Any) -> bool:
    raw.execute("PRAGMA incremental_vacuum(1000)").fetchall()
    return bool(raw.execute("PRAGMA freelist_count").fetchone()[0])


def _empty_log(raw: Any) -> None:
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
