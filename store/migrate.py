"""Bring a database to the newest schema: Alembic, run from inside, one at a time.

An empty database is made as it is to be and says which revision that is; the steps that led there
are for those that hold something. A test holds both ways to the same result.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from store.schema import metadata

#: Any number that only we use: two processes that start at once migrate one after the other.
_ADVISORY_LOCK = 7_220_114


def upgrade(engine: Engine) -> None:
    """Bring the schema to the newest revision; nothing where it is current."""
    with engine.begin() as conn:
        _take_turn(conn)
        context = MigrationContext.configure(conn)
        if context.get_current_revision() == _script().get_current_head():
            return
        if inspect(conn).get_table_names():
            _step(conn, "head")
        else:
            metadata.create_all(conn, checkfirst=False)
            context.stamp(_script(), "head")


def step_by_step(engine: Engine, *, to: str = "head") -> None:
    """Apply each missing step up to a revision, also to an empty database."""
    with engine.begin() as conn:
        _take_turn(conn)
        _step(conn, to)


def _take_turn(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


def _step(conn: Connection, to: str) -> None:
    config = _config()
    config.attributes["connection"] = conn
    command.upgrade(config, to)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


@cache
def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
