"""Bring a database to the newest schema: Alembic, run from inside, one at a time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

#: Any number that only we use: two processes that start at once migrate one after the other.
_ADVISORY_LOCK = 7_220_114


def upgrade(engine: Engine, *, to: str = "head") -> None:
    """Apply what is missing up to a revision; nothing where the schema is current."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        config.attributes["connection"] = conn
        command.upgrade(config, to)
