"""A database that is only looked at: nothing is made, nothing migrated, and nobody is held up.

For whoever examines a deployment, beside its running server or without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from store.engines import postgresql_engine, sqlite_engine
from store.keys import KeyTable
from store.sealing import Vault


@contextmanager
def looking(folder: Path, url: str | None) -> Iterator[Connection | None]:
    """A connection on one snapshot, which cannot write; None where a folder holds no database.

    Raises `SQLAlchemyError` where it cannot be reached.
    """
    if url is None:
        path = folder / "usher.db"
        if not path.exists():
            yield None
            return
        engine = sqlite_engine(path, begin="BEGIN", read_only=True)
    else:
        engine = postgresql_engine(url, pool_size=1).execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    try:
        with engine.connect() as conn, conn.begin():
            yield conn
    finally:
        engine.dispose()


def revision(conn: Connection) -> str | None:
    """The revision that the schema stands at; None where nothing was ever migrated."""
    if "alembic_version" not in inspect(conn).get_table_names():
        return None
    found = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def revisions() -> tuple[str, ...]:
    """Every revision that this version knows, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    known = ScriptDirectory.from_config(config).walk_revisions()
    return tuple(reversed([script.revision for script in known]))


@contextmanager
def keys_of(folder: Path, url: str | None, master: bytes) -> Iterator[Vault]:
    """The keys of a deployment that has some. Raises `MasterKeyError` for another master key."""
    table = KeyTable.in_file(folder / "keys.db") if url is None else KeyTable.shared(url)
    vault = Vault(table, master)
    try:
        yield vault
    finally:
        vault.close()
