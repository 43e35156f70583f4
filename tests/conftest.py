"""What every test stands on: a guard around the network, fresh databases of both kinds, a clock.

`db` is a fresh SQLite database. A test that takes `any_database` runs twice, on SQLite and on
PostgreSQL; `any_place` is where it lives, for a test that opens it itself or more than once. The
PostgreSQL server starts with the first test that needs it, once a session.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.clock import SimulatedClock
from store.database import Database
from tests import network
from tests.databases import Place
from tests.postgresql import PostgreSQLServer

network.block()
# What is set for a deployment is no part of a test: with a key, a model would plan.
for _name in [name for name in os.environ if name.startswith(("USHER_", "OPENAI_"))]:
    del os.environ[_name]


@pytest.fixture(autouse=True)
def _nothing_leaves_this_machine() -> Iterator[None]:
    network.tried.clear()
    yield
    assert network.tried == [], "this test tried to leave the machine"


@pytest.fixture
def clock() -> SimulatedClock:
    """Simulated business time, standing at 2026-01-05T10:00:00Z, a Monday."""
    return SimulatedClock(1_767_607_200_000_000)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A fresh SQLite database in the test's own folder."""
    database = Place(tmp_path / "data").open()
    yield database
    database.close()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQLServer]:
    """The one PostgreSQL server of this session."""
    server = PostgreSQLServer()
    yield server
    server.stop()


@pytest.fixture
def postgresql_place(tmp_path: Path, postgresql_server: PostgreSQLServer) -> Iterator[Place]:
    """A PostgreSQL database that is migrated, empty and not yet opened."""
    url = postgresql_server.migrated_url()
    yield Place(tmp_path / "data", url)
    postgresql_server.give_back(url)


@pytest.fixture
def postgresql_db(postgresql_place: Place) -> Iterator[Database]:
    """A fresh PostgreSQL database."""
    database = postgresql_place.open()
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A fresh place of either kind, not yet opened."""
    if request.param == "sqlite":
        return Place(tmp_path / "data")
    place: Place = request.getfixturevalue("postgresql_place")
    return place


@pytest.fixture
def any_database(any_place: Place) -> Iterator[Database]:
    """A fresh database of either kind."""
    database = any_place.open()
    yield database
    database.close()
