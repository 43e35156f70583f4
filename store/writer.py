"""The one writer of a SQLite deployment: a thread that commits in groups.

It takes what waits (up to 64 units), gives each a savepoint, and commits once; results leave after
that. A unit that fails takes back only itself. Should the group's commit die, each unit runs again
alone.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

_MOST_IN_A_GROUP = 64
#: A unit that wrote what somebody waits for sets this in its connection's `info`.
NEWS = "usher.news"


@dataclass(slots=True)
class _Job:
    unit: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    deliver: Callable[[Any, BaseException | None], None]
    outside: bool = False
    result: Any = None
    error: BaseException | None = None

    def run(self, conn: Connection) -> None:
        self.result, self.error = self.unit(conn, *self.args, **self.kwargs), None


class DatabaseClosed(RuntimeError):
    """A unit came after the database was closed. It has not run."""


class Writer:
    """Runs units one after the other in its own thread, committing in groups."""

    def __init__(self, engine: Engine, news: Callable[[], None] = lambda: None) -> None:
        """`news` is called, in the writer's thread, after a commit in which `NEWS` was set."""
        self._engine = engine
        self._news = news
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self.is_closing = False
        self._gate = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="usher-writer", daemon=True)
        self._thread.start()

    def submit(
        self, unit: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Run a unit and wait for its commit, from a thread that may block."""
        future: Future[Any] = Future()

        def deliver(result: Any, error: BaseException | None) -> None:
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

        self._enqueue(_Job(unit, args, kwargs, deliver))
        return future.result()

    async def submit_async(
        self,
        unit: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        outside: bool = False,
    ) -> Any:
        """Run a unit and await its commit. A cancelled waiter does not undo it.

        `outside`: between two groups and in no transaction, with the driver's own connection.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()

        def settle(result: Any, error: BaseException | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

        def deliver(result: Any, error: BaseException | None) -> None:
            # The loop may have gone, and with it whoever waited; what is committed stays so.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, result, error)

        self._enqueue(_Job(unit, args, kwargs, deliver, outside))
        return await future

    def close(self) -> None:
        """Finish what waits, then stop."""
        with self._gate:
            if not self.is_closing:
                self.is_closing = True
                self._jobs.put(None)
        self._thread.join()

    def _enqueue(self, job: _Job) -> None:
        with self._gate:
            if self.is_closing:
                raise DatabaseClosed("the database is closed; nothing more is written")
            self._jobs.put(job)

    def _work(self) -> None:
        with self._engine.connect() as conn:
            while True:
                group, stop = self._take()
                if group:
                    self._run(conn, group)
                    for job in group:
                        job.deliver(job.result, job.error)
                    if conn.info.pop(NEWS, False):
                        self._news()
                if stop:
                    return

    def _take(self) -> tuple[list[_Job], bool]:
        job = self._jobs.get()
        group: list[_Job] = []
        while job is not None:
            group.append(job)
            if len(group) == _MOST_IN_A_GROUP:
                return group, False
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _run(self, conn: Connection, group: Sequence[_Job]) -> None:
        plain = not any(job.outside for job in group)
        if len(group) > 1 and plain and self._together(conn, group):
            return
        for job in group:
            self._alone(conn, job)

    def _together(self, conn: Connection, group: Sequence[_Job]) -> bool:
        try:
            with _transaction(conn):
                for job in group:
                    self._in_savepoint(conn, job)
        except SQLAlchemyError:
            return False
        return True

    def _in_savepoint(self, conn: Connection, job: _Job) -> None:
        conn.exec_driver_sql("SAVEPOINT unit")
        try:
            job.run(conn)
        except BaseException as error:
            conn.exec_driver_sql("ROLLBACK TO unit")
            job.result, job.error = None, error
        conn.exec_driver_sql("RELEASE unit")

    def _alone(self, conn: Connection, job: _Job) -> None:
        try:
            if job.outside:
                job.result = job.unit(conn.connection.driver_connection, *job.args, **job.kwargs)
                return
            with _transaction(conn):
                job.run(conn)
        except BaseException as error:
            job.result, job.error = None, error


@contextmanager
def _transaction(conn: Connection) -> Iterator[None]:
    try:
        with conn.begin():
            yield
    except BaseException:
        conn.connection.rollback()  # a COMMIT that fails leaves SQLite's transaction open
        raise
